"""Which cells of a notebook take part in its flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jupyter_flows.capture.markers import Marker


@dataclass(frozen=True, slots=True)
class Membership:
    """Indices of cells, in notebook order."""

    #: All that take part.
    members: tuple[int, ...]
    #: Of these, the unmarked ones that a task needs.
    joined: tuple[int, ...] = ()
    #: Unmarked cells that nothing needs.
    left_out: tuple[int, ...] = ()


def candidates(markers: Sequence[Marker]) -> tuple[int, ...]:
    """Return the cells that may take part: all but control cells, empty and skipped ones."""
    return tuple(n for n, m in enumerate(markers) if m.kind in ("task", "parameters", "plain"))


def choose(markers: Sequence[Marker], needs: Callable[[int], frozenset[int]]) -> Membership:
    """Choose the cells that take part; `needs` gives the cells that must have run before one.

    Where some cells are marked as tasks, an unmarked one joins only if a task needs it, or by its tag
    (``imports``, ``functions``). With no marks, every cell takes part.
    """
    possible = candidates(markers)
    if not any(m.kind == "task" for m in markers):
        return Membership(possible)
    chosen = {n for n in possible if markers[n].kind != "plain" or markers[n].shared}
    needed = chosen.union(*(needs(n) for n in chosen)) & set(possible)
    joined = needed - chosen
    return Membership(tuple(sorted(needed)), tuple(sorted(joined)), tuple(sorted(set(possible) - needed)))
