"""Writers take turns, and nobody waits for ever."""

from __future__ import annotations

import threading
from pathlib import Path

from jupyter_flows.registry.turns import Turns


def test_one_at_a_time(tmp_path):
    """While one holds the turn, another thread waits for it."""
    turns = Turns(tmp_path / "registry.sqlite", patience_seconds=60)
    inside, seen = [], []

    def write():
        with turns.turn():
            inside.append(1)
            seen.append(len(inside))
            inside.pop()

    with turns.turn():
        inside.append(1)
        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert seen == []
        inside.pop()
    for thread in threads:
        thread.join(60)
    assert seen == [1, 1, 1, 1]


def test_patience_ends(tmp_path):
    """Where the holder does not move, the next goes on without, and leaves nothing open behind."""
    turns = Turns(tmp_path / "registry.sqlite", patience_seconds=0.0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with turns.turn(), turns.turn():
        pass
    for thread in threading.enumerate():
        if thread.name == "flows-registry-turn":
            thread.join(60)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_a_lock_file(tmp_path):
    """Where no lock file can be made, or somebody put a link in its place, writing goes on without."""
    turns = Turns(tmp_path / "absent" / "registry.sqlite", patience_seconds=60)
    with turns.turn():
        pass
    target = tmp_path / "target"
    (tmp_path / "registry.sqlite.lock").symlink_to(target)
    with Turns(tmp_path / "registry.sqlite", patience_seconds=60).turn():
        pass
    assert not target.exists()
