"""``%%task`` and ``%%parameters`` as magics: they answer what the marker's removal leaves to them."""

from __future__ import annotations

from IPython.core.magic import no_var_expand

from jupyter_flows.errors import FlowsError
from jupyter_flows.magics.mistake import HelpShown, Mistake
from jupyter_flows.magics.parsers import parser_of
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.words import split


@no_var_expand
def task(line: str, cell: str | None = None) -> None:
    """Make this cell a task of the notebook's flow; it runs as it would without this line."""
    from jupyter_flows.capture.markers import read_marker
    from jupyter_flows.core.cell import Cell

    try:
        marker = read_marker(Cell(f"%%task {line}".rstrip() + "\n" + (cell or ""), 0))
    except FlowsError as error:
        raise Mistake(str(error).removeprefix("Cell 0, ").removeprefix("line 1: ")) from None
    if marker.help:
        say(parser_of("task").format_help())


@no_var_expand
def parameters(line: str, cell: str | None = None) -> None:
    """Declare the flow's parameters: names and their defaults, one a line."""
    del cell
    try:
        parser_of("parameters").parse_args(split(line))
    except HelpShown:
        return
    raise Mistake("%%parameters stands alone on its line, the parameters below it: region = 'EU'.")
