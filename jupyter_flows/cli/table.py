"""Rows in aligned columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_flows.widgets.words import shorten

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_GAP = "  "
_LEAST = 12

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), *, width: int = 10_000) -> str:
    """Align rows of text, numbers to the right; columns that are empty throughout go, the last is cut to `width`.

    >>> print(table([["1", "load"], ["12", "clean"]], ["run", "task"]))
    run  task
      1  load
     12  clean
    """
    full = [[*map(str, row)] for row in rows]
    keep = [n for n in range(max(map(len, full), default=0)) if any(row[n] for row in full)]
    if not keep:
        return ""
    numeric = [all(_bare(row[n]).isdigit() or not row[n] for row in full) for n in keep]
    shown = [[row[n] for n in keep] for row in ([list(head), *full] if head else full)]
    widths = [max(len(_bare(row[i])) for row in shown) for i in range(len(keep))]
    return "\n".join(_line(row, widths, numeric, width) for row in shown)


def _line(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool], width: int) -> str:
    parts = []
    for text, room, right in zip(row[:-1], widths, numeric, strict=False):
        pad = " " * (room - len(_bare(text)))
        parts.append(pad + text if right else text + pad)
    room = max(_LEAST, width - sum(widths[:-1]) - len(_GAP) * len(parts))
    last = row[-1] if _COLOUR.search(row[-1]) else shorten(row[-1], room)
    if numeric[-1]:
        last = last.rjust(widths[-1])
    return _GAP.join([*parts, last]).rstrip()


def _bare(text: str) -> str:
    return _COLOUR.sub("", text)


def size(number: int) -> str:
    """Write a number of bytes for people.

    >>> size(999), size(1_500), size(2_000_000)
    ('999 B', '1.5 kB', '2.0 MB')
    """
    value, unit = float(number), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{number} B"
