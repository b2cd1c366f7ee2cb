"""What a check reports: coded findings, each with its place and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
    "F009": "a name that only the kernel has",
    "F010": "an object changed in place while others read it",
    "F011": "a value that can't be pickled",
    "F012": "a large value that cells share",
    "F013": "an import of all names",
    "F014": "a path that leads somewhere on this machine only",
    "F015": "a literal that looks like a secret",
    "F016": "a requirement without a version",
    "F017": "an installation in a cell",
    "F018": "a result that differs from run to run",
    "F019": "a cell that shows something else as a flow",
    "F020": "a requirement that comes from a repository or the web",
    "F021": "a script block that can't be read",
    "F022": "a declared requirement that is not met here",
    "F023": "another Python than the script block asks for",
    "F024": "a local file that has the name of a standard module",
    "F025": "a secret cell that does not assign its secret",
    "F026": "a secret that stands elsewhere too",
    "F027": "a file of a local package that is not packed",
    "F030": "a cell that does more than its tag says",
    "F031": "a notebook that does not run to its end",
}
#: So many cells are named one by one.
_NAMED = 4
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


@dataclass(frozen=True, slots=True)
class Group:
    """One thing that was found, in one cell or in many."""

    first: Finding
    #: The other cells that it was found in, from top to bottom.
    others: tuple[int, ...] = ()

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.first.level

    def __str__(self) -> str:
        """Return one line.

        >>> str(Group(Finding("F003", "info", 6, None, "it runs alone"), (7, 9)))
        'cell 6: it runs alone (F003, and in cells 7 and 9)'
        """
        text = str(self.first)
        return f"{text[:-1]}, and in {_cells(self.others)})" if self.others else text


def _cells(ordinals: Sequence[int]) -> str:
    """Name cells; of many, say how many."""
    if len(ordinals) > _NAMED:
        return f"{len(ordinals)} more cells"
    *most, last = map(str, ordinals)
    return f"cells {', '.join(most)} and {last}" if most else f"cell {last}"


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Put what was found in several cells together, for people; the order is that of what was found first."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in in_order(findings):
        groups.setdefault((finding.code, finding.level, _gist(finding), finding.fix), []).append(finding)
    return tuple(Group(found[0], _others(found)) for found in groups.values())


def remarks(findings: Iterable[Finding], *, listed_by: str) -> list[str]:
    """Return what to say of findings where a flow is registered: warnings in words, infos by their number."""
    groups = [g for g in grouped(findings) if g.level != "error"]
    infos = sum(g.level == "info" for g in groups)
    said = [f"{g.level}: {g}" for g in groups if g.level != "info"]
    more = "1 thing" if infos == 1 else f"{infos} things"
    return [*said, f"info: {more} worth knowing: {listed_by} lists them"] if infos else said


def _gist(finding: Finding) -> str:
    """Return what is said of a finding: of what is only worth knowing, whatever the names are."""
    return re.sub(r"`[^`]+`", "``", finding.message) if finding.level == "info" else finding.message


def _others(found: Sequence[Finding]) -> tuple[int, ...]:
    return tuple(sorted({f.cell for f in found[1:] if f.cell is not None} - {found[0].cell}))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once: errors first, then from top to bottom."""
    return tuple(
        sorted(set(findings), key=lambda f: (_WEIGHT[f.level], f.cell or 0, f.line or 0, f.code, f.message)),
    )
