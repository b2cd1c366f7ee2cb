"""Find paths that lead somewhere on one machine only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look, Reading

#: Folders that belong to a person, a machine or a service, as paths in notebooks start.
_OWN = "home|Users|root|mnt|media|Volumes|data|srv|nfs|scratch|content|kaggle|workspace|databricks|dbfs|workspaces"
_ABSOLUTE = re.compile(rf"(?:/(?:{_OWN})/|~/|[A-Za-z]:[\\/])\S[^\n]*")
_QUICK = re.compile(r"""["'](?:/|~|[A-Za-z]:[\\/])""")
_LONGEST = 60


def path_findings(look: Look) -> Iterator[Finding]:
    """Find literal paths that start at the root of the machine, or in somebody's home."""
    for reading in look.readings:
        if _QUICK.search(reading.text):
            for text, line in absolute_paths(reading):
                yield _finding(look, reading, text, line)


def absolute_paths(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield the absolute paths that a cell's Python names, and their lines; docstrings are none."""
    tree, above = reading.body()
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and _ABSOLUTE.fullmatch(node.value):
            yield node.value, node.lineno + above


def inside(path: str, folder: Path | None) -> str | None:
    """Return a path as it is written from the notebook's folder, None for one that does not lie in it."""
    if folder is None:
        return None
    full = Path(path).expanduser()
    for root in (folder, folder.resolve()):
        if full.is_relative_to(root):
            return full.relative_to(root).as_posix()
    return None


def _finding(look: Look, reading: Reading, text: str, line: int) -> Finding:
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    relative = inside(text, look.folder)
    if relative is None:
        message = f"the path {shown!r} leads out of the notebook's folder, so it may be missing elsewhere"
        fix = "put the file next to the notebook, or make the path a parameter"
        return Finding("F014", "warning", reading.ordinal, line, message, fix)
    message = f"the path {shown!r} is written from the machine's root, so it is missing elsewhere"
    return Finding("F014", "warning", reading.ordinal, line, message, f"write {relative!r}")
