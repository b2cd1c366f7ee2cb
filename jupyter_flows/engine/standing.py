"""How far the tasks of a run are, for who watches it from outside."""

from __future__ import annotations

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, StateName
from jupyter_flows.engine.board import Seated

_FINAL = frozenset(name.value for name in FINISHED)


class Standing:
    """How far the tasks of a run are, as its events tell."""

    def __init__(self) -> None:
        #: Tasks and children at work, and the state of each.
        self.open: dict[Seated, str] = {}
        #: Tasks that anything was heard of.
        self.heard: set[str] = set()

    @property
    def running(self) -> list[Seated]:
        """The tasks and children reported as running and not yet as ended, in the order in which they began."""
        return [task for task, state in self.open.items() if state == StateName.RUNNING]

    @property
    def unfinished(self) -> list[Seated]:
        """The tasks and children at work, but for those that wait for a person."""
        return [task for task, state in self.open.items() if state != StateName.PAUSED]

    def note(self, event: Event) -> None:
        """Take in an event of kind "tasks"."""
        for slug, index, state, _, _ in event.body["rows"]:
            self.heard.add(slug)
            if state in _FINAL:
                self.open.pop(Seated(slug, index), None)
            else:
                self.open[Seated(slug, index)] = state
