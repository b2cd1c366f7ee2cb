"""How far the tasks of a run are, for who watches it from outside."""

from __future__ import annotations

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, StateName

_FINAL = frozenset(name.value for name in FINISHED)


class Standing:
    """How far the tasks of a run are, as its events tell."""

    def __init__(self) -> None:
        #: Tasks at work, and which they are: ``(slug, map_index)``.
        self.open: dict[tuple[str, int | None], str] = {}
        #: Tasks that anything was heard of.
        self.heard: set[str] = set()

    @property
    def running(self) -> list[str]:
        """The tasks that were reported as running and not yet as ended, in the order in which they began."""
        return [slug for (slug, index), state in self.open.items() if state == StateName.RUNNING and index is None]

    def note(self, event: Event) -> None:
        """Take in an event of kind "tasks"."""
        for slug, index, state, _, _ in event.body["rows"]:
            self.heard.add(slug)
            if state in _FINAL:
                self.open.pop((slug, index), None)
            else:
                self.open[slug, index] = state
