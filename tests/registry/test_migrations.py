"""The numbered steps lead to the tables that the code means, and the claim stays indexed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from jupyter_flows.registry import open_registry, queries
from jupyter_flows.registry.database import Database
from jupyter_flows.registry.migrations import STEPS
from jupyter_flows.registry.schema import SCHEMA, metadata

#: What the two ways of writing a table call the same kind of column.
REAL = {"DOUBLE": "REAL", "DOUBLE PRECISION": "REAL"}


def tables(path: Path) -> dict[str, object]:
    """Describe a database: columns, keys and indexes of every table."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(pragma: str, name: str) -> list[tuple[object, ...]]:
            return connection.execute(f"PRAGMA {pragma}('{name}')").fetchall()

        found: dict[str, object] = {}
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = [(c[1], REAL.get(c[2], c[2]), c[3], c[4], c[5]) for c in ask("table_info", name)]
            foreign = sorted((f[3], f[2], f[4] or "id", f[6]) for f in ask("foreign_key_list", name))
            indexes = sorted(
                (i[1], i[2], i[4], tuple(c[2] for c in ask("index_info", i[1]))) for i in ask("index_list", name)
            )
            found[name] = (columns, foreign, indexes)
        partial = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        found["indexes"] = sorted((name, " ".join(sql.split())) for name, sql in partial)
    return found


def test_the_steps_make_the_schema(tmp_path):
    """A database that went through every step has the tables, keys and indexes of `schema`."""
    open_registry(tmp_path / "migrated.sqlite").close()
    engine = create_engine(f"sqlite:///{tmp_path}/made.sqlite")
    metadata.create_all(engine)
    engine.dispose()
    migrated, made = tables(tmp_path / "migrated.sqlite"), tables(tmp_path / "made.sqlite")
    assert migrated.keys() == made.keys()
    for name, table in made.items():
        assert migrated[name] == table, name


def test_steps_are_numbered_without_gaps():
    """The steps lead from nothing to the newest schema, one after another."""
    assert list(STEPS) == list(range(1, SCHEMA + 1))


@pytest.mark.parametrize("labels", [None, (), ("dev", "gpu")])
def test_claims_use_the_index_of_waiting_runs(tmp_path, labels):
    """Looking for work reads the partial index and scans no table of runs, however many there are."""
    path = tmp_path / "registry.sqlite"
    database = Database(path)
    statement = queries.waiting(labels).params(now=1.0)
    text = str(statement.compile(database.engine, compile_kwargs={"literal_binds": True}))
    database.close()
    connection = sqlite3.connect(path)
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text)]
    connection.close()
    assert any("USING COVERING INDEX runs_waiting" in step or "USING INDEX runs_waiting" in step for step in plan)
    assert not any(step.startswith("SCAN") and "label_sets" not in step for step in plan)
