"""Take a marker off a cell before IPython runs it.

The cell then runs exactly as it would without the marker: no magic calls `run_cell`, so ``await``,
a cell magic below the marker, line numbers in tracebacks and stopping at an error all stay IPython's own.
What is left is what runs in a flow too: `capture.markers` decides for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from IPython.core.inputtransformer2 import classic_prompt, ipython_prompt, leading_indent

from jupyter_flows.errors import MarkerError

_LOOKS_MARKED = re.compile(r"^(%%(task|parameters)\b|#\|\s*(task\b.*--(no-run|map)|map\s*:))", re.MULTILINE)
#: Stands where a line was: IPython drops leading empty lines, and with them the count of lines.
_FILLER = "#\n"

Lines = list[str]


class MarkerRemover:
    """A cleanup transform of IPython's, to go before all others.

    A ``%%task`` line that can't be read, or asks for help, stays: the magic of that name answers it.
    """

    #: Keeps a terminal's "is this cell complete?" from seeing the marker gone.
    has_side_effects = True

    def __call__(self, lines: Lines) -> Lines:
        """Return the cell without its marker."""
        if not _LOOKS_MARKED.search("".join(lines)):
            return lines
        from jupyter_flows.capture.markers import read_marker, strip_marker
        from jupyter_flows.core.cell import Cell

        source = "".join(lines)
        try:
            marker = read_marker(Cell(source, 0))
        except MarkerError:
            return lines
        if marker.help:
            return lines
        if not marker.run:
            return [_FILLER] * len(lines)
        lines = _as_if_first(strip_marker(source).splitlines(keepends=True))
        return _signed(lines, marker.options.map) if marker.options.map else lines


def _signed(lines: Lines, over: str) -> Lines:
    """Sign a mapped cell where its marker stood, a line that is a comment by now."""
    from jupyter_flows.magics.element_loop import signed

    first = next((n for n, line in enumerate(lines) if line.startswith("#")), None)
    sign = signed(over) + "\n"
    return [sign, *lines] if first is None else [*lines[:first], sign, *lines[first + 1 :]]


def _as_if_first(lines: Lines) -> Lines:
    """Do to the lines below a marker what IPython does only to lines at the very top of a cell."""
    top = next((n for n, line in enumerate(lines) if line.strip() not in ("", "#")), len(lines))
    body = lines[top:]
    transforms: tuple[Callable[[Lines], Lines], ...] = (leading_indent, classic_prompt, ipython_prompt)
    for transform in transforms:
        body = transform(body)
    blank = next((n for n, line in enumerate(lines) if line.strip()), 0)
    return [_FILLER] * blank + lines[blank:top] + body
