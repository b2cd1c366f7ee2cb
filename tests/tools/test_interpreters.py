"""Every Python that a machine has is found once; shims of versions not installed are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.interpreters import find_others, version_of


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Make a home whose `first` and `second` folders are on PATH, and a place for pyenv."""
    for folder in ("first", "second", ".pyenv/versions/3.13.0/bin"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def put(path: Path, answer: str, status: int = 0) -> Path:
    """Put an interpreter there that answers every question alike."""
    path.write_text(f"#!/bin/sh\necho {answer}\nexit {status}\n")
    path.chmod(0o755)
    return path


def search(machine: Path) -> dict[tuple[int, int], Path]:
    """Find what the machine has beside 3.11."""
    return find_others(f"{machine / 'first'}:{machine / 'second'}:/nowhere", machine, but=(3, 11))


def test_the_first_of_a_version_counts(machine):
    """Of two interpreters of one version the one earlier on PATH is taken; pyenv's come last."""
    first = put(machine / "first/python3.12", "3 12")
    put(machine / "second/python3.12", "3 12")
    third = put(machine / ".pyenv/versions/3.13.0/bin/python3.13", "3 13")
    assert search(machine) == {(3, 12): first, (3, 13): third}


def test_the_running_version_and_old_ones_are_left_out(machine):
    """Versions below 3.11, and the one that the suite runs on anyway, are not run again."""
    put(machine / "first/python3", "3 11")
    put(machine / "first/python3.10", "3 10")
    assert search(machine) == {}


def test_a_shim_that_does_not_run_is_no_interpreter(machine):
    """A file that fails, says nothing of use, or cannot be run is passed over."""
    put(machine / "first/python3.12", "command not found", status=127)
    (machine / "first/python3.13").write_text("not a program")
    assert search(machine) == {}
    assert version_of(machine / "first/python3.13") is None


def test_tools_beside_the_interpreter_are_no_interpreters(machine):
    """Names such as python3-config are not tried."""
    put(machine / "first/python3-config", "3 12")
    put(machine / "first/python3.12-config", "3 12")
    assert search(machine) == {}
