"""Run one run in this command, by no agent."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class RunHere:
    """Run a run from a thread for as long as the ``with`` block lasts; leaving it waits until the run has ended."""

    def __init__(self, run_id: int, *, strict: bool = False):
        self._run_id, self._strict = run_id, strict
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=f"flows-here-{run_id}", daemon=True)

    def _work(self) -> None:
        try:
            from jupyter_flows.agent.local import LocalAgent

            LocalAgent(strict=self._strict, say=lambda _: None).run_one(self._run_id)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._error = error

    def stopped(self) -> bool:
        """Tell whether it works no more on the run."""
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error
