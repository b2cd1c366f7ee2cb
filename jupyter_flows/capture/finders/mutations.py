"""Find objects that are changed in place while others still read them: what costs cells their side by side."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look
from jupyter_flows.capture.ledger import WRITE_AFTER_READ


def mutation_findings(look: Look) -> Iterator[Finding]:
    """Find the cells that wait for readers of an object, and for nothing else of theirs, because they change it."""
    waiting: dict[int, set[str]] = {}
    for edge in look.dataflow.edges:
        if edge.kinds == {WRITE_AFTER_READ} and edge.downstream not in look.dataflow.barriers:
            changed = edge.names & look.dataflow.refs[edge.downstream].mutates
            waiting.setdefault(edge.downstream, set()).update(changed)
    for index, names in sorted(waiting.items()):
        if names:
            shown = ", ".join(f"`{name}`" for name in sorted(names))
            message = f"may change {shown} in place, so it waits until the cells above have read it"
            yield Finding("F010", "info", look.cells[index].ordinal, None, message, "change a copy to run side by side")
