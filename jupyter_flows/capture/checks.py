"""What a check reports: coded findings, each with its place and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "info"]

#: Every code, and what it stands for.
CODES = {
    "F001": "a name that no cell defines",
    "F002": "a name that only a cell further down defines",
    "F003": "a cell whose effects can't be told from its code",
    "F004": "an import that is not installed here",
    "F005": "a requirement that no package index has",
    "F006": "nothing to run",
    "F007": "a value whose content can't be told",
    "F008": "an unmarked cell that can't be parsed",
    "F025": "a secret cell that does not assign its secret",
    "F026": "a secret that stands elsewhere too",
    "F030": "a cell that does more than its tag says",
}
_WEIGHT = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    #: F001, F002, ...
    code: str
    #: Errors refuse a registration; warnings and infos are shown.
    level: Level
    #: Ordinal of the code cell, counted from 1; None when it is the notebook's or the flow's as a whole.
    cell: int | None
    line: int | None
    #: What was found, without a full stop at its end.
    message: str
    #: What to do, as an imperative, without a full stop at its end.
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)

    @property
    def place(self) -> str:
        """Where it is, as people say it: ``cell 6, line 2``."""
        if self.cell is None:
            return ""
        return f"cell {self.cell}" + (f", line {self.line}" if self.line else "")

    def __str__(self) -> str:
        """Return one line.

        >>> str(Finding("F001", "error", 6, 2, "no cell defines `gross`", "define it above"))
        'cell 6, line 2: no cell defines `gross`: define it above (F001)'
        """
        start = f"{self.place}: " if self.place else ""
        end = f": {self.fix}" if self.fix else ""
        return f"{start}{self.message}{end} ({self.code})"


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once: errors first, then from top to bottom."""
    return tuple(
        sorted(set(findings), key=lambda f: (_WEIGHT[f.level], f.cell or 0, f.line or 0, f.code, f.message)),
    )
