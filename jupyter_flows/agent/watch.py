"""Watch one run: its events go to the registry in batches, a cancel goes to its process."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, StateName
from jupyter_flows.errors import ClashError, FlowsError, NoSuchError, RegistryError, RunError
from jupyter_flows.registry import Claim, Registry

logger = logging.getLogger("jupyter_flows.agent")

#: At most so often a batch of outputs and logs goes to the registry; states go at once.
BATCH_SECONDS = 0.1
#: How long a cancel may wait to be seen.
CANCEL_SECONDS = 0.25
#: How long the process may stay silent after it has ended, before the run is failed for it.
LAST_WORDS_SECONDS = 5.0
#: A report that the registry can't take is tried again for so many leases.
GIVE_UP_LEASES = 10

_FINAL = frozenset(state.value for state in FINISHED)


class Process(Protocol):
    """What a watch needs of a launched process (`engine.launcher.Process`)."""

    @property
    def finished(self) -> bool:
        """Whether it has ended."""

    def cancel(self) -> None:
        """Ask it to stop, and see to it that it does."""

    def kill(self) -> None:
        """End it now."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it is gone."""


class RunWatch:
    """One claimed run from its launch to its last report.

    `start` launches, given where events go; `before_end` is called with the last, unreported events before
    the run's end is reported, so that whoever sees the end finds what it writes.
    """

    def __init__(
        self,
        registry: Registry,
        claim: Claim,
        start: Callable[[Callable[[Event], None]], Process],
        *,
        before_end: Callable[[Sequence[Event]], None],
        clock: Callable[[], float] = time.time,
    ):
        self.claim = claim
        self._registry, self._start, self._before_end, self._clock = registry, start, before_end, clock
        self._news = threading.Condition()
        self._events: list[Event] = []
        self._last_seq = 0
        self._reported = 0.0
        self._urgent = self._ended = self._cancel = self._told = self._abandoned = False

    # -- called from other threads -------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Keep an event for the next report; the launcher's thread calls this."""
        with self._news:
            if self._ended:
                return
            self._events.append(event)
            self._last_seq = event.seq
            if event.kind == "run":
                self._urgent = True
                self._ended = _is_end(event)
            self._news.notify()

    def cancel(self) -> None:
        """Stop the run, as if a person had asked for it."""
        with self._news:
            self._cancel = True
            self._news.notify()

    # -- the watch's own thread ----------------------------------------------------------------

    def run(self) -> None:
        """Launch, then report until the run has ended or another agent has it."""
        try:
            process = self._start(self.take)
        except Exception as error:  # noqa: BLE001 - whatever it was, the run must say so
            self._fail(_reason(error))
            self._report_all()
            return
        try:
            self._serve_to_the_end(process)
        finally:
            if self._abandoned:
                process.kill()
            # Its end is reported; what it still does (exit handlers) is waited for, shortly.
            process.wait(LAST_WORDS_SECONDS)

    def _serve_to_the_end(self, process: Process) -> None:
        try:
            try:
                self._serve(process)
            except KeyboardInterrupt:
                # Ctrl-C where the run is watched: it is cancelled as gently as from elsewhere; a second one is firm.
                self.cancel()
                self._serve(process)
                raise
        except BaseException as error:
            if not self._ended:
                self._give_up(error)
            raise

    def _give_up(self, error: BaseException) -> None:
        """Say that the run is watched no more, as far as the registry can still be told."""
        self._abandoned = True
        stopped = isinstance(error, KeyboardInterrupt)
        state = StateName.CANCELLED if stopped else StateName.FAILED
        message = "interrupted" if stopped else f"its agent had to let go of it: {error!r}"
        with contextlib.suppress(FlowsError):
            self._registry.runs.report(self.claim.run.id, self.claim.token, [self._end(state, message)])

    def _serve(self, process: Process) -> None:
        self._reported = asked = time.monotonic()
        silent_since: float | None = None
        renew_seconds = self.claim.lease_seconds / 3
        while not self._abandoned:
            batch = self._next_batch(min(CANCEL_SECONDS, renew_seconds))
            now = time.monotonic()
            if batch or now - self._reported > renew_seconds:
                self._report(batch)
                self._reported = now
            elif now - asked > CANCEL_SECONDS:
                asked = now
                self._look_for_cancel()
            if self._ended and not self._events:
                return
            if self._cancel and not self._told:
                self._told = True
                process.cancel()
            if process.finished and not self._ended:
                silent_since = now if silent_since is None else silent_since
                if now - silent_since > LAST_WORDS_SECONDS:
                    self._fail("The run's process ended without a word. Run it again.")

    def _next_batch(self, seconds: float) -> list[Event]:
        """Wait for events; unless they are urgent, until the last report is long enough ago."""
        with self._news:
            self._news.wait_for(lambda: self._events or self._wants_cancel(), seconds)
            early = self._reported + BATCH_SECONDS - time.monotonic()
            if self._events and early > 0:
                self._news.wait_for(lambda: self._urgent or self._wants_cancel(), early)
            batch, self._events, self._urgent = self._events, [], False
        return batch

    def _wants_cancel(self) -> bool:
        return self._cancel and not self._told

    def _report(self, batch: list[Event]) -> None:
        """Report a batch, again and again while the registry can't take it."""
        run_id, pause = self.claim.run.id, BATCH_SECONDS
        if batch and _is_end(batch[-1]):
            self._before_end(batch)
        give_up_at = time.monotonic() + GIVE_UP_LEASES * self.claim.lease_seconds
        while True:
            try:
                if self._registry.runs.report(run_id, self.claim.token, batch):
                    self._cancel = True
                return
            except (ClashError, NoSuchError) as error:
                logger.warning(str(error))
                self._abandoned = True
                return
            except RunError as error:
                self._report_nonsense(batch, error)
                return
            except RegistryError as error:
                if time.monotonic() > give_up_at:
                    raise
                logger.warning("Run %d could not report, trying again: %s", run_id, error)
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    def _report_nonsense(self, batch: list[Event], error: RunError) -> None:
        """Fail a run whose process reported what can't be, with that as its reason."""
        self._abandoned = True
        kept = [event for event in batch if event.kind not in ("run", "tasks")]
        self._registry.runs.report(
            self.claim.run.id, self.claim.token, [*kept, self._end(StateName.FAILED, str(error))]
        )

    def _look_for_cancel(self) -> None:
        try:
            self._cancel = self._cancel or self._registry.runs.cancel_requested(self.claim.run.id)
        except RegistryError as error:
            logger.warning("Run %d could not ask whether it is cancelled: %s", self.claim.run.id, error)

    def _report_all(self) -> None:
        with self._news:
            batch, self._events = self._events, []
        self._report(batch)

    def _fail(self, message: str) -> None:
        self.take(self._end(StateName.FAILED, message))

    def _end(self, state: StateName, message: str) -> Event:
        self._last_seq += 1
        return Event(self._last_seq, self._clock(), "run", {"state": state.value, "message": message})


def _is_end(event: Event) -> bool:
    return event.kind == "run" and event.body.get("state") in _FINAL


def _reason(error: Exception) -> str:
    return (
        str(error)
        if isinstance(error, FlowsError)
        else f"The run could not be started: {type(error).__name__}: {error}."
    )
