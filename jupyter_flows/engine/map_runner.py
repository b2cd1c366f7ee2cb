"""Run flows with mapped tasks: a child for each element, numbered behind the flow's own tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import CellTask
from jupyter_flows.core.triggers import all_successful, manual_only
from jupyter_flows.engine.admission import verdict
from jupyter_flows.engine.board import IDLE
from jupyter_flows.engine.books import CANCELLED, FREE, LOOK
from jupyter_flows.engine.cell_runs import CellRuns
from jupyter_flows.engine.children import Children
from jupyter_flows.engine.context import current_index, current_number
from jupyter_flows.engine.families import Family, elements_of
from jupyter_flows.engine.lanes import MapSpec
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.task_runner import TaskRunner


class MapRunner(Children):
    """A `TaskRunner` of a plan that has lanes.

    To an executor that knows nothing of mapped tasks, `run` of a lane's first task runs the whole lane, child by
    child. One that knows opens each mapped task when it is ready, runs its children, and closes it.
    """

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any):
        super().__init__(plan, *args, **kwargs)
        self.order, self.upstream, self.downstream = self.lanes.order, self.lanes.upstream, self.lanes.downstream
        self._blocked.extend(bytes(len(plan.constants)))
        self._slow.extend(bytes(len(plan.constants)))
        self._kept: dict[int, Sequence[State]] = {}
        for number in self.lanes.specs:
            self._blocked[number] = LOOK

    # -- opening and closing -----------------------------------------------------------------------------

    def open(self, number: int) -> Family | None:
        """Find a mapped task's children and record that it is Mapped, or what it is instead; None where it has none.

        All it waits for has ended, or is open itself where both go hand in hand.
        """
        state = self._why_closed(number)
        if state is None:
            family = self._found(number)
            if family is not None:
                return family
        elif state.name is StateName.PENDING:
            self._note(number, state)
        else:
            self._enter(number, state)
        self._let_go(number)
        return None

    def _found(self, number: int) -> Family | None:
        """Return the family of a task that is to have one; None if it falls, or a handler says otherwise."""
        task, is_cell = self.task_of(number), isinstance(self.task_of(number), CellTask)
        fn = self._calls[number][0]
        try:
            if isinstance(task, CellTask):
                self._enter(number, State(StateName.RUNNING))
                runs = CellRuns(fn, task)
                found: list[Sequence[Any] | None] = [range(len(runs))]
                fn = runs
            else:
                found = self._elements(number)
            count = self._count(number, found)
        except BaseException as error:  # noqa: BLE001 - what is mapped over may raise anything
            self._fall(number, task.max_retries + 1, error)
            return None
        state = None if is_cell else self._enter(number, State(StateName.MAPPED))
        if state is None or state.name is StateName.MAPPED:
            return self._settle_down(number, fn, found, count)
        return None

    def _why_closed(self, number: int) -> State | None:
        """Return what a mapped task is instead of Mapped, before anybody looks at the elements."""
        if self.stopping.is_set() or self._blocked[number] == CANCELLED:
            return State(StateName.CANCELLED, "the run was cancelled before it started")
        task, spec, slugs = self.task_of(number), self.lanes.specs[number], self.plan.slugs
        opened = [u for u in spec.aligned if self.families.get(u)]
        states = dict(self._states_of(spec.whole))
        # What is open has children that each child here looks at for itself.
        states |= {slugs[u]: self.outcome.get(u, StateName.MAPPED) for u in spec.aligned}
        found = verdict(task.rules, states, resumed=slugs[number] in self.place.run.resumed)
        undecided = len(opened) == len(spec.aligned) > 0 and task.rules.trigger not in (all_successful, manual_only)
        if undecided and found and found.name is StateName.TRIGGER_FAILED:
            return None
        return found

    def _elements(self, number: int) -> list[Sequence[Any] | None]:
        """Return for each argument its elements; None for what is given whole, or by another family."""
        spec = self.lanes.specs[number]
        found: list[Sequence[Any] | None] = []
        for key, place, over in zip(spec.keys, self._calls[number][1], spec.over, strict=True):
            if not over or place in spec.aligned:
                found.append(None)
            else:
                found.append(self._looped(place, key))
        return found

    def _count(self, number: int, elements: list[Sequence[Any] | None]) -> int:
        """Return how many children there are: as many as what is mapped over gives for all of them."""
        spec = self.lanes.specs[number]
        lengths = [len(found) for found in elements if found is not None]
        lengths += [len(self.families.children(u)) for u in spec.aligned]
        lengths += [len(self._looped(u, "upstream_tasks")) for u in spec.silent if u not in spec.aligned]
        return min(lengths)

    def _looped(self, place: int, key: str) -> Sequence[Any]:
        try:
            return elements_of(self.results[place])
        except TypeError:
            kind = type(self.results[place]).__name__
            raise TypeError(f"can't map over {key!r}, of type {kind}: give a list, or unmapped({key})") from None

    def _settle_down(
        self, number: int, fn: Callable[..., Any], elements: list[Sequence[Any] | None], count: int
    ) -> Family:
        """Give the children their numbers, and their arguments the places where they find them."""
        spec, (_, places, names) = self.lanes.specs[number], self._calls[number]
        base = len(self.results)
        self.results.extend([None] * count)
        offsets, put = [], []
        for place, over, found in zip(places, spec.over, elements, strict=True):
            if found is not None:
                put.append((len(self.results), count))
                offsets.append((len(self.results), 1))
                self.results.extend(found[:count])
            elif over:
                offsets.append((self.families.children(place).start, 1))
            else:
                offsets.append((place, 0))
        careful = self._slow[number]
        family = Family(number, base, count, fn, names, tuple(offsets), bool(careful), spec.aligned, tuple(put))
        self._blocked.extend(bytes([self._first_look(spec)]) * (len(self.results) - len(self._blocked)))
        self._slow.extend(bytes([careful]) * (len(self.results) - len(self._slow)))
        self.families.add(family)
        self._mark(family)
        return family

    def _first_look(self, spec: MapSpec) -> int:
        """Tell whether all children are looked at before they are called."""
        plain = self.plan.tasks[spec.number].rules.trigger == all_successful
        return FREE if plain and not self._is_marked(spec) else LOOK

    def _is_marked(self, spec: MapSpec) -> bool:
        """Tell whether anything that all children wait for ended unusually."""
        families = [self.families.get(u) for u in spec.whole]
        return any(u in self.outcome for u in spec.whole) or any(f.unusual for f in families if f)

    def _mark(self, family: Family) -> None:
        """Have those children looked at whose upstream child has ended unusually, or that an earlier run did."""
        for u in family.aligned:
            above = self.families.get(u)
            for index in tuple(above.unusual) if above else ():
                if index < family.count:
                    self._blocked[family.base + index] = LOOK
        for index, state in enumerate(self._kept.get(family.parent, ())[: family.count]):
            above_kept = all(self.families.children(u)[index] in self._settled for u in family.aligned)
            if state.is_successful() and above_kept:
                self._settled[family.base + index] = state
                self._blocked[family.base + index] = LOOK
        if self.stopping.is_set():
            self._blocked[:] = bytes([CANCELLED]) * len(self._blocked)

    def close(self, family: Family) -> None:
        """Make the list of results, all children having ended, and let go what nobody takes any more."""
        family.closed = True
        if isinstance(family.fn, CellRuns):
            family.fn.finish()
            self._enter(family.parent, State(StateName.MAPPED))
        if self._pending is None or self._pending[family.parent]:
            self.results[family.parent] = self.results[family.base : family.base + family.count]
        for place, count in family.elements:
            self.results[place : place + count] = [None] * count
        self._let_go(family.parent)

    def gather(self) -> None:
        """Make the lists of results again, children's results having come home since."""
        for family in self.families:
            if self._pending is None:
                self.results[family.parent] = self.results[family.base : family.base + family.count]

    def settle(self, states: Mapping[int, State]) -> None:
        """Take the states of tasks from an earlier run; of a mapped task, those of its children."""
        self._kept = {n: states[n].map_states for n in self.lanes.specs if n in states}
        super().settle({n: state for n, state in states.items() if n not in self._kept})

    # -- running -----------------------------------------------------------------------------------------

    def run(self, number: int) -> None:
        """Run a task, a child, or for its first task a whole lane."""
        if number >= self._first_child:
            try:
                self._run_child(*self.families.of_child(number))
            finally:
                current_index.set(None)
        else:
            super().run(number)

    def _admit(self, number: int) -> bool:
        if number in self.lanes.specs:
            members = self.lanes.members.get(number, ())
            if self.stopping.is_set() and not members:
                members = (number,)
            self._run_lane([m for m in members if self._is_unopened(m)])
            return False
        return super()._admit(number)

    def _is_unopened(self, number: int) -> bool:
        return self.families.get(number) is None and number not in self.outcome

    def _run_lane(self, members: Sequence[int]) -> None:
        """Run all children of a lane, all tasks for one element before those for the next."""
        families = [family for member in members if (family := self.open(member))]
        inner = [] if self._pending is None else [f for f in families if self._stays_inside(f)]
        try:
            for index in range(max((f.count for f in families), default=0)):
                for family in families:
                    if index < family.count:
                        self._run_child(family, index)
                for family in inner:
                    if index < family.count:
                        self.results[family.base + index] = None
        finally:
            current_index.set(None)
        for family in families:
            self.close(family)

    def _stays_inside(self, family: Family) -> bool:
        """Tell whether nothing but the children of its own lane takes the family's results."""
        leader, below = self.lanes.specs[family.parent].leader, self.plan.downstream[family.parent]
        specs = [self.lanes.specs.get(d) for d in below]
        return all(s and s.leader == leader and family.parent in s.aligned for s in specs)

    def _run_child(self, family: Family, index: int) -> None:
        """Run one child at home; this is what a child costs."""
        number = family.base + index
        if self._blocked[number] and not self._admit(number):
            return
        if family.careful:
            self._run_with_care(number)
            return
        clock, results, names = self._clock, self.results, family.names
        current_number.set(family.parent)
        current_index.set(index)
        self.since = start = clock()
        try:
            self._board.index[0] = index
            self._cell[0] = family.parent
            values = [results[offset + step * index] for offset, step in family.offsets]
            fn = family.fn
            results[number] = fn(*values) if names is None else fn(**dict(zip(names, values, strict=True)))
        except BaseException as error:  # noqa: BLE001 - a task may raise anything
            self._cell[0] = self._board.index[0] = IDLE
            self._record(number, StateName.RUNNING, "", at=start)
            state = self._fall(number, 1, error)
            if state.name is StateName.RETRYING:
                self._run_with_care(number, state)
        else:
            self._cell[0] = self._board.index[0] = IDLE
            self.rows.append((number, start, clock()))

    def run_free(self, number: int) -> None:
        """Run a free task or child on this worker thread."""
        try:
            super().run_free(number)
        finally:
            current_index.set(None)

    # -- what came of it -----------------------------------------------------------------------------------

    def _note(self, number: int, state: State) -> None:
        if self.is_child(number) and state.name in _UNUSUAL:
            family, index = self.families.of_child(number)
            family.unusual.add(index)
        super()._note(number, state)

    def _let_go(self, number: int) -> None:
        if not self.is_child(number):
            super()._let_go(number)

    def _drop(self, number: int) -> None:
        super()._drop(number)
        family = self.families.get(number)
        if family and family.closed:
            self.results[family.base : family.base + family.count] = [None] * family.count

    def unfinished(self) -> Iterator[int]:
        """Yield the tasks and children that have no state yet, in order."""
        seen = {row[0] for row in self.rows}
        for number in self.order:
            if number not in seen:
                yield number
            yield from (child for child in self.families.children(number) if child not in seen)


#: States of a child that those who wait for it look at.
_UNUSUAL = frozenset(StateName) - {StateName.SUCCESS, StateName.RUNNING, StateName.RETRYING}


def task_runner(plan: Plan, *args: Any, **kwargs: Any) -> TaskRunner:
    """Return the runner of a plan: one that knows of children where there are any."""
    return (MapRunner if plan.lanes else TaskRunner)(plan, *args, **kwargs)
