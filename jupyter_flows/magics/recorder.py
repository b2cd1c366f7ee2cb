"""Remember which cells this kernel ran, in which order and with what text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import get_ident
from typing import Any


@dataclass(slots=True)
class Ran:
    """One execution of a cell."""

    #: The text as it stands in the cell, markers included.
    source: str
    #: The cell's id, where the front end tells it.
    cell_id: str | None
    #: When it started; None for cells run before this was listening.
    at: datetime | None
    #: False once it has failed.
    ok: bool = True


def _now() -> datetime:
    return datetime.now(UTC)


class Recorder:
    """Listen to a shell's ``pre_run_cell`` and ``post_run_cell``; only whole cells count.

    A cell magic such as ``%%capture`` runs its body as a cell of its own: that one is not recorded.
    Cells run before the recorder started are taken from the input history, without ids and times.
    """

    def __init__(self, shell: Any, *, clock: Callable[[], datetime] = _now):
        self._shell, self._clock = shell, clock
        #: Cells under way, outermost first: the thread, IPython's info object, what was recorded.
        self._open: list[tuple[int, Any, Ran | None]] = []
        self.ran: list[Ran] = []
        #: Ids of cells that the front end says are deleted.
        self.deleted: set[str] = set()

    def start(self) -> None:
        """Begin to listen; what ran before is taken from the history."""
        self.ran = [Ran(source, None, None) for source in self._shell.history_manager.input_hist_raw[1:] if source]
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def stop(self) -> None:
        """Stop listening."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def forget(self) -> None:
        """Drop everything recorded so far."""
        self.ran.clear()

    def _before(self, info: Any) -> None:
        thread = get_ident()
        ran = None
        if getattr(info, "store_history", True) and not any(at == thread for at, _, _ in self._open):
            metadata = self._metadata(info)
            self.deleted |= set(metadata.get("deletedCells") or ())
            ran = Ran(info.raw_cell, getattr(info, "cell_id", None) or metadata.get("cellId"), self._clock())
            self.ran.append(ran)
        self._open.append((thread, info, ran))

    def _after(self, result: Any) -> None:
        info = getattr(result, "info", None)
        for place, (_, opened, ran) in enumerate(self._open):
            if opened is info:
                if ran is not None:
                    ran.ok = bool(result.success)
                del self._open[place]
                return

    def _metadata(self, info: Any) -> Mapping[str, Any]:
        parent = getattr(self._shell, "parent_header", None)
        of_parent = parent.get("metadata") if isinstance(parent, Mapping) else None
        metadata = getattr(info, "cell_meta", None) or of_parent
        return metadata if isinstance(metadata, Mapping) else {}
