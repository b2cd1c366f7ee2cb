"""Which children of mapped tasks can be called next, for executors that call several tasks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jupyter_flows.engine.families import Family
from jupyter_flows.engine.map_runner import MapRunner


@dataclass(slots=True)
class _Lane:
    """How far the children of one lane have come."""

    members: Sequence[int]
    #: The families that are open; None of a task that got no children.
    families: dict[int, Family | None] = field(default_factory=dict)
    #: How many of the first members are open, one after the other, and the length of the longest among them.
    stage: int = 0
    width: int = 0
    #: Indexes that wait for a member to open, by its position.
    parked: dict[int, list[int]] = field(default_factory=dict)


class Lineup:
    """Follows each element of each lane from task to task; every method is called with its owner's lock held."""

    def __init__(self, work: MapRunner):
        self.work = work
        self._lanes = {leader: _Lane(members) for leader, members in work.lanes.members.items()}
        #: Children that have not ended, by their task.
        self._left: dict[int, int] = {}

    def followers(self, number: int) -> set[int]:
        """Return the tasks that may be opened once this one is open: those that go hand in hand with it."""
        specs = self.work.lanes.specs
        leader = specs[number].leader
        return {d for d in self.work.plan.downstream[number] if d in specs and specs[d].leader == leader}

    def opened(self, number: int, family: Family | None) -> Sequence[int]:
        """Note that a mapped task is open; return the children that can be called by that."""
        lane = self._lanes[self.work.lanes.specs[number].leader]
        lane.families[number] = family
        self._left[number] = family.count if family else 0
        ready: list[int] = []
        while lane.stage < len(lane.members) and lane.members[lane.stage] in lane.families:
            position, lane.stage = lane.stage, lane.stage + 1
            arrived = lane.parked.pop(position, [])
            newest = lane.families[lane.members[position]]
            fresh = range(lane.width, newest.count if newest else 0)
            lane.width = max(lane.width, fresh.stop)
            ready += [child for index in (*arrived, *fresh) if (child := self._arrive(lane, index, position)) >= 0]
        return ready

    def ended(self, child: int) -> tuple[int | None, Family | None]:
        """Note that a child has ended; return the next child for its element, and its family if that was the last."""
        family, index = self.work.families.of_child(child)
        lane = self._lanes[self.work.lanes.specs[family.parent].leader]
        self._left[family.parent] -= 1
        following = self._arrive(lane, index, lane.members.index(family.parent) + 1)
        return following if following >= 0 else None, None if self._left[family.parent] else family

    def is_over(self, number: int) -> bool:
        """Tell whether a task that is open has no children that could still be called."""
        return not self._left[number]

    @staticmethod
    def _arrive(lane: _Lane, index: int, position: int) -> int:
        """Return the child for an element at the first member from a position on that has one; -1 for none yet."""
        while position < len(lane.members):
            if position >= lane.stage:
                lane.parked.setdefault(position, []).append(index)
                return -1
            family = lane.families[lane.members[position]]
            if family and index < family.count:
                return family.base + index
            position += 1
        return -1
