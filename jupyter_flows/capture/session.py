"""What a kernel ran, laid over the notebook that is saved: the notebook decides, the newer text counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jupyter_flows.capture.markers import read_marker
from jupyter_flows.capture.notebook_file import Notebook, from_sources
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import MarkerError

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a cell in the kernel; a sequence of them is in the order they happened."""

    #: The cell's text, marks included.
    source: str
    #: The cell's id, where the front end tells it.
    cell_id: str | None = None
    #: When it started; None for cells run before anybody listened.
    at: datetime | None = None
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Merged:
    """The notebook to register, and where kernel and file differ, as sentences."""

    notebook: Notebook
    differences: tuple[str, ...] = ()


def merge(notebook: Notebook | None, executions: Sequence[Execution], *, deleted: Iterable[str] = ()) -> Merged:
    """Return the notebook as it is meant now.

    The document decides which cells there are and their order. A cell's text is that of its last execution
    where this is newer than the document: executions belong to the cell of their id, else to the cell whose
    task has the name that their mark gives. Without a document, cells stand in the order they were first run;
    those that the front end says are `deleted` are left out.
    """
    ran = [_Ran(e, _task_name(e.source)) for e in executions if e.source.strip()]
    return _from_executions(ran, set(deleted)) if notebook is None else _over_document(notebook, ran, set(deleted))


@dataclass(frozen=True, slots=True)
class _Ran:
    execution: Execution
    task: str | None

    @property
    def at(self) -> datetime:
        return self.execution.at or _LONG_AGO

    @property
    def text(self) -> str:
        return _text(self.execution.source)


def _text(source: str) -> str:
    """Return a cell's text as files and kernels both have it."""
    return source.replace("\r\n", "\n").rstrip("\n")


def _task_name(source: str) -> str | None:
    """Return the name that a cell's mark gives its task, if it has one that can be read."""
    try:
        marker = read_marker(Cell(source, 1))
    except MarkerError:
        return None
    return marker.options.name if marker.kind == "task" else None


def _over_document(notebook: Notebook, executions: Sequence[_Ran], deleted: set[str]) -> Merged:
    saved_at = notebook.saved_at or _LONG_AGO
    places = _Places(notebook.cells)
    last: dict[int, _Ran] = {}
    strangers: dict[str, _Ran] = {}
    for ran in executions:
        place = places.find(ran)
        if place is not None:
            last[place] = ran
        elif ran.at > saved_at and ran.execution.cell_id not in deleted and not _drives(ran):
            strangers[ran.execution.cell_id or ran.text] = ran
    newer: dict[int, str] = {}
    differences = []
    for place, ran in sorted(last.items()):
        ordinal = notebook.cells[place].ordinal
        if ran.text == _text(notebook.cells[place].source):
            continue
        if ran.at > saved_at:
            newer[place] = ran.execution.source
            if not _drives(ran):
                differences.append(f"cell {ordinal} was run since: newer text used")
        elif ran.execution.at is not None and not _drives(ran):
            differences.append(f"cell {ordinal} was saved after its last run: saved text used")
    differences += [_missing(ran) for ran in strangers.values()]
    return Merged(notebook.with_sources(newer), tuple(differences))


def _drives(ran: _Ran) -> bool:
    """Tell whether a cell only drives jupyter_flows, or holds nothing: it is missed by nobody."""
    try:
        return read_marker(Cell(ran.execution.source, 1)).kind in ("control", "empty")
    except MarkerError:
        return False


def _missing(ran: _Ran) -> str:
    first = next((line.strip() for line in ran.text.split("\n") if line.strip()), "")
    what = f"task {ran.task!r}" if ran.task else f"`{first[:40]}{'...' if len(first) > 40 else ''}`"  # noqa: PLR2004
    return f"the cell of {what} was run but is not in the saved notebook: save it to take the cell in"


class _Places:
    """Find the cell of a document that an execution was of."""

    def __init__(self, cells: Sequence[Cell]):
        self._ids: dict[str | None, int] = {c.id: n for n, c in enumerate(cells) if c.id}
        self._texts: dict[str, int] = {}
        self._tasks: dict[str, int] = {}
        for n, cell in enumerate(cells):
            self._texts.setdefault(_text(cell.source), n)
            name = _task_name(cell.source)
            if name:
                self._tasks.setdefault(name, n)

    def find(self, ran: _Ran) -> int | None:
        """Return its index: by id, else by the task's name, else by the very text."""
        if ran.execution.cell_id in self._ids:
            return self._ids[ran.execution.cell_id]
        if ran.task and ran.task in self._tasks:
            return self._tasks[ran.task]
        return self._texts.get(ran.text)


def _from_executions(executions: Sequence[_Ran], deleted: set[str]) -> Merged:
    """Make a notebook of what was run; a cell keeps the place of its first run and the text of its last."""
    cells: list[_Ran] = []
    for ran in executions:
        if ran.execution.cell_id is None and ran.task is None and not ran.execution.ok:
            continue  # a typing mistake, most often: nothing tells which cell took its place
        place = _place(ran, cells)
        if place is None:
            cells.append(ran)
        else:
            cells[place] = ran
    kept = [c for c in cells if c.execution.cell_id not in deleted]
    notebook = from_sources(Cell(c.execution.source, 1, c.execution.cell_id) for c in kept)
    return Merged(notebook, ("there is no saved notebook: cells in the order they were first run",))


def _place(ran: _Ran, cells: Sequence[_Ran]) -> int | None:
    """Return the index of the cell that was run again: by id, by the name of its task, or by text without ids."""
    id_ = ran.execution.cell_id
    same: list[Callable[[_Ran], bool]] = [
        lambda c: id_ is not None and c.execution.cell_id == id_,
        lambda c: ran.task is not None and c.task == ran.task,
        lambda c: c.text == ran.text and None in (id_, c.execution.cell_id),
    ]
    return next((n for is_same in same for n, c in enumerate(cells) if is_same(c)), None)
