"""What one cell reads, binds, changes and defines."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jupyter_flows.capture.interpreter import Interpreter
from jupyter_flows.capture.scopes import FUNCTIONS, function_names
from jupyter_flows.capture.source import parse
from jupyter_flows.capture.statements import Import
from jupyter_flows.capture.trees import walk

__all__ = ["CellRefs", "Import", "cell_refs"]


@dataclass(frozen=True, slots=True)
class CellRefs:
    """The names that a cell uses when it runs, its functions' names only as far as it calls them."""

    #: Read before the cell itself binds them.
    reads: frozenset[str] = frozenset()
    #: Bound, also by a ``global`` statement in a function that is called.
    writes: frozenset[str] = frozenset()
    #: Names of earlier cells' objects that are changed in place.
    mutates: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    imports: tuple[Import, ...] = ()
    #: Functions and classes.
    defines: frozenset[str] = frozenset()
    #: Names that functions and classes defined here read when somebody calls them.
    defers: frozenset[str] = frozenset()
    #: Hidden state: ``<numpy.random>``, ``<file:x.csv>``...
    resources: frozenset[str] = frozenset()
    #: Why the cell is ordered against all others, None if it is not.
    barrier: str | None = None


def cell_refs(source: str) -> CellRefs:
    """Analyse one cell alone: what other cells made is taken to be anything."""
    machine = Interpreter()
    tree = parse(source)
    machine.run_cell(0, tree)
    return refs_of(machine, 0, tree)


def refs_of(machine: Interpreter, index: int, tree: ast.Module) -> CellRefs:
    """Gather what the interpreter noted of the cell that it ran last."""
    return CellRefs(
        reads=frozenset(machine.reads),
        writes=frozenset(machine.writes),
        mutates=frozenset(machine.mutates),
        deletes=frozenset(machine.deletes),
        imports=tuple(dict.fromkeys(machine.imports)),
        defines=frozenset(machine.defines),
        defers=deferred(tree) if machine.made_functions else frozenset(),
        resources=machine.resources.of_cell(index),
        barrier=machine.barriers.get(index),
    )


def deferred(tree: ast.Module) -> frozenset[str]:
    """Return the global names that functions defined in a cell read."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, FUNCTIONS):
            names = function_names(node)
            body = node.body if isinstance(node.body, list) else [node.body]
            used = {
                n.id for part in body for n in walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
            }
            found |= used - names.own
    return frozenset(found)
