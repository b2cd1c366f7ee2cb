"""Keep what cells leave behind, while a run goes on."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import monotonic
from typing import Any

from jupyter_flows.core.cell import EVERYTHING
from jupyter_flows.core.events import Event
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.context import on_worker
from jupyter_flows.engine.elements import Elements
from jupyter_flows.engine.masking import process_masker
from jupyter_flows.engine.results.freezing import freeze
from jupyter_flows.engine.results.groups import Group, Groups
from jupyter_flows.engine.results.hidden import Hidden, can_be_put_back
from jupyter_flows.engine.results.journal import SHOWN, Holding, Journal, Step
from jupyter_flows.engine.results.references import References
from jupyter_flows.errors import NoRoomError

#: What storing a cell's values may take, however short the cell was; longer ones may take as long as they ran.
LEAST_SECONDS = 0.5


log = logging.getLogger(__name__)


class Keeper:
    """Runs cells, and after each writes down what changed."""

    def __init__(
        self,
        run_cell: Any,
        journal: Journal,
        references: References,
        keys: Mapping[str, str],
    ):
        self._inner, self._journal, self._references, self._keys = run_cell, journal, references, keys
        self._run_cell: Callable[[CellTask], None] = run_cell
        self._groups, self._hidden = Groups(references), Hidden()
        self._lock = threading.RLock()
        self._at_work = 0
        #: Cells that have ended since the last look, and whether well.
        self._ended: dict[CellTask, bool] = {}
        self._seconds = 0.0
        self._broken = False
        #: As `home.leave_of` asks for it.
        self.may_leave = getattr(run_cell, "may_leave", None)

    def __call__(self, task: CellTask) -> None:
        """Run a cell; of a mapped one, one run of many, after which nothing is looked at yet."""
        if task.options.map:
            self._run_cell(task)
            return
        with self._lock:
            self._at_work += 1
        start, well, pid = monotonic(), False, os.getpid()
        try:
            self._run_cell(task)
            well = True
        finally:
            if os.getpid() == pid:  # A process that the cell forked ends here, and keeps nothing.
                self._has_run(task, well=well, seconds=monotonic() - start)

    def _has_run(self, task: CellTask, *, well: bool, seconds: float) -> None:
        with self._lock:
            self._at_work -= 1
            self._ended[task] = well
            self._seconds += seconds
            if well and task.definition:
                self._references.define(self._keys[task.name], self._bound(task))
            if not on_worker.get():
                self.look()

    def elements(self, task: CellTask) -> Elements:
        """Return the elements that a mapped cell runs for."""
        elements: Elements = self._inner.elements(task)
        elements.on_finish = partial(self._note_mapped, task)
        return elements

    def _note_mapped(self, task: CellTask) -> None:
        """Look at what all runs of a mapped cell have left; it is not known whether all went well, so it runs again."""
        with self._lock:
            self._ended[task] = False
            self.look()

    def start(self) -> None:
        """Look at what is there before the first cell."""
        self._groups.look(None, seconds=60.0)
        self._hidden.changes()

    def hear(self, event: Event) -> None:
        """Keep what a cell shows."""
        if event.kind in SHOWN and event.body.get("task"):
            self._journal.show(event)

    def look(self) -> None:
        """Write down what has changed since the last time; a run whose results can't be kept goes on without."""
        with self._lock:
            if self._ended and not self._at_work and not self._broken:
                self._look()

    def _look(self) -> None:
        ended, self._ended = self._ended, {}
        seconds, self._seconds = max(LEAST_SECONDS, self._seconds), 0.0
        try:
            self._journal.add(Step({t.name: well for t, well in ended.items()}, self._holdings(ended, seconds)))
        except Exception:
            # What has changed meanwhile is not known any more; what was written before is as good as it was.
            self._broken = True
            log.warning("Results are kept no more", exc_info=True)
        except BaseException:
            self._broken = True
            raise

    def _bound(self, task: CellTask) -> dict[str, Any]:
        main = self._references.main
        return {name: main[name] for name in task.writes if name in main}

    def _holdings(self, ended: Iterable[CellTask], seconds: float) -> list[Holding]:
        cells = list(ended)
        touched = None if any(map(_is_opaque, cells)) else {n for t in cells if t.changes for n in _mentions(t)}
        changed, gone = self._groups.look(touched, seconds=seconds)
        found = [self._holding(group, makers(cells, group.names | group.before)) for group in changed]
        found += [Holding((n,), makers(cells, with_), None, gone=True) for n, with_ in sorted(gone.items())]
        for name, state in self._hidden.changes().items():
            by = frozenset(t.name for t in cells if any(h.endswith((name, EVERYTHING)) for h in t.hidden))
            found.append(self._of_state(name, by or frozenset(t.name for t in cells), state))
        return found

    def _holding(self, group: Group, by: frozenset[str]) -> Holding:
        names = tuple(sorted(group.names))
        if group.data is None:
            return Holding(names, by, None, why=group.why)
        if _tells(group.data):
            return Holding(names, by, None, why="it holds a secret")
        try:
            return Holding(names, by, self._journal.store(group.data), plain=group.plain)
        except NoRoomError as error:
            return Holding(names, by, None, why=str(error))

    def _of_state(self, name: str, by: frozenset[str], state: Any) -> Holding:
        if not can_be_put_back(name, state):
            return Holding((name,), by, None, why="it can't be put back")
        try:
            data = freeze({name: state}, self._references, seconds=LEAST_SECONDS).data
        except Exception as error:  # noqa: BLE001 - settings may hold anything
            return Holding((name,), by, None, why=f"{error}"[:200])
        return Holding((name,), by, None if _tells(data) else self._journal.store(data))


def makers(cells: list[CellTask], names: Iterable[str]) -> frozenset[str]:
    """Return the cells that may have changed what these names hold, or held before.

    Those that bind or delete one of the names. Those that change objects and mention one of the names, or a name
    that is mentioned together with one: between two looks one cell may tie to a name what another one changes.
    All cells, if none does.
    """
    wanted = set(names)
    reached, tied = set(wanted), set[CellTask]()
    while more := {t for t in cells if t not in tied and (reached & _mentions(t) or _is_opaque(t))}:
        tied |= more
        reached |= {name for t in more for name in _mentions(t)}
    found = {t for t in cells if wanted & (t.writes | t.touches)} | {t for t in tied if t.changes}
    return frozenset(t.name for t in found or cells)


def _is_opaque(task: CellTask) -> bool:
    """Tell whether nobody can follow what a cell does."""
    return f"use {EVERYTHING}" in task.hidden


def _mentions(task: CellTask) -> frozenset[str]:
    return task.reads | task.writes | task.touches


def _tells(data: bytes) -> bool:
    """Tell whether there is a secret in it."""
    if not process_masker.hides_anything:
        return False
    text = data.decode("latin-1")
    return process_masker.text(text) != text
