"""From a cell's text to Python: marker lines, magics and shell escapes made into plain calls."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Any

from jupyter_flows.capture.automagic import spelled_out
from jupyter_flows.core import canonical
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import CellSyntaxError

#: First lines that only mark a cell for us; the body below is what runs.
_MARKER = re.compile(r"[ \t]*%%(task|parameters)\b[^\n]*")


def transform(source: str) -> str:
    """Return the Python that IPython would run for a cell, markers blanked, line numbers kept where they can be.

    Text that is Python already comes back as it is, and IPython is then never imported.
    """
    text = _without_marker(source)
    return text if _parses(text) else _ipython(text)


def parse(source: str, *, ordinal: int = 1) -> ast.Module:
    """Parse a cell's text; raises `CellSyntaxError` naming the cell and the line."""
    text = _without_marker(source)
    try:
        return canonical.parse(text)
    except SyntaxError:
        pass
    try:
        return canonical.parse(_ipython(text))
    except SyntaxError as error:
        raise CellSyntaxError(ordinal, error.lineno or 1, error.msg) from None


def _without_marker(source: str) -> str:
    """Blank the marker lines at the top of a cell."""
    lines = source.split("\n")
    for index, line in enumerate(lines):
        if _MARKER.fullmatch(line):
            lines[index] = ""
        elif line.strip():
            break
    return "\n".join(lines)


def _parses(text: str) -> bool:
    try:
        canonical.parse(text)
    except SyntaxError:
        return False
    return True


@lru_cache(maxsize=4096)
def _ipython(text: str) -> str:
    """Run IPython's own transformer on what stands below the leading blank lines, which it would drop."""
    body = text.lstrip("\n")
    blank = len(text) - len(body)
    try:
        transformed: str = _manager().transform_cell(body)
    except SyntaxError:
        return text
    return "\n" * blank + spelled_out(transformed)


@lru_cache(maxsize=1)
def _manager() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()


def is_parameters(cell: Cell) -> bool:
    """Tell a cell whose values a run may replace: by its tag or its first line."""
    if "parameters" in cell.tags:
        return True
    first = next((line.strip() for line in cell.source.split("\n") if line.strip()), "")
    return first.startswith("%%parameters")
