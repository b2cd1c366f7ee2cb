from __future__ import annotations

import pytest

from jupyter_flows.core.state import StateName
from jupyter_flows.widgets.words import counted, duration, joined, mark, plain, shorten


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-1, "0 ms"),
        (0.0404, "40 ms"),
        (0.0996, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)
def test_a_duration_is_short_and_honest(seconds, written):
    """Seconds with one digit below ten, then whole seconds, minutes, hours."""
    assert duration(seconds) == written


def test_states_differ_without_colour():
    """Success, failure, work, waiting and skipping have marks of their own."""
    names = ("SUCCESS", "FAILED", "RUNNING", "PENDING", "SKIPPED", "CANCELLED", "RETRYING", "PAUSED")
    assert len({mark(StateName[name]) for name in names}) == 8


def test_escapes_are_dropped():
    """Colours, links and control characters go; tabs, line ends and letters stay."""
    assert plain("\x1b[31mred\x1b[0m\t\x1b]8;;http://x\x07link\x1b]8;;\x07\x00\nü") == "red\tlink\nü"


def test_text_is_cut_with_an_ellipsis():
    """A text as long as the room stays whole, one longer loses its end."""
    assert (shorten("abcd", 4), shorten("abcde", 4)) == ("abcd", "abc…")


def test_small_words():
    """One of a thing has no s, and empty parts leave no dots."""
    assert (counted(1, "task"), counted(0, "task"), joined(["a", "", "b"])) == ("1 task", "0 tasks", "a · b")
