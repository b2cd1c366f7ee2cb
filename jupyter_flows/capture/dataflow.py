"""From cells to edges: which cell must wait for which, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_flows.capture.automagic import called, spelled_out
from jupyter_flows.capture.definitions import evaluated_names
from jupyter_flows.capture.ledger import READ_AFTER_WRITE, WRITE_AFTER_READ, WRITE_AFTER_WRITE, Reason
from jupyter_flows.capture.machine import BUILTINS
from jupyter_flows.capture.portable import Noting, portable_cells
from jupyter_flows.capture.refs import CellRefs, refs_of
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.capture.source import is_parameters, parse
from jupyter_flows.core.cell import EVERYTHING, Cell

__all__ = ["READ_AFTER_WRITE", "WRITE_AFTER_READ", "WRITE_AFTER_WRITE", "Dataflow", "Edge", "connect"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One cell must run after another; indices into the given cells."""

    upstream: int
    downstream: int
    #: What they share, by the names people know it by.
    names: frozenset[str]
    kinds: frozenset[str]
    #: In words, for people.
    why: str


@dataclass(frozen=True, slots=True)
class Dataflow:
    """All that the analysis knows of a notebook."""

    refs: tuple[CellRefs, ...]
    #: Transitively reduced, sorted.
    edges: tuple[Edge, ...]
    #: Cells that qualify as definition cells (DESIGN section 5, rule 4).
    definitions: frozenset[int]
    #: Cells that are ordered against all others, and why.
    barriers: dict[int, str]
    #: (cell, name, line): names read that no earlier cell binds.
    undefined: tuple[tuple[int, str, int], ...]
    #: Cells of which all that they do is known, and is done to the values that they name alone.
    portable: frozenset[int] = frozenset()
    #: By cell, the hidden state that it may read, use or set anew: ``use <random>``.
    hidden: dict[int, frozenset[str]] = field(default_factory=dict)
    #: Cells that may change an object that an earlier cell made.
    changing: frozenset[int] = frozenset()
    _sources: dict[int, frozenset[int]] = field(default_factory=dict, repr=False)

    def needs(self, index: int) -> frozenset[int]:
        """Return the cells that must have run for a cell to see right values, through any number of steps."""
        found: set[int] = set()
        stack = [index]
        while stack:
            for source in self._sources.get(stack.pop(), ()):
                if source not in found:
                    found.add(source)
                    stack.append(source)
        return frozenset(found)


def connect(cells: Sequence[Cell], *, rules: Rules = ALL_RULES) -> Dataflow:
    """Find what each cell reads and changes, and the order that keeps the meaning of the notebook."""
    machine = Noting(rules)
    trees = [parse(cell.source, ordinal=cell.ordinal) for cell in cells]
    refs: list[CellRefs] = []
    definitions: set[int] = set()
    for index, cell in enumerate(cells):
        magic = called(cell.source)
        if magic is not None and magic[0] not in machine.module.vars:
            trees[index] = parse(spelled_out(cell.source), ordinal=cell.ordinal)
        tree = trees[index]
        if _is_definition(machine, tree, definitions):
            definitions.add(index)
        machine.run_cell(index, tree, parameters=is_parameters(cell), may_fail="raises-exception" in cell.tags)
        if magic is not None:  # A name that is bound hides the magic.
            machine.ledger.read(machine.track(magic[0]))
        refs.append(refs_of(machine, index, tree))
    machine.resources.settle(machine.ledger)
    reasons = dict(machine.ledger.reasons)
    _order_barriers(len(cells), machine.barriers, reasons)
    return Dataflow(
        refs=tuple(refs),
        edges=tuple(_edge(cells, pair, reasons[pair], machine.barriers) for pair in _reduced(len(cells), reasons)),
        definitions=frozenset(definitions),
        barriers=dict(sorted(machine.barriers.items())),
        undefined=tuple(dict.fromkeys(machine.undefined)),
        portable=portable_cells(machine, trees, [r.imports for r in refs]) - definitions,
        hidden=_hidden(machine),
        changing=frozenset(machine.changing | machine.barriers.keys()),
        _sources={cell: frozenset(found) for cell, found in machine.ledger.sources.items()},
    )


