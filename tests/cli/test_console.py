from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from jupyter_flows.cli.console import Console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def console(*, as_json=False, out=None, **environ):
    """Make a console on streams of its own."""
    return Console(as_json=as_json, out=out or io.StringIO(), err=io.StringIO(), environ=environ)


def test_json_is_one_document():
    """With --json the result is the document, moments in ISO 8601, sets sorted."""
    shown = console(as_json=True)
    shown.result({"at": datetime(2026, 1, 2, tzinfo=UTC), "names": {"b", "a"}}, "for people")
    assert json.loads(shown.out.getvalue()) == {"at": "2026-01-02T00:00:00+00:00", "names": ["a", "b"]}


def test_people_get_text():
    """Without --json the result is the text, with one line end."""
    shown = console()
    shown.result({"a": 1}, lambda: "for people\n\n")
    assert shown.out.getvalue() == "for people\n"


def test_progress_goes_to_standard_error():
    """What is said on the way never stands in the result."""
    shown = console(as_json=True)
    shown.say("working")
    assert (shown.out.getvalue(), shown.err.getvalue()) == ("", "working\n")


def test_what_others_print_is_kept_out_of_the_json(capsys):
    """A library's print during a command with --json goes to standard error."""
    shown = console(as_json=True)
    with shown.only_mine():
        sys.stdout.write("noise\n")
    assert shown.err.getvalue() == "noise\n"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("out", "environ", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_only_on_a_terminal_that_wants_it(out, environ, coloured):
    """Pipes and NO_COLOR get plain text."""
    shown = console(out=out, **environ)
    assert shown.ink("red", "x") == ("\x1b[31mx\x1b[0m" if coloured else "x")


def test_json_is_never_coloured():
    """A terminal changes nothing about --json."""
    assert console(as_json=True, out=Terminal()).ink("red", "x") == "x"


def test_lines_are_endless_where_nobody_looks():
    """Text in a pipe is not cut, unless COLUMNS says so."""
    assert console().width == 10_000


def test_bit_by_bit_is_for_people():
    """Lines that come one after the other are left out of --json."""
    shown = console(as_json=True)
    shown.lines("a line\n")
    assert shown.out.getvalue() == ""
