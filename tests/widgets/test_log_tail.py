from __future__ import annotations

from jupyter_flows.widgets.log_tail import LogTail


def texts(tail, **options):
    return [line.text for line in tail.last(10, **options)]


def test_lines_are_put_together_from_parts():
    """A line that comes in pieces is one line, and shows before its end has come."""
    tail = LogTail()
    tail.write("load", "stdout", "read ")
    assert texts(tail) == ["read"]
    tail.write("load", "stdout", "9 rows\nand ")
    tail.write("load", "stdout", "more\n")
    assert texts(tail) == ["read 9 rows", "and more"]


def test_two_tasks_do_not_mix_their_lines():
    """Parts of lines are kept apart by task and stream."""
    tail = LogTail()
    tail.write("a", "stdout", "one ")
    tail.write("b", "stdout", "two\n")
    tail.write("a", "stdout", "three\n")
    assert [(line.task, line.text) for line in tail] == [("b", "two"), ("a", "one three")]


def test_a_progress_bar_is_its_last_state():
    """A carriage return overwrites its line."""
    tail = LogTail()
    tail.write("fit", "stderr", "10%\r50%\r100%")
    assert texts(tail) == ["100%"]
    tail.write("fit", "stderr", "\r\n")
    assert texts(tail) == ["100%"]


def test_only_the_last_lines_are_kept():
    """Old lines go when there are more than the tail holds."""
    tail = LogTail(size=3)
    tail.write(None, "stdout", "".join(f"{n}\n" for n in range(1000)))
    assert texts(tail) == ["997", "998", "999"]


def test_lines_of_one_task_or_of_the_run():
    """A reader may ask for one task's lines, or for those that no task said."""
    tail = LogTail()
    tail.log(None, "INFO", "starting")
    tail.log("load", "WARNING", "slow\ndisk")
    assert texts(tail, task="load") == ["slow", "disk"]
    assert texts(tail, of_run=True) == ["starting"]


def test_escapes_never_reach_a_card():
    """Terminal colours are dropped and endless lines cut."""
    tail = LogTail()
    tail.write("a", "stdout", "\x1b[1mbold\x1b[0m\n" + "x" * 100_000 + "\n")
    assert texts(tail)[0] == "bold"
    assert len(texts(tail)[1]) == 500
