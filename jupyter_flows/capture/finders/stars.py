"""Find ``from module import *``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look

_STAR = re.compile(r"\bimport\s*\(?\s*\*")


def star_findings(look: Look) -> Iterator[Finding]:
    """Find imports of all names of a module: which names these are is known only when it runs."""
    for reading in look.readings:
        if "*" not in reading.text or not _STAR.search(reading.text):
            continue
        for node, line in reading.nodes():
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                module = "." * node.level + (node.module or "")
                message = f"`from {module} import *` may define any name"
                yield Finding("F013", "info", reading.ordinal, line, message, "import the names that are used")
