"""Lines of a cell that drive jupyter_flows itself: ``%load_ext jupyter_flows``, ``%flow...``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from jupyter_flows.core.canonical import parse

_CONTROL = re.compile(
    r"%(?:(?:re|un)?load_ext\s+jupyter_flows\s*|config\s+Flows\b.*|flow(?:_\w+)?(?:\s.*)?\\?)(?:\s*#.*)?"
)
_FLOW = re.compile(r"%flow(?:\s+(.*))?")


@dataclass(frozen=True, slots=True)
class FlowLine:
    """What a ``%flow`` line says; None for what it does not say."""

    name: str | None = None
    project: str | None = None


def blank_controls(source: str) -> str:
    r"""Blank the control lines of a cell; its other lines keep their numbers.

    >>> blank_controls("%load_ext jupyter_flows\nimport json")
    '#\nimport json'
    """
    lines = source.split("\n")
    for number in control_lines(source):
        lines[number] = "#"
    return "\n".join(lines)


def control_lines(source: str) -> list[int]:
    """Return the indices of a cell's control lines, those that continue one included."""
    if "%" not in source or source.lstrip().startswith("%%") or _is_python(source):
        return []
    found: list[int] = []
    lines = source.split("\n")
    for number, line in enumerate(lines):
        continued = bool(found) and found[-1] == number - 1 and lines[number - 1].endswith("\\")
        if continued or _CONTROL.fullmatch(line.rstrip()):
            found.append(number)
    return found


def _is_python(source: str) -> bool:
    """Tell whether text is Python as it stands, in which no line is a magic, whatever it looks like."""
    try:
        parse(source)
    except SyntaxError:
        return False
    return True


def is_bare(source: str) -> bool:
    """Tell whether a cell holds nothing but comments and blank lines."""
    return all(not line.strip() or line.strip().startswith("#") for line in source.split("\n"))


def flow_line(source: str) -> FlowLine | None:
    """Return what the cell's last ``%flow`` line names, if it has one."""
    lines = source.split("\n")
    found = None
    for number in control_lines(source):
        match = _FLOW.fullmatch(lines[number].rstrip())
        if match:
            found = _read(match[1] or "") or found
    return found


def _read(text: str) -> FlowLine | None:
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return None
    name = project = None
    while words:
        word = words.pop(0)
        option, _, value = word.partition("=")
        if option in ("--project", "--notebook"):
            value = value or (words.pop(0) if words else "")
            project = value if option == "--project" and value else project
        elif not word.startswith("-"):
            name = name or word
    return FlowLine(name, project) if name or project else None
