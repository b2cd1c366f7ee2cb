"""The desk at which another process calls a run's functions, with all that home would do around the call."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import random
from time import monotonic, time
from typing import Any

import cloudpickle

from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.core.unpicklable import failing_path
from jupyter_flows.engine.context import Place, current_index, current_number, current_place, current_try
from jupyter_flows.engine.deadline import OutOfTime, deadline
from jupyter_flows.engine.failure import describe
from jupyter_flows.engine.far.luggage import Luggage, Trip, unpack
from jupyter_flows.engine.far.streams import Speech, route_streams, speech
from jupyter_flows.engine.interruption import interrupt_threads
from jupyter_flows.engine.tries import seconds_until_next, state_after
from jupyter_flows.engine.whole_text import WholeTexts

#: A task that runs for longer is reported as running; text is sent as often.
TICK_SECONDS = 0.1

Account = list[tuple[str, float, str]]
"""A task's states in order, each with time and message."""


class Absent:
    """What a task that failed gives instead of a result: who takes it must not be called."""


class Unsendable(Exception):
    """A result can't leave the process it was made in."""


class Desk:
    """Calls free tasks by number, and reports: ``send(kind, number, ...)``.

    ``"running", number, since`` of a task that takes a while; ``"text", number, stream, text``; ``"log", number,
    level, logger, message``; ``"limit", number, until`` by the machine's monotonic clock, 0 for none any more; and
    ``"end", number, account, error, more`` last: the error pickled, `more` from `seal`. `seal` makes of a result what
    is handed back and what goes with the report; it raises `Unsendable`. `read` makes an argument of what was handed
    over. Where the way home is `narrow`, very long texts stay in a file here, and limits are not told.
    """

    def __init__(
        self,
        luggage: bytes,
        send: Callable[..., None],
        seal: Callable[[Any], tuple[Any, Any]],
        *,
        read: Callable[[Any], Any] = lambda result: result,
        narrow: bool = False,
        clock: Callable[[], float] = time,
    ):
        self._packed, self._send, self._seal, self._read, self._clock = luggage, send, seal, read, clock
        self._narrow = narrow
        self._lock = threading.Lock()
        self._luggage: Luggage | None = None
        self._stopping = threading.Event()
        self._over = threading.Event()
        #: What runs: number to when it began, the thread, and its words.
        self._running: dict[int, tuple[float, int, Speech]] = {}
        self._announced: set[int] = set()
        threading.Thread(target=self._watch, name="desk", daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return bool(self._running)

    def call(self, number: int, results: Sequence[Any], *, parent: int | None = None, index: int | None = None) -> Any:
        """Call a task, retries included; return what `seal` made of its result, or `Absent` if it has none.

        Of a child, `parent` is the mapped task, and `index` says which child it is.
        """
        if any(type(result) is Absent for result in results):
            return Absent()
        voice = Speech(number, self._send, WholeTexts() if self._narrow else None)
        start = self._clock()
        self._running[number] = start, threading.get_ident(), voice
        account: Account = []
        error: BaseException | None = None
        sealed, more = Absent(), None
        try:
            luggage = self._unpacked()
            trip = luggage.trips[number if parent is None else parent]
            place = current_place.set(Place(luggage.run, (trip.slug,)))
            mine, child = current_number.set(0), current_index.set(index)
            words = speech.set(None if luggage.at_home else voice)
            try:
                sealed, more, error = self._tries(number, trip, [self._read(r) for r in results], account)
            finally:
                current_place.reset(place)
                current_number.reset(mine)
                current_index.reset(child)
                speech.reset(words)
        except BaseException as reason:  # noqa: BLE001 - home must hear of anything
            error = reason
            account[:] = [("Running", start, ""), ("Failed", self._clock(), f"{type(reason).__name__}: {reason}")]
        self._running.pop(number, None)
        self._announced.discard(number)
        voice.close()
        self._send("end", number, account, _pickled(error), more)
        return sealed

    def interrupt(self) -> None:
        """Interrupt what runs on threads: each meets it when it next runs Python code; and try nothing again."""
        self._stopping.set()
        interrupt_threads({thread for _, thread, _ in list(self._running.values())})

    def close(self) -> None:
        """Report no more."""
        self._over.set()
        if self._luggage:
            self._luggage.clean()

    def _unpacked(self) -> Luggage:
        with self._lock:
            if self._luggage is None:
                self._luggage = unpack(self._packed)
                if not self._luggage.at_home:
                    route_streams()
            return self._luggage

    @contextmanager
    def _limited(self, number: int, seconds: float | None) -> Iterator[None]:
        """Tell home until when a try must have ended, so that it can end the process of one that nothing interrupts."""
        if seconds is None or self._narrow:
            yield
            return
        self._send("limit", number, monotonic() + seconds)
        try:
            yield
        finally:
            self._send("limit", number, 0.0)

    def _tries(
        self, number: int, trip: Trip, results: Sequence[Any], account: Account
    ) -> tuple[Any, Any, BaseException | None]:
        task, attempt = trip.task, 0
        while True:
            attempt += 1
            current_try.set(attempt)
            account.append((StateName.RUNNING.value, self._clock(), ""))
            try:
                with deadline(task.timeout_seconds), self._limited(number, task.timeout_seconds):
                    value = trip.call(results)
                sealed, more = self._seal(value)
            except BaseException as error:  # noqa: BLE001 - a task may raise anything
                state = self._state_after(task, attempt, error)
                account.append((state.name.value, self._clock(), state.message))
                if state.name is StateName.SUCCESS:  # A signal, whose result is as good as a returned one.
                    return *self._seal(state.result), None
                if state.name is not StateName.RETRYING:
                    return Absent(), None, state.result if isinstance(state.result, BaseException) else None
                if self._stopping.wait(seconds_until_next(task, attempt, error, now=self._clock(), chance=random())):
                    return Absent(), None, error
            else:
                account.append((StateName.SUCCESS.value, self._clock(), ""))
                return sealed, more, None

    def _state_after(self, task: Task, attempt: int, error: BaseException) -> State:
        words = str(error) if isinstance(error, OutOfTime | Unsendable) else describe(error, task)
        if self._stopping.is_set() or isinstance(error, Unsendable):
            return State(StateName.FAILED, words, error)
        return state_after(task, attempt, error, words)

    def _watch(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            now = self._clock()
            for number, (start, _, voice) in list(self._running.items()):
                if number not in self._announced and now - start > TICK_SECONDS:
                    self._announced.add(number)
                    self._send("running", number, start)
                voice.flush()


def unsendable(value: Any, error: Exception) -> Unsendable:
    """Return what to raise of a result that can't be pickled: it names the part that can't."""
    path, kind = failing_path(value, "result")
    part = "its result" if path == "result" else f"{path} in its result"
    advice = "return plain values, or use LocalExecutor"
    return Unsendable(f"{part} is a {kind}, which can't be sent to another process ({error}): {advice}")


def _pickled(error: BaseException | None) -> bytes:
    if error is None:
        return b""
    try:
        data = bytes(cloudpickle.dumps(error))
        pickle.loads(data)  # noqa: S301 - our own bytes: not every error that can be written can be read
    except Exception:  # noqa: BLE001 - whatever an error's own pickling raises
        return b""
    return data
