"""What every agent does: announce itself, claim what its labels take, have each run watched, and leave in order."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import ClassVar, Protocol, Self

from jupyter_flows.agent.heartbeat import Heartbeat
from jupyter_flows.agent.watch import Process, RunWatch
from jupyter_flows.core.events import Event
from jupyter_flows.core.labels import normalize
from jupyter_flows.errors import AgentError, RegistryError
from jupyter_flows.registry import Agent, Claim, Registry, Run, open_registry
from jupyter_flows.registry.wakeup import Listener

logger = logging.getLogger("jupyter_flows.agent")

#: A run whose agent is silent for longer is taken from it; a dead process is noticed at once on its own machine.
LEASE_SECONDS = 60.0
#: How often an idle agent looks by itself; it is woken when there is work.
POLL_SECONDS = 2.0


class Runner(Protocol):
    """Where an agent's runs happen."""

    def start(self, claim: Claim, take: Callable[[Event], None]) -> Process:
        """Start a claimed run without waiting for anything slow; `take` gets its events."""

    def before_end(self, registry: Registry, claim: Claim, last: Sequence[Event]) -> None:
        """Do what must be done before a run's end, with its last events, is reported."""

    def close(self) -> None:
        """End what is left."""


class BaseAgent:
    """Take the runs whose labels are among `labels` (without labels: runs without labels). A backend writes `runner`.

    `start` blocks until it is told to stop, `start_in_thread` does not; `run_one` runs one given run.
    At most `max_runs` at once, by default one a processor.
    """

    #: What lists call agents of this class.
    kind: ClassVar[str]

    def __init__(
        self,
        labels: Iterable[str] | None = None,
        name: str | None = None,
        *,
        max_runs: int | None = None,
        registry: Registry | None = None,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        say: Callable[[str], None] = print,
    ):
        self.labels = normalize(labels)
        self.name = name or "-".join([socket.gethostname(), str(os.getpid()), *self.labels])
        self.max_runs = (os.cpu_count() or 1) if max_runs is None else max_runs
        if not isinstance(self.max_runs, int) or self.max_runs < 1:
            raise AgentError(f"An agent takes at least one run at a time, not {max_runs!r}.")
        self._given = registry
        self._lease_seconds, self._poll_seconds, self._say = lease_seconds, poll_seconds, say
        self._watches: dict[int, tuple[RunWatch, threading.Thread]] = {}
        self._stopping = threading.Event()
        self._signalled = 0
        self._wake: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        self._kept: Runner | None = None

    # -- a backend writes these two ------------------------------------------------------------

    def runner(self, registry: Registry, *, lasting: bool = True) -> Runner:
        """Make what runs this agent's runs; not `lasting` when it is for one run only. It may outlive `registry`."""
        raise NotImplementedError

    def where(self) -> str:
        """Say in words where and as whom runs run, after "It runs them"."""
        raise NotImplementedError

    # -- for people ----------------------------------------------------------------------------

    @property
    def running(self) -> tuple[int, ...]:
        """The runs that it has now."""
        return tuple(self._watches)

    def introduction(self) -> str:
        """Say what it takes, as whose user, and from which registry."""
        takes = f"runs labelled {' or '.join(map(repr, self.labels))}" if self.labels else "runs without labels"
        with self._registry() as registry:
            return (
                f"Agent {self.name} takes {takes}, up to {self.max_runs} at once.\n"
                f"It runs them {self.where()}; whoever may write to the registry {registry.name} can run code so."
            )

    # -- started and stopped -------------------------------------------------------------------

    def start(self, *, once: bool = False) -> None:
        """Take runs until stopped: by `stop`, Ctrl-C or SIGTERM, or with `once` when none waits.

        The first signal lets the runs at work finish, a second cancels them. Raises `AgentError` when an
        agent of this name runs already.
        """
        self._say(self.introduction())
        self._stopping.clear()
        with self._signals():
            self._serve(once=once)
        self._say(f"Agent {self.name} has stopped.")

    def start_in_thread(self) -> Self:
        """Take runs from a thread of this process, and return at once; the agent stops with the process."""
        if self._thread is not None and self._thread.is_alive():
            raise AgentError(
                f"Agent {self.name!r} runs already in this process (process {os.getpid()}): stop it first."
            )
        ready: list[BaseException] = []
        begun = threading.Event()
        self._stopping.clear()

        def serve() -> None:
            try:
                self._serve(begun=begun.set)
            except BaseException as error:
                if begun.is_set():
                    logger.exception("Agent %s has stopped", self.name)
                ready.append(error)
            finally:
                begun.set()

        self._thread = threading.Thread(target=serve, name=f"flows-agent-{self.name}", daemon=True)
        self._thread.start()
        begun.wait()
        if ready:
            raise ready[0]
        atexit.register(self.stop, cancel=True, timeout=5.0)
        return self

    def stop(self, *, cancel: bool = False, timeout: float | None = None) -> None:
        """Take no more runs and let those at work finish, or cancel them; wait for an agent started in a thread."""
        self._stopping.set()
        if cancel:
            self._cancel_all()
        self._wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
            atexit.unregister(self.stop)
        if self._kept is not None:
            atexit.unregister(self._kept.close)
            self._kept.close()
            self._kept = None

    def run_one(self, run_id: int, *, keep_warm: bool = False) -> Run:
        """Claim one run, whatever its labels, run it here and return it when it has finished.

        When an agent was quicker, or the run is cancelled or finished, it is returned as it is. `keep_warm` keeps a
        spare process for the next such run, until `stop`. Raises `NoSuchError`.
        """
        with self._registry() as registry, self._announced(registry, f"{self.name}-run-{run_id}", "once", 0) as me:
            claim = registry.runs.claim(me.id, None, lease_seconds=self._lease_seconds, run_id=run_id)
            if claim is not None:
                with self._runner_of_one(registry, keep=keep_warm) as runner:
                    watch = self._watch(registry, runner, claim)
                    self._watches[run_id] = (watch, threading.current_thread())
                    try:
                        watch.run()
                    finally:
                        del self._watches[run_id]
            return registry.runs.get(run_id)

    @contextmanager
    def _runner_of_one(self, registry: Registry, *, keep: bool) -> Iterator[Runner]:
        """Give a runner for one run; a kept one is used again and closed by `stop` or at the process's end."""
        if not keep:
            with closing(self.runner(registry, lasting=False)) as runner:
                yield runner
            return
        if self._kept is None:
            self._kept = self.runner(registry)
            atexit.register(self._kept.close)
        yield self._kept

    # -- at work -------------------------------------------------------------------------------

    def _serve(self, *, once: bool = False, begun: Callable[[], None] = lambda: None) -> None:
        with (
            self._registry() as registry,
            self._announced(registry, self.name, self.kind, self.max_runs) as me,
            closing(self.runner(registry)) as runner,
        ):
            listener = registry.wakeups.listen()
            self._wake = listener.poke
            try:
                begun()
                while not self._stopping.is_set():
                    more = self._take_all(registry, runner, me)
                    if once and not self._watches and not more:
                        break
                    listener.wait(self._poll_seconds)
                self._drain(listener)
            finally:
                self._wake = lambda: None
                listener.close()

    def _take_all(self, registry: Registry, runner: Runner, me: Agent) -> bool:
        """Claim and launch while there is room; return whether more waits, as far as one can tell."""
        try:
            while registry.runs.waits(self.labels):
                if len(self._watches) >= self.max_runs:
                    return True
                claim = registry.runs.claim(me.id, self.labels, lease_seconds=self._lease_seconds)
                if claim is not None:
                    self._launch(registry, runner, claim)
        except RegistryError as error:
            logger.warning("Agent %s could not look for work: %s", self.name, error)
            return True
        return False

    def _launch(self, registry: Registry, runner: Runner, claim: Claim) -> None:
        watch = self._watch(registry, runner, claim)
        run_id = claim.run.id

        def run() -> None:
            try:
                watch.run()
            except Exception:
                logger.exception("Run %d is watched no more", run_id)
            finally:
                self._watches.pop(run_id, None)
                self._wake()

        thread = threading.Thread(target=run, name=f"flows-run-{run_id}", daemon=True)
        self._watches[run_id] = (watch, thread)
        thread.start()

    def _watch(self, registry: Registry, runner: Runner, claim: Claim) -> RunWatch:
        return RunWatch(
            registry,
            claim,
            lambda take: runner.start(claim, take),
            before_end=lambda last: runner.before_end(registry, claim, last),
        )

    def _drain(self, listener: Listener) -> None:
        """Wait until the runs at work have finished; a second signal cancels them."""
        firmly = False
        if self._watches and self._signalled:
            self._say(f"Finishing run {', '.join(map(str, self._watches))}, taking no more; once more cancels it.")
        while self._watches:
            if self._signalled > 1 and not firmly:
                firmly = True
                self._say("Cancelling the runs at work.")
                self._cancel_all()
            listener.wait(self._poll_seconds)

    def _cancel_all(self) -> None:
        for watch, _ in list(self._watches.values()):
            watch.cancel()

    # -- around --------------------------------------------------------------------------------

    @contextmanager
    def _registry(self) -> Iterator[Registry]:
        if self._given is not None:
            yield self._given
            return
        with open_registry() as registry:
            yield registry

    @contextmanager
    def _announced(self, registry: Registry, name: str, kind: str, max_runs: int) -> Iterator[Agent]:
        """Be in the registry's list of agents, with a beating heart."""
        me = registry.agents.start(name, kind, self.labels, max_runs=max_runs)
        try:
            with Heartbeat(registry, me.id, lambda: len(self._watches), lost=self._lose):
                registry.runs.expire()
                yield me
        finally:
            registry.agents.stop(me.id)

    def _lose(self) -> None:
        self._stopping.set()
        self._wake()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the agent gently, then firmly; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._signalled = 0
        old = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # No more than this: it may interrupt anything, printing included.
        self._signalled += 1
        self._stopping.set()
        self._wake()
