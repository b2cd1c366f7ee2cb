"""Idle agents are woken by a datagram, and lose nothing where there are none."""

from __future__ import annotations

import socket
import stat
import threading

from jupyter_flows.registry import open_registry
from jupyter_flows.registry.wakeup import Wakeups
from tests.contracts.registry import ARTIFACT, PLACE, document


def test_a_listener_is_woken(tmp_path):
    """A notification ends a wait; waits before and after it run out."""
    wakeups = Wakeups(tmp_path / "registry.sqlite")
    listener = wakeups.listen()
    try:
        assert listener.hears
        assert listener.wait(0) is False
        wakeups.notify()
        wakeups.notify()
        assert listener.wait(30) is True
        assert listener.wait(0) is False
    finally:
        listener.close()


def test_a_new_run_wakes_agents(tmp_path):
    """Asking for a run, and cancelling one, wakes every listener of that registry."""
    with open_registry(tmp_path / "registry.sqlite") as registry:
        listeners = [registry.wakeups.listen() for _ in range(2)]
        version, _ = registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        run = registry.runs.create(version)
        assert [listener.wait(30) for listener in listeners] == [True, True]
        registry.runs.cancel(run.id)
        assert [listener.wait(30) for listener in listeners] == [True, True]
        for listener in listeners:
            listener.close()


def test_a_poke_ends_a_wait(tmp_path):
    """Another thread of the process can end a wait."""
    listener = Wakeups(tmp_path / "registry.sqlite").listen()
    waiter = threading.Thread(target=listener.wait, args=(60,))
    waiter.start()
    listener.poke()
    waiter.join(30)
    assert not waiter.is_alive()
    listener.close()


def test_long_paths(tmp_path):
    """A data folder whose path is longer than a socket's address may be works too."""
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    wakeups = Wakeups(folder / "registry.sqlite")
    listener = wakeups.listen()
    assert listener.hears
    wakeups.notify()
    assert listener.wait(30) is True
    listener.close()


def test_sockets_of_the_dead_are_cleared_away(tmp_path):
    """A socket that nobody listens to any more goes with the next notification; other machines' stay."""
    path = tmp_path / "registry.sqlite"
    wakeups, elsewhere = Wakeups(path), Wakeups(path, host="elsewhere")
    for listener in (wakeups.listen(), elsewhere.listen()):
        listener._path = None  # As if the process had been killed: the file stays.
        listener.close()
    assert len(list(wakeups.folder.iterdir())) == 2
    wakeups.notify()
    assert len(list(wakeups.folder.iterdir())) == 1


def test_the_folder_is_private(tmp_path):
    """The sockets lie in a folder of mode 0700; one that others may write to is not used."""
    wakeups = Wakeups(tmp_path / "registry.sqlite")
    wakeups.listen().close()
    assert stat.S_IMODE(wakeups.folder.stat().st_mode) == 0o700
    wakeups.folder.chmod(0o777)
    listener = wakeups.listen()
    assert not listener.hears
    assert listener.wait(0) is False
    listener.close()


def test_a_full_buffer_is_no_error(tmp_path):
    """A listener that is busy for long is not waited for."""
    wakeups = Wakeups(tmp_path / "registry.sqlite")
    listener = wakeups.listen()
    for _ in range(600):
        wakeups.notify()
    assert listener.wait(0) is True
    listener.close()


def test_nobody_listens(tmp_path):
    """A notification without a folder, or with a plain file in it, does nothing."""
    wakeups = Wakeups(tmp_path / "registry.sqlite")
    wakeups.notify()
    assert not wakeups.folder.exists()
    listener = wakeups.listen()
    prefix = wakeups._prefix
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(tmp_path / "s"))
        (tmp_path / "s").rename(wakeups.folder / f"{prefix}stream.sock")
        wakeups.notify()
    assert listener.wait(30) is True
    listener.close()
