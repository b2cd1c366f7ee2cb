"""A run's folder of results: whole, bounded, its user's alone."""

from __future__ import annotations

import pytest

from jupyter_flows.engine.results.journal import Holding, Journal, Step
from jupyter_flows.errors import NoRoomError, RunError


@pytest.fixture
def journal(tmp_path):
    """Give a journal that has begun."""
    made = Journal(tmp_path / "results")
    made.begin({"cells": []})
    return made


def test_steps_come_back(journal):
    """What was added is read again, in order."""
    steps = [
        Step({"a": True}, (Holding(("x", "y"), frozenset("a"), journal.store(b"1" * 5000)),)),
        Step({"b": False}, (Holding(("z",), frozenset("b"), None, gone=True, why="it is gone"),)),
    ]
    for step in steps:
        journal.add(step)
    assert journal.steps() == steps
    assert bytes(journal.load(steps[0].holdings[0].data)) == b"1" * 5000


def test_half_a_line_is_left_out(journal):
    """What a killed run had not finished to write does not count."""
    journal.add(Step({"a": True}))
    with (journal.folder / "steps.jsonl").open("a") as file:
        file.write('{"ended": {"b"')
    assert journal.steps() == [Step({"a": True})]


def test_only_its_user_may_look(journal):
    """Folder and files are nobody else's business."""
    journal.store(b"1" * 5000)
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in journal.folder.iterdir()} == {0o600}


def test_the_disk_stays_free(journal, monkeypatch):
    """What would fill the disk, or is more than a run may keep, is refused."""
    monkeypatch.setattr("jupyter_flows.engine.results.journal.SPARE_BYTES", 1 << 60)
    with pytest.raises(NoRoomError):
        journal.store(b"1" * 5000)


def test_a_run_without_results_is_named(tmp_path):
    """Reading where nothing was written says so."""
    with pytest.raises(RunError, match="left no results"):
        Journal(tmp_path).about()
