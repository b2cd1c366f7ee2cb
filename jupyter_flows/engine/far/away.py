"""A run whose functions other processes call, as home leads it."""

from __future__ import annotations

from jupyter_flows.engine.far.ledger import Ledger
from jupyter_flows.engine.task_runner import TaskRunner

#: How often home looks up, so that a cancel is heard.
LOOK_UP_SECONDS = 0.1


class Away:
    """Leads one run to its end; a place where functions are called writes the methods below."""

    def __init__(self, work: TaskRunner):
        self.work = work
        self.ledger = Ledger(work, self.fetch)
        self._told = False

    def run(self) -> None:
        """Have every task called; an interruption ends them all, then goes on."""
        try:
            self._lead()
        except BaseException:
            self.work.cancel()
            self._lead()
            raise
        finally:
            self.close()

    def _lead(self) -> None:
        while True:
            self.ledger.settle()
            if not self.ledger.left:
                break
            if self.work.stopping.is_set():
                if not self._told:
                    self._told = True
                    self.interrupt()
                self.ledger.give_up()
            else:
                self.hand_out()
            if self.ledger.left:
                self.listen(LOOK_UP_SECONDS)
        self.bring_results()
        self.work.gather()

    # -- what a place writes ----------------------------------------------------------------------------

    def hand_out(self) -> None:
        """Send out what is ready."""
        raise NotImplementedError

    def listen(self, seconds: float) -> None:
        """Wait for reports, at most so long, and tell the ledger."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Interrupt what runs; nothing more is handed out."""
        raise NotImplementedError

    def fetch(self, number: int) -> object:
        """Return a task's result."""
        raise NotImplementedError

    def bring_results(self) -> None:
        """Put the results that the run keeps into ``work.results``."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave nothing behind."""
        raise NotImplementedError
