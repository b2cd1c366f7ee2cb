"""How durations, states and counts are written for people."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_flows.core.state import FAILED, SUCCESSFUL, StateName

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_TENTH, _TEN, _MINUTE, _HOUR = 0.1, 10, 60, 3600


def duration(seconds: float) -> str:
    """Write a duration as short as it stays honest.

    >>> duration(0.0123), duration(0.42), duration(12.6), duration(65), duration(3720)
    ('12 ms', '0.4 s', '13 s', '1 min 05 s', '1 h 02 min')
    """
    seconds = max(0.0, seconds)
    if round(seconds, 3) < _TENTH:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < _TEN:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def mark(state: StateName) -> str:
    """Return one character for a state, told apart without colour."""
    if state is StateName.SKIPPED:
        return "○"
    if state in SUCCESSFUL:
        return "✓"
    if state in FAILED:
        return "✗"
    return {
        StateName.RUNNING: "▶",
        StateName.RETRYING: "↻",
        StateName.PAUSED: "‖",
        StateName.CANCELLING: "■",
        StateName.CANCELLED: "■",
    }.get(state, "·")


def plain(text: str) -> str:
    """Drop terminal escapes and control characters, keeping tabs and line ends."""
    return _CONTROL.sub("", _ANSI.sub("", text))


def shorten(text: str, width: int) -> str:
    """Cut a text to `width` characters, its end replaced by an ellipsis.

    >>> shorten("a long name", 7)
    'a long…'
    """
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "task"), counted(3, "task")
    ('1 task', '3 tasks')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def joined(parts: Iterable[str]) -> str:
    """Join the parts that say something with middle dots."""
    return " · ".join(part for part in parts if part)
