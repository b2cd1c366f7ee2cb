"""Processes of this machine that call a run's functions."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, cast

import cloudpickle

from jupyter_flows.core.state import StateName
from jupyter_flows.engine.deadline import OVERDUE, OVERDUE_SECONDS
from jupyter_flows.engine.far.away import Away
from jupyter_flows.engine.far.luggage import arguments_to_come, pack
from jupyter_flows.engine.task_runner import TaskRunner


class Hand:
    """One process, and the task that it has."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", "jupyter_flows.engine.far.process", str(theirs.fileno())]
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
        self.connection = Connection(ours.detach())
        self.number: int | None = None
        #: Until when the task's try must have ended, by the monotonic clock; 0 for no limit.
        self.limit = 0.0

    def fate(self) -> str:
        """Say how the process, which is gone, went."""
        code = self.popen.wait()
        if code >= 0:
            return f"its process ended, with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        advice = " (often the system, for lack of memory)" if code == -signal.SIGKILL else ""
        return f"its process was killed by {name}{advice}"

    def end(self) -> None:
        """End the process: at once if it is at work, else by closing its line."""
        if self.number is not None:
            self.popen.kill()
        self.connection.close()
        self.popen.wait()


class Processes(Away):
    """Has free tasks called by at most `size` processes; results travel pickled, and are read where they are taken."""

    def __init__(self, work: TaskRunner, size: int):
        super().__init__(work)
        self._size = size
        self._hands: list[Hand] = []
        self._packed = b""
        #: What was at home when the luggage was packed, and so is in it.
        self._known: set[int] = set()
        #: Pickled results, and how many tasks have yet to take each.
        self._blobs: dict[int, bytes] = {}
        self._takers = takers(work)

    def hand_out(self) -> None:
        """Give ready tasks to idle processes; start another process while there is more to do."""
        while self.ledger.has_ready and (hand := self._idle()):
            number = self.ledger.take_ready()
            if number is None:
                return
            hand.number = number
            self.work.away[number] = self.work.now(), 0
            coming = arguments_to_come(self.work, number, self._known)
            try:
                hand.connection.send((number, *self.work.whose(number), [self._blob(place) for place in coming]))
            except OSError:
                self._lose(hand)
            for place in filter(self.work.is_result, set(coming)):
                self._takers[place] = self._takers_of(place) - 1
                if not self._takers[place] and not self.work.keeps_results:
                    self._blobs.pop(place, None)

    def listen(self, seconds: float) -> None:
        """Take what the processes say, and notice those that are gone."""
        hands = {hand.connection: hand for hand in self._hands}
        for connection in wait(list(hands), seconds):
            hand = hands[cast(Connection, connection)]
            try:
                while hand.connection.poll():
                    self._hear(hand, hand.connection.recv())
            except (EOFError, OSError):
                self._lose(hand)
        for hand in [hand for hand in self._hands if 0 < hand.limit < monotonic() - OVERDUE_SECONDS]:
            self._end_overdue(hand)

    def interrupt(self) -> None:
        """Interrupt the tasks, as a keyboard does."""
        for hand in self._hands:
            if hand.number is not None:
                with suppress(ProcessLookupError):
                    hand.popen.send_signal(signal.SIGINT)

    def fetch(self, number: int) -> Any:
        """Unpickle a result."""
        return cloudpickle.loads(self._blobs[number])

    def bring_results(self) -> None:
        """Unpickle all results, if they are kept."""
        if self.work.keeps_results:
            for number in self._blobs:
                self.work.results[number] = self.fetch(number)

    def close(self) -> None:
        """End all processes."""
        while self._hands:
            self._hands.pop().end()

    def _idle(self) -> Hand | None:
        idle = next((hand for hand in self._hands if hand.number is None), None)
        if idle is not None or len(self._hands) >= self._size:
            return idle
        if not self._packed:
            self._known = set(self.ledger.at_home)
            self._packed = pack(self.work, self._known)
        hand = Hand()
        self._hands.append(hand)
        hand.connection.send((sys.path, self._packed))
        return hand

    def _takers_of(self, number: int) -> int:
        """Return how many tasks have yet to take a result; a child's may go to each task below its own."""
        known = self._takers.get(number)
        return len(set(self.work.below(number))) if known is None and self.work.is_child(number) else known or 0

    def _blob(self, number: int) -> bytes:
        return self._blobs[number] if number in self._blobs else bytes(cloudpickle.dumps(self.work.results[number]))

    def _hear(self, hand: Hand, message: tuple[Any, ...]) -> None:
        kind, number, *rest = message
        if kind == "limit":
            hand.limit = rest[0]
            return
        if kind == "end":
            hand.number, hand.limit = None, 0.0
            if rest[-1] is not None and (self._takers_of(number) or self.work.keeps_results):
                self._blobs[number] = rest[-1]
        self.ledger.hear(kind, number, *rest)

    def _end_overdue(self, hand: Hand) -> None:
        """Kill the process of a task that is past its limit in code that nothing interrupts."""
        number = hand.number
        self._hands.remove(hand)
        hand.end()
        if number is not None:
            self.ledger.fail(number, OVERDUE, StateName.TIMED_OUT)

    def _lose(self, hand: Hand) -> None:
        """Fail the task of a process that died."""
        self._hands.remove(hand)
        number, hand.number = hand.number, None
        fate = hand.fate()
        hand.connection.close()
        if number is not None:
            self.ledger.fail(number, fate)


def takers(work: TaskRunner) -> dict[int, int]:
    """Return, for each task, how many tasks take its result."""
    counts: dict[int, int] = {}
    for _, places, _ in work.plan.calls:
        for place in set(places):
            if place < work.plan.size:
                counts[place] = counts.get(place, 0) + 1
    return counts
