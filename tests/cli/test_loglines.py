from __future__ import annotations

import pytest

from jupyter_flows.cli.loglines import LogLines
from jupyter_flows.core.events import Event


def said(*events):
    """Return (task, source, text) of every line that events make."""
    lines = LogLines()
    found = [line for n, (kind, body) in enumerate(events, start=1) for line in lines.take(Event(n, 1.0, kind, body))]
    return [(line.task, line.source, line.text) for line in [*found, *lines.rest()]]


def out(text, task="a", name="stdout"):
    """Make a stream event."""
    return ("stream", {"task": task, "name": name, "text": text})


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ([out("one\ntwo\n")], [("a", "stdout", "one"), ("a", "stdout", "two")]),
        ([out("half "), out("a line\n")], [("a", "stdout", "half a line")]),
        ([out("x"), out("y\n", task="b"), out("z\n")], [("b", "stdout", "y"), ("a", "stdout", "xz")]),
        ([out("o"), out("e\n", name="stderr")], [("a", "stderr", "e"), ("a", "stdout", "o")]),
        ([out("10%\r50%\r100%\n")], [("a", "stdout", "100%")]),
        ([out("no end")], [("a", "stdout", "no end")]),
        ([out("\x1b[31mred\x1b[0m\n")], [("a", "stdout", "red")]),
        (
            [("log", {"task": "a", "level": "WARNING", "logger": "l", "message": "m\nn"})],
            [("a", "WARNING", "m"), ("a", "WARNING", "n")],
        ),
        ([("notice", {"message": "pandas 2, registered with 3"})], [(None, "notice", "pandas 2, registered with 3")]),
        (
            [
                (
                    "output",
                    {
                        "task": "a",
                        "output": {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["T", "E: v"]},
                    },
                )
            ],
            [("a", "error", "T"), ("a", "error", "E: v")],
        ),
        ([("output", {"task": "a", "output": {"output_type": "display_data", "data": {}}})], []),
        ([("tasks", {"rows": []}), ("run", {"state": "Running"})], []),
    ],
)
def test_events_become_lines(events, lines):
    """Pieces are put together by task and stream; what has no line end comes at the end."""
    assert said(*events) == lines
