"""Hold a notebook as a flow against the same notebook run top to bottom, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_flows.comparison.outputs import Shown, comparable, same
from jupyter_flows.comparison.plain import Execution, Ran

#: Shows what happens to lie in memory.
_UNINITIALISED = re.compile(r"\b(?:np|numpy)\.empty(?:_like)?\(")


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that showed one thing top to bottom, and another in the flow."""

    cell: int
    source: str
    expected: str
    found: str


@dataclass(slots=True)
class Comparison:
    """What came of one execution as a flow."""

    equal: list[int] = field(default_factory=list)
    #: Cells that show something else in each execution top to bottom.
    unsteady: list[int] = field(default_factory=list)
    different: list[Difference] = field(default_factory=list)


def compare(
    plain: Sequence[Execution], flow: Execution, sources: Sequence[str], *, known: Collection[int] = ()
) -> Comparison:
    """Compare each cell whose source is given with what it showed top to bottom; those `known` count as equal."""
    judged = Comparison()
    for index, source in enumerate(sources):
        truths = [_shown(execution, index) for execution in plain]
        found = _shown(flow, index)
        if index + 1 in known or any(same(truth, found) for truth in truths):
            judged.equal.append(index + 1)
        elif _UNINITIALISED.search(source) or not all(same(truths[0], truth) for truth in truths[1:]):
            judged.unsteady.append(index + 1)
        else:
            judged.different.append(Difference(index + 1, source, as_text(truths[0]), as_text(found)))
    return judged


def _shown(execution: Execution, index: int) -> list[Shown]:
    cell = execution.cells[index] if index < len(execution.cells) else Ran([])
    return comparable(cell.outputs, root=execution.root)


def as_text(shown: Iterable[Shown]) -> str:
    """Write what a cell showed for people."""
    return "\n".join(f"[{kind}] {text}" for kind, text in shown)
