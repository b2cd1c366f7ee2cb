"""A run process that died without a last word: what is said of it, and an end for every task."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_flows.core.events import of_child
from jupyter_flows.core.state import StateName
from jupyter_flows.engine.board import Seated
from jupyter_flows.engine.deadline import OVERDUE
from jupyter_flows.engine.standing import Standing

_NOT_RUN = "not run: the run's process was gone"

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Death:
    """How a run's process ended, and what was at work in it."""

    code: int | None
    #: The interpreter that ran it.
    python: str
    #: The end of what the interpreter wrote to standard error.
    words: str
    #: The tasks that ran, the main thread's first, and all tasks of the run, as far as they are known.
    running: Sequence[Seated]
    slugs: Sequence[str]
    standing: Standing
    cancelled: bool = False
    overdue: bool = False
    #: Which limit of memory it went beyond, in words; empty if that is not known.
    exceeded: str = ""
    at: float = field(default_factory=time.time)

    def events(self) -> Iterator[tuple[str, Body]]:
        """Yield kind and body of the events that end the run: the last words, the tasks, the run."""
        if self.words:
            slug, index = self.running[0] if self.running else (None, None)
            yield "stream", {"task": slug, "name": "stderr", "text": self.words + "\n", **of_child(index)}
        state, message, rows = self._verdict()
        rows += self._rest(state, {Seated(*row[:2]) for row in rows})
        if rows:
            yield "tasks", {"rows": rows}
        yield "run", {"state": state.value, "message": message}

    def _verdict(self) -> tuple[StateName, str, list[list[Any]]]:
        """Return the run's state and message, and rows for the tasks that ran."""
        tasks = list(self.running)
        if self.cancelled:
            rows = self._close(tasks, StateName.CANCELLED, "it did not stop when interrupted, and was killed")
            return StateName.CANCELLED, "cancelled; its process did not stop in time and was killed", rows
        if self.overdue and tasks:
            # Only the main thread's tasks have limits; what ran beside it goes down with it.
            beside = f"its process was killed, for {tasks[0]} took too long"
            rows = self._close(tasks[:1], StateName.TIMED_OUT, OVERDUE)
            rows += self._close(tasks[1:], StateName.FAILED, beside)
            return StateName.FAILED, f"{tasks[0]}: {OVERDUE}", rows
        how = f"{how_it_ended(self.code)} {self.exceeded}".rstrip()
        rows = self._close(tasks, StateName.FAILED, f"its process {how}")
        last = f": {self.words.splitlines()[-1]}" if self.words and not tasks else ""
        what = f"{', '.join(map(str, tasks))}: its process {how}" if tasks else f"the run's process {how}{last}"
        return StateName.FAILED, what + self._advice(), rows

    def _close(self, tasks: Iterable[Seated], state: StateName, message: str) -> list[list[Any]]:
        rows: list[list[Any]] = []
        for task in tasks:
            if self.standing.open.get(task) != StateName.RUNNING:
                rows.append([*task, StateName.RUNNING.value, self.at, ""])
            rows.append([*task, state.value, self.at, message])
        return rows

    def _rest(self, state: StateName, closed: set[Seated]) -> list[list[Any]]:
        """Return rows for what else was at work, and for what nothing was ever heard of."""
        fate = f"its process {'was killed' if self.cancelled else how_it_ended(self.code)}"
        standing = self.standing
        rows: list[list[Any]] = [
            [*task, state.value, self.at, fate] for task in standing.unfinished if task not in closed
        ]
        unheard = [task for slug in self.slugs if slug not in standing.heard and (task := Seated(slug)) not in closed]
        # A mapped task may have died with its child before anything was heard of either.
        opened = {task.slug for task in closed}
        rows += self._close((task for task in unheard if task.slug in opened), state, fate)
        waiting = (task for task in unheard if task.slug not in opened)
        return rows + [[*task, StateName.CANCELLED.value, self.at, _NOT_RUN] for task in waiting]

    def _advice(self) -> str:
        if self.exceeded:
            return ". Let it hold less at once, or give it more."
        if self.code == -signal.SIGKILL:
            return ". Something killed it: often the system, for lack of memory."
        if "No module named" in self.words and "jupyter_flows" in self.words.splitlines()[-1]:
            return f". Install jupyter_flows for {self.python}, or register the flow from an environment that has it."
        return ""


def how_it_ended(code: int | None) -> str:
    """Return ``was killed by SIGSEGV``, or what else a process's exit code (negative for a signal) means."""
    if code is None or code >= 0:
        return f"ended early, with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
