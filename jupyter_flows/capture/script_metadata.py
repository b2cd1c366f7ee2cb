"""Requirements that a notebook declares itself, in a ``# /// script`` block of a cell (PEP 723)."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jupyter_flows.capture.checks import Finding
from jupyter_flows.core.cell import Cell

_BLOCK = re.compile(r"(?m)^# /// script[ \t]*$\s(?P<content>(?:^#(?:| .*)$\s)+)^# ///[ \t]*$")


@dataclass(frozen=True, slots=True)
class Declared:
    """What the notebook says that it needs."""

    requirements: tuple[Requirement, ...] = ()
    findings: tuple[Finding, ...] = ()


def declared_requirements(cells: Iterable[Cell], *, python: tuple[int, int, int] = sys.version_info[:3]) -> Declared:
    """Read the script block of a notebook; what can't be read, or asks for another Python, is a finding."""
    blocks = [(cell, match) for cell in cells for match in _BLOCK.finditer(cell.source + "\n")]
    if not blocks:
        return Declared()
    if len(blocks) > 1:
        where = " and ".join(str(cell.ordinal) for cell, _ in blocks[:2])
        return Declared(findings=(_unreadable(blocks[1][0], f"cells {where} both have a script block", "keep one"),))
    cell, match = blocks[0]
    try:
        data = tomllib.loads(_content(match["content"]))
        requirements = tuple(Requirement(text) for text in _texts(data.get("dependencies", [])))
        wanted = SpecifierSet(str(data.get("requires-python", "")))
    except (tomllib.TOMLDecodeError, InvalidRequirement, InvalidSpecifier, TypeError) as error:
        reason = str(error).splitlines()[0]
        return Declared(findings=(_unreadable(cell, f"the script block can't be read ({reason})", "correct it"),))
    here = ".".join(map(str, python))
    if here in wanted:
        return Declared(requirements)
    message = f"the script block asks for Python {wanted}, and this is {here}"
    fix = "register from an interpreter that it allows, or change requires-python"
    return Declared(requirements, (Finding("F023", "warning", cell.ordinal, None, message, fix),))


def _content(commented: str) -> str:
    return "".join(line[2:] if line.startswith("# ") else line[1:] for line in commented.splitlines(keepends=True))


def _texts(dependencies: Any) -> list[str]:
    if not isinstance(dependencies, list) or not all(isinstance(text, str) for text in dependencies):
        raise TypeError("dependencies is no list of texts")
    return dependencies


def _unreadable(cell: Cell, message: str, fix: str) -> Finding:
    return Finding("F021", "error", cell.ordinal, None, message, fix)
