"""States on the command line: their names as people type them, their colours, and what they exit with."""

from __future__ import annotations

import difflib

import click

from jupyter_flows.cli.console import Console
from jupyter_flows.core.state import FAILED, SUCCESSFUL, StateName

_WORKING = (StateName.RUNNING, StateName.RETRYING, StateName.CANCELLING)


def state_named(text: str) -> StateName:
    """Read a state's name in any case; raise a usage error that names near ones.

    >>> state_named("failed"), state_named("timed-out")
    (<StateName.FAILED: 'Failed'>, <StateName.TIMED_OUT: 'TimedOut'>)
    """
    by_word = {name.value.lower(): name for name in StateName}
    word = text.lower().replace("-", "").replace("_", "").replace(" ", "")
    if word not in by_word:
        near = [by_word[w].value for w in difflib.get_close_matches(word, by_word, 1)] or [n.value for n in StateName]
        raise click.UsageError(f"There is no state {text!r}: did you mean {', '.join(near)}?")
    return by_word[word]


def paint(state: StateName, console: Console) -> str:
    """Write a state in its colour."""
    if state in SUCCESSFUL:
        colour = "green"
    elif state in FAILED:
        colour = "red"
    else:
        colour = "blue" if state in _WORKING else "dim"
    return console.ink(colour, state.value)


def status_of(state: StateName) -> int:
    """Return what the command line exits with when a run has ended so: 0 for success, else 1."""
    return 0 if state in SUCCESSFUL else 1
