"""The registry's file: private, ours, and left alone when it is not."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_flows.errors import NewerSchemaError, NotOurRegistryError, RegistryError
from jupyter_flows.registry import open_registry, registry_file
from jupyter_flows.registry.schema import APPLICATION_ID
from tests.contracts.registry import ARTIFACT, PLACE, document


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def journal(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]
    finally:
        connection.close()


def test_the_file_is_for_its_user_alone(tmp_path):
    """The file and its log are made with mode 0600 in a folder of mode 0700, whatever the umask."""
    path = tmp_path / "new" / "registry.sqlite"
    old = os.umask(0)
    try:
        with open_registry(path) as registry:
            registry.flows.record("P", document(), ARTIFACT, place=PLACE)
            files = {p.name: mode(p) for p in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert mode(path.parent) == 0o700
    ends = ("", "-wal", "-shm", ".lock")
    assert files == {"registry.sqlite" + end: 0o600 for end in ends}


def test_the_file_is_marked_as_ours(tmp_path):
    """The mark lies in the file's own header, so that nobody mistakes it, also after a crash right away."""
    path = tmp_path / "registry.sqlite"
    open_registry(path).close()
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert journal(path) == "wal"


@pytest.mark.parametrize(
    "content",
    [b"not a database at all", b"S", b"\0" * 4096, b"SQLite format 3\0", b"{}" * 2000],
    ids=["text", "one byte", "zeros", "cut header", "json"],
)
def test_a_file_that_is_no_database(tmp_path, content):
    """A file that is something else is refused by name and not touched."""
    path = tmp_path / "registry.sqlite"
    path.write_bytes(content)
    with pytest.raises(NotOurRegistryError, match=r"registry\.sqlite is no jupyter_flows registry"):
        open_registry(path)
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["registry.sqlite"]


def test_somebody_elses_database(tmp_path):
    """Another program's database is refused, and not a byte of it changes."""
    path = tmp_path / "places.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotOurRegistryError, match="another program"):
        open_registry(path)
    assert path.read_bytes() == before


def test_a_newer_schema(tmp_path):
    """A registry that a later version wrote is refused, saying what to do, and not touched."""
    path = tmp_path / "registry.sqlite"
    open_registry(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError, match=r"schema 99.*Update jupyter_flows"):
        open_registry(path)
    assert path.read_bytes() == before


def test_a_damaged_file(tmp_path):
    """A registry whose pages are garbage is an error that says so, not a traceback of the database's."""
    path = tmp_path / "registry.sqlite"
    open_registry(path).close()
    content = bytearray(path.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    path.write_bytes(content)
    with pytest.raises(RegistryError, match="damaged"):
        open_registry(path)


def test_a_folder_is_no_file(tmp_path):
    """A folder where the file should be is named."""
    with pytest.raises(RegistryError, match="is a folder"):
        open_registry(tmp_path)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://me:secret@host/db", r"postgresql://me:\*\*\*@host/db"),
        ("sqlite://", "names no plain file"),
        ("sqlite:///:memory:", "names no plain file"),
        ("no-such-scheme://x", "no-such-scheme"),
        ("not a://url", "no URL"),
    ],
)
def test_addresses_that_mean_no_file(url, word):
    """An address that can't be used is shown, a password in it is not."""
    with pytest.raises(RegistryError, match=word):
        registry_file(url)


def test_addresses(tmp_path, monkeypatch):
    """The registry is where the variable says, as URL or path, else in the data folder."""
    monkeypatch.setenv("JUPYTER_FLOWS_HOME", str(tmp_path / "home"))
    assert registry_file() == tmp_path / "home" / "registry.sqlite"
    monkeypatch.setenv("JUPYTER_FLOWS_REGISTRY", f"sqlite:///{tmp_path}/a.sqlite")
    assert registry_file() == tmp_path / "a.sqlite"
    monkeypatch.setenv("JUPYTER_FLOWS_REGISTRY", f"{tmp_path}/b c.sqlite")
    assert registry_file() == tmp_path / "b c.sqlite"
    assert registry_file("~/r.sqlite") == Path.home() / "r.sqlite"


def test_on_a_network_filesystem(tmp_path, caplog):
    """Where other machines may see the file there is no write-ahead log, and one line advises a server."""
    path = tmp_path / "registry.sqlite"
    with open_registry(path, filesystem=lambda _path: "nfs4") as registry:
        registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        advice = registry.advice
    assert journal(path) == "delete"
    assert advice is not None
    assert "\n" not in advice
    assert "nfs4" in advice
    assert "registry server" in advice
    assert [record.message for record in caplog.records] == [advice]
    with open_registry(path, filesystem=lambda _path: "ext4") as registry:
        assert (registry.advice, registry.flows.get("P", "etl").version) == (None, 1)


def test_many_open_it_first(tmp_path):
    """Processes and threads that all find no registry make one together."""
    path = tmp_path / "registry.sqlite"

    def register(number: int) -> None:
        with open_registry(path) as registry:
            registry.flows.record("P", document(f"flow{number}"), ARTIFACT, place=PLACE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, range(8)))
    with open_registry(path) as registry:
        assert len(registry.flows.list()) == 8


def test_the_log_is_switched_on_beside_a_writer(tmp_path):
    """Who opens a registry while another process writes to it, its log not yet switched on, waits for it."""
    path = tmp_path / "registry.sqlite"
    open_registry(path, filesystem=lambda _path: "nfs4").close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, writer.execute, ["COMMIT"])
        release.start()
        open_registry(path, filesystem=lambda _path: "ext4").close()
        release.join()
    assert journal(path) == "wal"


def test_a_write_that_fails_leaves_nothing(tmp_path):
    """When the process dies inside a transaction, nothing of it is there afterwards."""
    path = tmp_path / "registry.sqlite"
    open_registry(path).close()
    code = (
        "import os, sys\n"
        "from jupyter_flows.registry import open_registry\n"
        "from jupyter_flows.registry.schema import projects\n"
        "from sqlalchemy import insert\n"
        "registry = open_registry(sys.argv[1])\n"
        "with registry._database.write() as connection:\n"
        "    connection.execute(insert(projects).values(name='half', created_at=1.0))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60, check=False)
    assert done.returncode == -9
    with open_registry(path) as registry:
        assert registry.flows.record("half", document(), ARTIFACT, place=PLACE)[1] is True


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_file(tmp_path):
    """A registry that can't be written is an error that says what to check."""
    path = tmp_path / "registry.sqlite"
    open_registry(path).close()
    path.chmod(0o400)
    with open_registry(path) as registry, pytest.raises(RegistryError, match="permissions"):
        registry.flows.record("P", document(), ARTIFACT, place=PLACE)
