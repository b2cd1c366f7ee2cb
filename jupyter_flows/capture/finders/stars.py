"""Find ``from module import *``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look, Reading

_STAR = re.compile(r"\bimport\s*\(?\s*\*")


def star_findings(look: Look) -> Iterator[Finding]:
    """Find imports of all names of a module: which names these are is known only when it runs."""
    for reading in look.readings:
        if "*" not in reading.text or not _STAR.search(reading.text):
            continue
        for node, line in reading.nodes():
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                yield _finding(reading, node, line, hidden=look.dataflow.barriers.get(reading.index, ""))


def _finding(reading: Reading, node: ast.ImportFrom, line: int, *, hidden: str) -> Finding:
    """Say what a star costs: much where its names can't be looked up without importing, else the reader's time."""
    module = "." * node.level + (node.module or "")
    fix = "import the names that are used"
    if hidden.startswith("imports all names"):
        message = (
            f"`from {module} import *` may define any name: the cell runs alone, undefined names below are not found"
        )
        return Finding("F013", "warning", reading.ordinal, line, message, fix)
    return Finding("F013", "info", reading.ordinal, line, f"`from {module} import *` hides where names come from", fix)
