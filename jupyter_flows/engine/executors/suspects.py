"""Tasks that had a part in the death of a worker, perhaps no more than that they waited on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet

from jupyter_flows.core.parameter import Parameter
from jupyter_flows.engine.task_runner import TaskRunner


class Suspects:
    """Which tasks of a run are to be tried alone, one after the other: who kills a worker then is to blame."""

    def __init__(self, work: TaskRunner):
        self._work = work
        self._waiting: list[int] = []
        #: The task that is tried alone.
        self.alone: int | None = None
        #: What it takes, and is made again for it.
        self._made_again: set[int] = set()
        #: How often each task was taken back, or is made again.
        self.times: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._waiting) or self.alone is not None

    def add(self, number: int) -> set[int]:
        """Suspect a task; return it with all that waits for it, whose submission is void."""
        if number not in self._waiting:
            self._waiting.append(number)
        void, queue = {number}, [number]
        while queue:
            at = queue.pop()
            below = {*self._work.below(at), *self._work.children_of(at)} - void
            void |= below
            queue += below
        self.times.update(void)
        return void

    def next(self, ended: AbstractSet[int]) -> int | None:
        """Choose the next task to be tried alone; None when no suspect is left."""
        self.alone = None
        self._made_again = set()
        while self._waiting and self.alone is None:
            number = self._waiting.pop(0)
            self.alone = None if number in ended else number
        return self.alone

    def missing(self, number: int, have: AbstractSet[int]) -> list[int]:
        """Return, in order, the tasks whose results a task takes and that are gone: Dask drops what nothing needs."""
        work, found, queue = self._work, set[int](), [number]
        while queue:
            places = set(work.places_of(queue.pop()))
            above = {p for p in places if work.is_result(p) and p not in have and p not in found}
            above = {p for p in above if not isinstance(work.task_of(p), Parameter)}
            found |= above
            queue += above
        self._made_again = found
        self.times.update(found)
        return [n for n in work.with_children(work.plan.order) if n in found]

    def blamed(self, number: int) -> int:
        """Return who is to blame for a death of which the cluster blames `number`."""
        return self.alone if self.alone is not None and number in self._made_again else number
