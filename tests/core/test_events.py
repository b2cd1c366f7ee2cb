"""Events as JSON lines."""

import threading

import pytest

from jupyter_flows.core.events import Event, EventLog
from jupyter_flows.errors import RunError


def test_a_line_reads_back_as_the_event():
    """What one process writes another reads."""
    event = Event(3, 12.5, "stream", {"task": "load", "name": "stdout", "text": 'a "b"\n'})
    assert Event.from_line(event.to_line()) == event
    assert event.to_line().count("\n") == 1


@pytest.mark.parametrize(
    "line", ["", "x", "[]", "3", '{"seq":1}', '{"seq":"1","at":1,"kind":"run"}', '{"seq":1,"at":1,"kind":"gossip"}']
)
def test_anything_else_is_refused(line):
    """A child that prints nonsense on the event pipe is reported as such."""
    with pytest.raises(RunError, match="no event"):
        Event.from_line(line)


def test_numbers_have_no_gap_and_no_double_from_many_threads():
    """Events are numbered in the order in which they are sent."""
    seen = []
    log = EventLog(seen.append, clock=lambda: 0.0)
    threads = [threading.Thread(target=lambda: [log.emit("notice", message="x") for _ in range(200)]) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [e.seq for e in seen] == list(range(1, 801))