def _hidden(machine: Noting) -> dict[int, frozenset[str]]:
    """Return the hidden state of each cell; what nobody can follow may use all there is."""
    found = {cell: frozenset(accesses) for cell, accesses in machine.resources.settled.items()}
    return found | {cell: found.get(cell, frozenset()) | {f"use {EVERYTHING}"} for cell in machine.barriers}


def _is_definition(machine: Noting, tree: ast.Module, definitions: set[int]) -> bool:
    """Tell a definition cell: all it looks up was made by definition cells."""
    names = evaluated_names(tree)
    if names is None:
        return False
    writers = {w for name in names if name in machine.tracks for w in machine.tracks[name].writers}
    unknown = {name for name in names if name not in machine.module.vars and name not in BUILTINS}
    return writers <= definitions and not unknown


def _order_barriers(count: int, barriers: dict[int, str], reasons: dict[tuple[int, int], set[Reason]]) -> None:
    """Put each barrier after all that comes before it, and before all that comes after."""
    last = -1
    for index in range(count):
        if index in barriers:
            for earlier in range(max(last, 0), index):
                reasons.setdefault((earlier, index), set())
            last = index
        elif last >= 0:
            reasons.setdefault((last, index), set())


def _reduced(count: int, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop the edges that others imply."""
    upstream: list[list[int]] = [[] for _ in range(count)]
    for first, second in pairs:
        upstream[second].append(first)
    before = [0] * count
    kept: list[tuple[int, int]] = []
    for index, sources in enumerate(upstream):
        seen = 0
        for source in sorted(sources, reverse=True):
            if not seen >> source & 1:
                kept.append((source, index))
                seen |= before[source] | 1 << source
        before[index] = seen
    return sorted(kept)


def _edge(cells: Sequence[Cell], pair: tuple[int, int], reasons: set[Reason], barriers: dict[int, str]) -> Edge:
    upstream, downstream = pair
    names = frozenset(name for name, _, _ in reasons if name)
    kinds = frozenset(kind for _, kind, _ in reasons)
    return Edge(
        upstream, downstream, names, kinds or frozenset({WRITE_AFTER_WRITE}), _why(cells, pair, reasons, barriers)
    )


_WORDS = {
    (READ_AFTER_WRITE, False): "reads {name} from {cell}",
    (READ_AFTER_WRITE, True): "reads {name} from {cell}, mutated there",
    (WRITE_AFTER_READ, False): "rebinds {name}, which {cell} reads",
    (WRITE_AFTER_READ, True): "mutates {name}, which {cell} reads",
    (WRITE_AFTER_WRITE, False): "rebinds {name}, which {cell} binds too",
    (WRITE_AFTER_WRITE, True): "mutates {name} after {cell} does",
}
_RANK = (READ_AFTER_WRITE, WRITE_AFTER_READ, WRITE_AFTER_WRITE)


def _why(cells: Sequence[Cell], pair: tuple[int, int], reasons: set[Reason], barriers: dict[int, str]) -> str:
    """Say in words why a cell waits for another: the strongest reason for each name."""
    upstream, downstream = pair
    cell = f"cell {cells[upstream].ordinal}"
    best: dict[str, tuple[int, str]] = {}
    for name, kind, is_object in sorted(reasons):
        rank = _RANK.index(kind) * 2 - is_object
        if name not in best or rank < best[name][0]:
            shown = f"`{name}`" if name and name[0] != "<" else name or "an object"
            words = (
                f"uses {shown} after {cell}"
                if name[:1] == "<"
                else _WORDS[kind, is_object].format(name=shown, cell=cell)
            )
            best[name] = (rank, words)
    parts = [words for _, words in sorted(best.values())][:4]
    if downstream in barriers:
        parts.append(f"comes after everything: {barriers[downstream]}")
    elif upstream in barriers:
        parts.append(f"everything comes after {cell}: it {barriers[upstream]}")
    return "; ".join(parts)
