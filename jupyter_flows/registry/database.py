"""The connection to the registry's database: transactions, durability, and errors in our words."""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from jupyter_flows.errors import NoSuchError, RegistryError
from jupyter_flows.registry.filesystem import filesystem_type, is_network
from jupyter_flows.registry.migrations import migrate, schema_number
from jupyter_flows.registry.schema import SCHEMA
from jupyter_flows.registry.sqlite_file import prepare_file
from jupyter_flows.registry.turns import Turns

logger = logging.getLogger("jupyter_flows.registry")

#: How long a write waits for other writers before it gives up.
BUSY_SECONDS = 30.0


class Database:
    """One registry database, opened, checked and migrated.

    SQLite only, so far: what a second database changes is in this file and in `migrations`.
    """

    def __init__(self, path: Path, *, filesystem: Callable[[Path], str] = filesystem_type):
        self.path = path
        #: What the registry is called in messages.
        self.name = str(self.path)
        kind = filesystem(self._existing_parent())
        #: Whether other machines may see the file; then there is no write-ahead log.
        self.shared = is_network(kind)
        #: One line that a front door shows, or None.
        self.advice = _advice(self.path, kind) if self.shared else None
        prepare_file(self.path)
        # On network filesystems a lock file costs more than it gives.
        turns = Turns(self.path, patience_seconds=BUSY_SECONDS / 2)
        self._turn: Callable[[], AbstractContextManager[None]] = nullcontext if self.shared else turns.turn
        self.engine = self._engine()
        try:
            self._make_ready()
        except BaseException:
            self.engine.dispose()
            raise

    def _existing_parent(self) -> Path:
        return next(parent for parent in self.path.parents if parent.exists())

    def _engine(self) -> Engine:
        url = URL.create("sqlite", database=str(self.path))
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=4, max_overflow=-1)
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def _make_ready(self) -> None:
        with self.read() as connection:
            found = schema_number(connection, name=self.name)
        if found != SCHEMA:
            # Before the log is switched on, so that the mark of whose file this is lies in the file itself.
            with self.write() as connection:
                migrate(connection, name=self.name)
        with self._errors(), self.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            wanted = "delete" if self.shared else "wal"
            if raw.execute("PRAGMA journal_mode").fetchone()[0] != wanted:  # Not inside a transaction.
                # SQLite waits for readers here, never for a writer, nor for another process that does the same.
                _patiently(raw, f"PRAGMA journal_mode = {wanted}")
        if self.advice:
            logger.warning(self.advice)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment of the database and does not write."""
        with self._errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that holds the write lock from its start, so that it never has to be repeated."""
        with self._errors(), self.engine.connect() as plain, self._turn():
            connection = plain.execution_options(flows_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if not isinstance(error.orig, sqlite3.Error):
                raise
            raise RegistryError(_sentence(self.name, error.orig)) from error
        except sqlite3.Error as error:  # From the few statements that go past SQLAlchemy.
            raise RegistryError(_sentence(self.name, error)) from error
        except (OverflowError, UnicodeEncodeError) as error:
            # No number that large and no text that is none was ever stored.
            raise NoSuchError(f"The registry has nothing of such a name or number ({error}).") from None

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _advice(path: Path, kind: str) -> str:
    return (
        f"The registry {path} lies on a network filesystem ({kind}): it works, more slowly, and agents look for work "
        "by polling. For several machines use a registry server."
    )


def _configure(connection: Any, _record: object) -> None:
    # The driver's own transaction control begins too late for us (at the first write); `_begin` does it.
    connection.isolation_level = None
    # FULL: a state once reported survives a power cut. In WAL mode that costs one sync a commit.
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("flows_write", False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        _patiently(raw, "BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def _patiently(raw: Any, statement: str) -> None:
    """Run a statement once nobody holds the lock, waiting in small uneven steps.

    SQLite's own steps go up to 100 ms and starve the unlucky, and some statements it does not repeat at all.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute(statement).fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.0005, 0.003))


#: What SQLite's result codes mean for a person.
_MEANINGS = {
    sqlite3.SQLITE_BUSY: f"another process held it for more than {BUSY_SECONDS:.0f} s: see who uses it and try again",
    sqlite3.SQLITE_FULL: "the disk is full: make room and try again",
    sqlite3.SQLITE_READONLY: "it is read-only for this user: check its permissions",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: check that it exists and its permissions",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup, or move it away to start anew",
    sqlite3.SQLITE_NOTADB: "it is no database any more: restore it from a backup, or move it away to start anew",
    sqlite3.SQLITE_IOERR: "the disk gave an input or output error: check the disk",
}


def _sentence(name: str, error: sqlite3.Error) -> str:
    # The low byte is the primary code; the rest only refines it.
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return f"The registry {name} can't be used: {_MEANINGS.get(primary, str(error))}."
