"""Children of mapped tasks as numbers, which run as tasks do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

from jupyter_flows.core.state import StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.board import IDLE
from jupyter_flows.engine.context import current_index, current_number
from jupyter_flows.engine.families import Families
from jupyter_flows.engine.lanes import Lanes
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.task_runner import TaskRunner


class Children(TaskRunner):
    """A `TaskRunner` to whom numbers behind the plan's results are children of mapped tasks."""

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any):
        super().__init__(plan, *args, **kwargs)
        assert plan.lanes is not None  # noqa: S101 - who makes one has looked
        self.lanes: Lanes = plan.lanes
        self.families = Families()
        self._first_child = len(self.results)
        #: How those ended that all children of a task wait for.
        self._wholes: dict[int, dict[str, StateName]] = {}

    def task_of(self, number: int) -> Task:
        """Return the task that is called: for a child, the one that is mapped."""
        return self.plan.tasks[self.whose(number)[0]]

    def identity(self, number: int) -> tuple[str, int | None]:
        """Return the task's slug, and of a mapped task's child its index."""
        parent, index = self.whose(number)
        return self.plan.slugs[parent], index

    def whose(self, number: int) -> tuple[int, int | None]:
        """Return a task's own number, or a child's task and its index."""
        if number < self._first_child:
            return number, None
        family, index = self.families.of_child(number)
        return family.parent, index

    def is_result(self, place: int) -> bool:
        """Tell whether at a place there is what a task or a child gives, and not what was known before."""
        if place < self._first_child:
            return super().is_result(place)
        family, index = self.families.of_child(place)
        return index < family.count

    def places_over(self, number: int) -> list[int]:
        """Return where that lies which a mapped task takes an element of for each child, other families' apart."""
        spec = self.lanes.specs[number]
        over = [place for place, one in zip(self._calls[number][1], spec.over, strict=True) if one]
        return [place for place in (*over, *spec.silent) if place not in spec.aligned]

    def is_taken_whole(self, number: int) -> bool:
        """Tell whether a task, or the run's own result, has the list of all that a mapped task's children give."""
        below = set(self.plan.downstream[number])
        specs = self.lanes.specs
        return any(number in self._calls[d][1] and not (d in specs and number in specs[d].aligned) for d in below)

    @property
    def total(self) -> int:
        """How many tasks there are, children that are known by now among them."""
        return self.plan.size + len(self.families)

    def with_children(self, numbers: Iterable[int]) -> Iterator[int]:
        """Yield tasks, each followed by its children."""
        for number in numbers:
            yield number
            yield from self.families.children(number)

    def children_of(self, number: int) -> range:
        """Return the numbers of a mapped task's children."""
        return self.families.children(number)

    def is_mapped(self, number: int) -> bool:
        """Tell whether a task is one that is opened, and not called."""
        return number in self.lanes.specs

    def is_child(self, number: int) -> bool:
        """Tell whether a number is a mapped task's child."""
        return number >= self._first_child

    @cached_property
    def free(self) -> AbstractSet[int]:
        """The packed tasks that are called themselves."""
        return self.packed - self.lanes.specs.keys()

    def is_free(self, number: int) -> bool:
        """Tell whether a task or a child may be called elsewhere."""
        return self.whose(number)[0] in self.packed if self.is_child(number) else number in self.free

    def places_of(self, number: int) -> Sequence[int]:
        """Return where the arguments of a task or a child lie."""
        if not self.is_child(number):
            return super().places_of(number)
        family, index = self.families.of_child(number)
        return family.places(index)

    def all_running(self) -> list[tuple[int, float]]:
        """Return the numbers of all that runs and when it was called; the main thread's is the child itself."""
        running = super().all_running()
        index = self._board.index[0]
        if running and running[0][0] == self._cell[0] and index >= 0:
            family = self.families.get(running[0][0])
            if family:
                running[0] = family.base + index, running[0][1]
        return running

    def _call(self, number: int) -> tuple[Callable[..., Any], list[Any], tuple[str, ...] | None]:
        if not self.is_child(number):
            return super()._call(number)
        family, index = self.families.of_child(number)
        return family.fn, [self.results[p] for p in family.places(index)], family.names

    def _speak_for(self, number: int) -> None:
        parent, index = self.whose(number)
        current_number.set(parent)
        current_index.set(index)

    def _show(self, seat: int, number: int) -> None:
        parent, index = self.whose(number)
        self._board.index[seat] = IDLE if index is None else index
        self._cell[seat] = parent

    def below(self, number: int) -> Sequence[int]:
        """Return the tasks that look at how this one ended; below a child, children where both go hand in hand."""
        if not self.is_child(number):
            return self.plan.downstream[number]
        family, index = self.families.of_child(number)
        return [self._below_child(family.parent, index, d) for d in self.plan.downstream[family.parent]]

    def _below_child(self, parent: int, index: int, downstream: int) -> int:
        """Return who looks at a child: a child of the other task where they go hand in hand, else the task."""
        spec, family = self.lanes.specs.get(downstream), self.families.get(downstream)
        if spec and parent in spec.aligned and family and index < family.count:
            return family.base + index
        return downstream

    def _states_above(self, number: int) -> dict[str, StateName]:
        if not self.is_child(number):
            return dict(self._states_of(self.plan.upstream[number]))
        family, index = self.families.of_child(number)
        if family.parent not in self._wholes:
            self._wholes[family.parent] = dict(self._states_of(self.lanes.specs[family.parent].whole))
        states = dict(self._wholes[family.parent])
        for u in family.aligned:
            child = self.families.children(u)[index]
            states[f"{self.plan.slugs[u]}[{index}]"] = self.outcome.get(child, StateName.SUCCESS)
        return states

    def _states_of(self, numbers: Sequence[int]) -> Iterator[tuple[str, StateName]]:
        """Yield how tasks ended: of a mapped one, how each child did."""
        for u in numbers:
            slug = self.plan.slugs[u]
            if self.families.get(u) is None:
                yield slug, self.outcome.get(u, StateName.SUCCESS)
            else:
                for index, child in enumerate(self.families.children(u)):
                    yield f"{slug}[{index}]", self.outcome.get(child, StateName.SUCCESS)
