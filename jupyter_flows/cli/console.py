"""What a command says and where: its result on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import Any, TextIO

from jupyter_flows.cli.table import table

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "90"}
_MIN_WIDTH = 40
#: Where nobody looks at a screen, lines are as long as they are.
_ENDLESS = 10_000


class Console:
    """The two streams of a command, and whether its result is for people or for programs."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
    ):
        self.as_json = as_json
        self.out, self.err = out or sys.stdout, err or sys.stderr
        self.environ = os.environ if environ is None else environ

    def result(self, document: Any, text: str | Callable[[], str]) -> None:
        """Print the command's result, once: `document` with ``--json``, else `text` (or what it returns)."""
        if self.as_json:
            utf8 = (getattr(self.out, "encoding", None) or "utf-8").lower().startswith("utf")
            shown = json.dumps(document, indent=2, ensure_ascii=not utf8, default=_plain)
        else:
            shown = text() if callable(text) else text
        if shown:
            self.out.write(shown.rstrip("\n") + "\n")
            self.out.flush()

    def lines(self, text: str) -> None:
        """Print a part of a result for people that comes bit by bit; say nothing with ``--json``."""
        if not self.as_json:
            self.out.write(text)
            self.out.flush()

    def say(self, text: str) -> None:
        """Tell people how it goes, on standard error."""
        self.err.write(text.rstrip("\n") + "\n")
        self.err.flush()

    def only_mine(self) -> AbstractContextManager[Any]:
        """Send what others print to standard error, so that a JSON document stands alone."""
        return redirect_stdout(self.err) if self.as_json else nullcontext()

    def colours(self, stream: TextIO) -> bool:
        """Tell whether colours belong on a stream: on a terminal, unless ``NO_COLOR`` is set."""
        return stream.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    @property
    def coloured(self) -> bool:
        """Whether the result may be coloured."""
        return not self.as_json and self.colours(self.out)

    @property
    def live(self) -> bool:
        """Whether something on standard error may be drawn over again."""
        return self.err.isatty() and self.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """How many characters a line of the result has."""
        if not self.out.isatty() and not self.environ.get("COLUMNS"):
            return _ENDLESS
        return max(_MIN_WIDTH, shutil.get_terminal_size().columns)

    def table(self, rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
        """Align rows under a heading, to the width of the result."""
        return table(rows, [self.ink("dim", word) for word in head], width=self.width)

    def ink(self, colour: str, text: str) -> str:
        """Return text in a colour, where the result is coloured.

        >>> Console(as_json=True).ink("red", "no")
        'no'
        """
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if colour and text and self.coloured else text


def _plain(value: Any) -> Any:
    """Write what JSON has no word for: moments as ISO 8601, sets and tuples as lists, the rest as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
