"""Take installations of what is installed already out of cells; what no import tells of is declared instead."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_flows.capture.finders.look import Reading
from jupyter_flows.capture.fixing.draft import Draft
from jupyter_flows.capture.installed import distributions_of

_LINE = re.compile(r"(?:[!%]\s*pip3?|!\s*\{sys\.executable\}\s+-m\s+pip)\s+install\s+(?P<what>[^;&|$`\\{}#]+?)\s*")
_QUIET = frozenset({"-q", "-qq", "--quiet", "--user", "--disable-pip-version-check", "--no-cache-dir", "--no-input"})
_BLOCK = re.compile(r"^# /// script\s*$", re.MULTILINE)


def fix_installs(draft: Draft) -> None:
    """Remove lines that only install what is installed here; keep, as a declaration, what no cell imports."""
    readings = list(draft.readings())
    imported = {
        canonicalize_name(distribution.name)
        for reading in readings
        for module in _modules(reading)
        for distribution in distributions_of(module)
    }
    declared = any(_BLOCK.search(reading.text) for reading in readings)
    for reading in readings:
        lines = draft.lines(reading.ordinal)
        for number in [n for n, line in enumerate(lines) if _LINE.fullmatch(line)]:
            place = f"cell {reading.ordinal}, line {number + 1}"
            wanted, reason = _requirements(lines[number])
            unseen = [str(r) for r in wanted if canonicalize_name(r.name) not in imported]
            if not reason and unseen and declared:
                reason = f"add {', '.join(unseen)} to the notebook's script block instead"
            if reason:
                draft.changes.left.append(f"{place}: {lines[number].strip()!r} stays: {reason}")
                continue
            draft.changes.fixed.append(f"{place}: `{lines[number].strip()}` is {_became(unseen)}")
            lines[number] = _declaration(unseen) if unseen else _GONE
            declared = declared or bool(unseen)
        if _GONE in lines or any(_BLOCK.match(line) for line in lines):
            kept = [line for line in lines if line != _GONE]
            draft.write(reading.ordinal, "\n".join(kept or ["# installed with the flow"]).split("\n"))


def _modules(reading: Reading) -> Iterator[str]:
    """Yield the modules that a cell imports."""
    for node, _ in reading.nodes():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


#: Marks a line that is to be removed; no line of a cell can be this.
_GONE = "\n"


def _became(unseen: list[str]) -> str:
    return f"a declaration now: {', '.join(unseen)}" if unseen else "removed: what cells import is pinned"


def _declaration(requirements: list[str]) -> str:
    listed = ", ".join(f'"{r}"' for r in requirements)
    return f"# /// script\n# dependencies = [{listed}]\n# ///"


def _requirements(line: str) -> tuple[list[Requirement], str]:
    """Return what a line installs, and why it can't be left out, "" if it can."""
    match = _LINE.fullmatch(line)
    try:
        words = shlex.split(match["what"]) if match else []
        found = [Requirement(word) for word in words if word not in _QUIET]
    except (InvalidRequirement, ValueError):
        return [], "it asks for more than packages"
    for requirement in found:
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return found, f"{requirement.name} is not installed here"
        if not requirement.specifier.contains(version, prereleases=True) or requirement.url:
            return found, f"{requirement.name} {version} is installed here"
    return found, "" if found else "it names no package"
