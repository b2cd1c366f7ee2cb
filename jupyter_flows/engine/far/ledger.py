"""What home keeps of tasks that other processes call: what waits, what runs, what came of it."""

from __future__ import annotations

import heapq
import logging
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_flows.core.state import SUCCESSFUL, StateName
from jupyter_flows.engine.context import current_index, current_number
from jupyter_flows.engine.families import Family
from jupyter_flows.engine.far.desk import Account
from jupyter_flows.engine.lineup import Lineup
from jupyter_flows.engine.map_runner import MapRunner
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import RunError


class Ledger:
    """The state of one run's tasks; `fetch` brings a result home, for a task that runs there."""

    def __init__(self, work: TaskRunner, fetch: Callable[[int], Any]):
        self._work, self._fetch = work, fetch
        self._waiting = [len(set(up)) for up in work.plan.upstream]
        self._lineup = Lineup(work) if isinstance(work, MapRunner) else None
        #: Children of mapped tasks that can be called next: not yet looked at, and those for other processes.
        self._fresh: deque[int] = deque()
        self._children: deque[int] = deque()
        self._rank = {number: rank for rank, number in enumerate(work.order)}
        self._order = list(work.order)
        self._left = len(self._order)
        self._here = [rank for rank, number in enumerate(self._order) if not self._waiting[number]]
        self._ready: list[int] = []
        self._away: set[int] = set()
        self.ended: set[int] = set()
        #: Results that are at home, for home called their tasks.
        self.at_home: set[int] = set()

    @property
    def left(self) -> int:
        """How many tasks have not ended, mapped ones counted once."""
        return self._left

    def settle(self) -> None:
        """Run what home runs, as far as it is ready: what is not free, and what must not be called."""
        while self._here or self._fresh:
            number = self._fresh.popleft() if self._fresh else self._order[heapq.heappop(self._here)]
            if number in self.ended:
                continue
            if self._lineup is not None and self._work.is_mapped(number):
                self._open(self._lineup, number)
            else:
                self._look_at(number)

    def _look_at(self, number: int) -> None:
        work = self._work
        called = work.is_called(number)
        if called and work.is_free(number):
            self._offer(number)
            return
        if called:
            self._bring_home(work.places_of(number))
        work.run(number)
        if work.has_result(number):
            self.at_home.add(number)
        self.end(number)

    def _offer(self, number: int) -> None:
        if self._work.is_child(number):
            self._children.append(number)
        else:
            heapq.heappush(self._ready, self._rank[number])

    def offer_again(self, child: int) -> None:
        """Count a child that was taken as ready: it could not be called."""
        self._away.discard(child)
        self._offer(child)

    @property
    def has_ready(self) -> bool:
        """Whether a free task may be ready."""
        return bool(self._ready or self._children)

    @property
    def has_children(self) -> bool:
        """Whether children of mapped tasks may be ready."""
        return bool(self._children)

    def take_children(self) -> list[int]:
        """Return all children that are ready, and count them as away."""
        taken: list[int] = []
        while self._children and (number := self.take_ready()) is not None:
            taken.append(number)
        return taken

    def take_ready(self) -> int | None:
        """Return the first free task that is ready, children before others, and count it as away; None for none."""
        while self.has_ready:
            number = self._children.popleft() if self._children else self._order[heapq.heappop(self._ready)]
            if number in self.ended:
                continue
            if not self._work.is_called(number):
                self._work.run(number)
                self.end(number)
                self.settle()
                continue
            self._away.add(number)
            return number
        return None

    def end(self, number: int) -> None:
        """Note that a task has ended, whatever came of it."""
        if number in self.ended:
            return
        self.ended.add(number)
        self._away.discard(number)
        self._left -= not self._work.is_child(number)
        if self._lineup is None:
            self._count_down(set(self._work.plan.downstream[number]))
        elif not self._work.is_child(number):
            followers = self._lineup.followers(number) if self._work.is_mapped(number) else set()
            self._count_down(set(self._work.plan.downstream[number]) - followers)
        else:
            following, family = self._lineup.ended(number)
            if following is not None:
                self._fresh.append(following)
            if family:
                self._close(self._lineup.work, family)

    def _count_down(self, below: set[int]) -> None:
        for number in below:
            self._waiting[number] -= 1
            if not self._waiting[number]:
                heapq.heappush(self._here, self._rank[number])

    # -- mapped tasks -----------------------------------------------------------------------------------

    def _open(self, lineup: Lineup, number: int) -> None:
        """Open a mapped task: home has what it is mapped over."""
        self._bring_home(lineup.work.places_over(number))
        family = lineup.work.open(number)
        self._fresh.extend(lineup.opened(number, family))
        self._count_down(lineup.followers(number))
        if not lineup.is_over(number):
            return
        if family:
            self._close(lineup.work, family)
        else:
            self.end(number)

    def _close(self, work: MapRunner, family: Family) -> None:
        """End a mapped task whose children have ended; bring their results home if any task takes them all."""
        if work.is_taken_whole(family.parent):
            self._bring_home(family.numbers)
        self.at_home.add(family.parent)
        work.close(family)
        self.end(family.parent)

    def fail(self, number: int, message: str, state: StateName = StateName.FAILED) -> None:
        """Record that a task could not be called, or that its process died."""
        if number not in self.ended:
            at = self._work.now()
            start = self._work.away.get(number, (at, 0))[0]
            account = [("Running", start, ""), (state.value, at, message)]
            self._work.take_account(number, account, RunError(message))
            self.end(number)

    def give_up(self) -> None:
        """After a cancel, let what does not stop be."""
        for number in [*self._away, *self._children, *(self._order[rank] for rank in self._ready)]:
            if number in self.ended:
                continue
            if number not in self._work.away:
                self._work.run(number)  # Nobody heard that it began: that it was cancelled is recorded.
                self.end(number)
            elif self._work.give_up(number):
                self.end(number)

    # -- what other processes report --------------------------------------------------------------------

    def hear(self, kind: str, number: int, *rest: Any) -> None:
        """Take a report of a `Desk`; one of a task that has ended is old, from a process that was lost."""
        if number not in self.ended:
            _HEARD[kind](self, number, *rest)

    def _running(self, number: int, since: float) -> None:
        self._work.away[number] = since, 0

    def _text(self, number: int, stream: str, text: str) -> None:
        with self._as(number):
            getattr(sys, stream).write(text)

    def _log(self, number: int, level: int, name: str, message: str) -> None:
        with self._as(number):
            logging.getLogger(name).log(level, "%s", message)

    def _end(self, number: int, account: Account, error: bytes, _: Any) -> None:
        result = pickle.loads(error) if error else None  # noqa: S301 - the run's own process wrote it
        if not error and account[-1][0] not in SUCCESSFUL:
            result = RunError(account[-1][2])
        self._work.take_account(number, account, result)
        self.end(number)

    @contextmanager
    def _as(self, number: int) -> Iterator[None]:
        """Speak for a task."""
        parent, index = self._work.whose(number)
        token, child = current_number.set(parent), current_index.set(index)
        try:
            yield
        finally:
            current_number.reset(token)
            current_index.reset(child)

    def _bring_home(self, places: Iterable[int]) -> None:
        for place in places:
            if self._work.is_result(place) and place not in self.at_home and self._work.has_result(place):
                self._work.results[place] = self._fetch(place)


_HEARD: dict[str, Callable[..., None]] = {
    "running": Ledger._running,  # noqa: SLF001 - a table of this class's own methods
    "text": Ledger._text,  # noqa: SLF001 - as above
    "log": Ledger._log,  # noqa: SLF001 - as above
    "end": Ledger._end,  # noqa: SLF001 - as above
}
