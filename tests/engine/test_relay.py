"""Events on their way from where a run runs."""

from __future__ import annotations

import json

import pytest

from jupyter_flows.engine.board import Seated
from jupyter_flows.engine.relay import Relay


@pytest.fixture
def seen():
    return []


@pytest.fixture
def relay(seen):
    return Relay(seen.append, name="the run")


def line(seq, kind, **body):
    """Write an event as a run does."""
    return (json.dumps({"seq": seq, "at": 1.0, "kind": kind, **body}) + "\n").encode()


def test_lines_arrive_in_pieces(relay, seen):
    """A line is handed on when it is whole."""
    data = line(1, "notice", message="a") + line(2, "notice", message="b")
    for n in range(0, len(data), 7):
        relay.feed(data[n : n + 7])
    assert [event.body["message"] for event in seen] == ["a", "b"]


def test_one_row_of_numbers(relay, seen):
    """The watcher's events and the run's are numbered as they come."""
    relay.emit("log", message="pulling")
    relay.feed(line(1, "notice", message="a"))
    relay.emit("run", state="Failed", message="gone")
    assert [event.seq for event in seen] == [1, 2, 3]


def test_what_is_under_way(relay, seen):
    """Tasks that began and did not end are known, in their order, and closed with a reason."""
    relay.feed(line(1, "tasks", rows=[["b", None, "Running", 1.0, ""], ["a", None, "Running", 1.0, ""]]))
    relay.feed(line(2, "tasks", rows=[["b", None, "Success", 1.0, ""], ["c", None, "Running", 1.0, ""]]))
    assert relay.running == [Seated("a"), Seated("c")]
    relay.close_tasks([Seated("a"), Seated("d")], "Failed", "killed")
    rows = [[row[0], row[2], row[4]] for event in seen[2:] for row in event.body["rows"]]
    assert rows == [["a", "Failed", "killed"], ["d", "Running", ""], ["d", "Failed", "killed"]]


@pytest.mark.parametrize(("state", "final"), [("Running", False), ("Success", True), ("Cancelled", True)])
def test_the_end_is_noticed(relay, state, final):
    """After a run's last state nothing needs to be explained."""
    relay.feed(line(1, "run", state=state, message=""))
    assert relay.final is final


def test_who_takes_events_may_fail(seen):
    """The next event is handed on all the same."""

    def take(event):
        seen.append(event)
        raise ValueError(event)

    relay = Relay(take, name="the run")
    relay.feed(line(1, "notice", message="a") + line(2, "notice", message="b"))
    assert len(seen) == 2
