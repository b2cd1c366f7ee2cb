"""Families: the children of one run's mapped tasks, which are numbers and no objects."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Family:
    """The children of one mapped task: their numbers are `base`, ``base + 1``, up to `count` of them.

    A child's number is also the place of its result. Its arguments lie at ``offset + step * index``: a step of 1 goes
    through elements or another family's results, a step of 0 stays at what each child is given whole.
    """

    parent: int
    base: int
    count: int
    fn: Callable[..., Any]
    names: tuple[str, ...] | None
    offsets: tuple[tuple[int, int], ...]
    #: Whether its task has options, so that its children don't take the short way.
    careful: bool
    #: The mapped tasks of which the n-th child is waited for by the n-th here.
    aligned: tuple[int, ...]
    #: Where elements were put for the children to take, each a place and a number.
    elements: tuple[tuple[int, int], ...] = ()
    #: The indexes of children that did not end in Success.
    unusual: set[int] = field(default_factory=set)
    #: Whether every child has ended, and the list of results is made.
    closed: bool = False

    @property
    def numbers(self) -> range:
        """The children's numbers."""
        return range(self.base, self.base + self.count)

    def places(self, index: int) -> list[int]:
        """Return where a child's arguments lie."""
        return [offset + step * index for offset, step in self.offsets]


class Families:
    """All families of a run, by the task and by the numbers of children."""

    def __init__(self) -> None:
        self._of: dict[int, Family] = {}
        self._bases: list[int] = []
        self._sorted: list[Family] = []

    def add(self, family: Family) -> None:
        """Take a family in; each begins after all there were."""
        self._of[family.parent] = family
        self._sorted.append(family)
        self._bases.append(family.base)

    def get(self, parent: int) -> Family | None:
        """Return a mapped task's family; None before it is opened, and for tasks that got none."""
        return self._of.get(parent)

    def of_child(self, number: int) -> tuple[Family, int]:
        """Return the family that a child belongs to, and its index there."""
        family = self._sorted[bisect_right(self._bases, number) - 1]
        return family, number - family.base

    def children(self, parent: int) -> range:
        """Return the numbers of a task's children; none for a task that is not mapped."""
        family = self._of.get(parent)
        return family.numbers if family else range(0)

    def __iter__(self) -> Iterator[Family]:
        return iter(tuple(self._sorted))

    def __len__(self) -> int:
        return sum(family.count for family in self)


def elements_of(value: Any) -> Sequence[Any]:
    """Return what a value gives in a loop, each once, in order; raise `TypeError` where it can't be looped over."""
    return value if type(value) in (list, tuple, range) else list(value)
