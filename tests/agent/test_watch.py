"""A watch brings a run's events to the registry, and a cancel to its process."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from jupyter_flows.agent import watch as watches
from jupyter_flows.agent.watch import RunWatch
from jupyter_flows.core.events import Event
from jupyter_flows.core.state import StateName
from jupyter_flows.errors import RegistryError
from jupyter_flows.registry import open_registry
from tests.contracts.registry import ARTIFACT, PLACE, Clock, Events, document, mark

S = StateName


class Process:
    """A process that does what a test says, when it is asked to."""

    def __init__(self):
        self.finished = False
        self.cancelled = threading.Event()
        self.killed = False
        self.on_cancel: Callable[[], None] = lambda: None

    def cancel(self):
        self.cancelled.set()
        self.on_cancel()

    def kill(self):
        self.killed = self.finished = True

    def wait(self, timeout=None):
        return 0


class Bench:
    """A registry with one claimed run, and a watch of it over a scripted process."""

    def __init__(self, path):
        self.clock = Clock()
        self.registry = open_registry(path, clock=self.clock)
        version, _ = self.registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        self.run_id = self.registry.runs.create(version).id
        self.agent = self.registry.agents.start("one", "local", mark=mark(1))
        self.claim = self.registry.runs.claim(self.agent.id, [], lease_seconds=60)
        self.events, self.process = Events(self.clock), Process()
        self.last: list[list[int]] = []

    def watch(self, script: Callable[[Callable[[Event], None]], None]) -> RunWatch:
        def start(take: Callable[[Event], None]) -> Process:
            script(take)
            return self.process

        def before_end(batch):
            self.last.append([e.seq for e in batch])

        return RunWatch(self.registry, self.claim, start, before_end=before_end, clock=self.clock)

    def run(self):
        return self.registry.runs.get(self.run_id)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "registry.sqlite")
    yield bench
    bench.registry.close()


def test_everything_is_reported(bench):
    """All events arrive, in order, and the end is announced to who writes before it is reported."""

    def script(take):
        for event in (bench.events.state("Running"), bench.events.task("a", "Running"), bench.events.state("Success")):
            take(event)

    bench.watch(script).run()
    assert bench.run().state is S.SUCCESS
    assert [e.seq for e in bench.registry.runs.events(bench.run_id)] == [1, 2, 3]
    assert bench.last == [[1, 2, 3]]
    assert not bench.process.killed


def test_what_is_written_is_there_before_the_end_is(bench):
    """Whoever sees the run finished finds its notebook: writing comes first."""
    seen = []
    watch = bench.watch(lambda take: [take(bench.events.state(s)) for s in ("Running", "Success")])
    watch._before_end = lambda _last: seen.append(bench.run().state)
    watch.run()
    assert seen == [S.SUBMITTED]


def test_a_process_that_cannot_start_fails_the_run(bench):
    """A run that can't be launched is Failed with the reason."""

    def start(_take):
        raise OSError(2, "No such file", "/venv/bin/python")

    RunWatch(bench.registry, bench.claim, start, before_end=lambda last: None).run()
    run = bench.run()
    assert run.state is S.FAILED
    assert "/venv/bin/python" in run.message


def test_a_cancel_reaches_the_process(bench):
    """A run cancelled while its process is silent has its process asked to stop, and ends as Cancelled."""
    watch = bench.watch(lambda take: take(bench.events.state("Running")))
    bench.process.on_cancel = lambda: watch.take(bench.events.state("Cancelled"))
    thread = threading.Thread(target=watch.run)
    thread.start()
    for _run, _new in bench.registry.runs.follow(bench.run_id, stop=lambda: bench.run().state is S.RUNNING):
        pass
    bench.registry.runs.cancel(bench.run_id)
    thread.join(30)
    assert bench.process.cancelled.is_set()
    assert bench.run().state is S.CANCELLED


def test_a_lost_lease_kills_the_process(bench):
    """A run that another agent has by now is let go of at once; nothing more is written."""
    bench.clock.advance(61)
    bench.registry.runs.expire()
    bench.watch(lambda take: take(bench.events.state("Running"))).run()
    assert bench.process.killed
    assert bench.run().state is S.SCHEDULED
    assert bench.registry.runs.events(bench.run_id) == []


def test_a_process_that_ends_without_a_word(bench, monkeypatch):
    """A process that is gone and never said how its run ended fails it."""
    monkeypatch.setattr(watches, "LAST_WORDS_SECONDS", 0.0)
    bench.process.finished = True
    bench.watch(lambda take: take(bench.events.state("Running"))).run()
    run = bench.run()
    assert (run.state, "without a word" in run.message) == (S.FAILED, True)


@pytest.mark.parametrize(
    "nonsense",
    [
        Event(2, 1.0, "run", {"state": "Flying"}),
        Event(2, 1.0, "tasks", {"rows": [["a"]]}),
        Event(2, 1.0, "run", {"state": "Mapped"}),
    ],
)
def test_nonsense_fails_the_run(bench, nonsense):
    """A process that reports what can't be is stopped; its run fails with that reason and keeps its logs."""

    def script(take):
        take(Event(1, 1.0, "notice", {"message": "kept"}))
        take(nonsense)

    bench.watch(script).run()
    assert bench.run().state is S.FAILED
    assert bench.process.killed
    assert [e.body["message"] for e in bench.registry.runs.events(bench.run_id, kinds=["notice"])] == ["kept"]


def test_a_busy_registry_is_tried_again(bench, monkeypatch):
    """Events are kept while the registry can't take them, and none is lost."""
    report, refused = bench.registry.runs.report, iter([True, True, False])

    def sometimes(*args):
        if next(refused, False):
            raise RegistryError("busy")
        return report(*args)

    monkeypatch.setattr(bench.registry.runs, "report", sometimes)
    bench.watch(lambda take: [take(bench.events.state(s)) for s in ("Running", "Success")]).run()
    assert bench.run().state is S.SUCCESS
    assert [e.seq for e in bench.registry.runs.events(bench.run_id)] == [1, 2]


def test_an_interrupt_cancels(bench):
    """Ctrl-C where a run is watched cancels it gently, and goes on up once it has ended."""
    watch = bench.watch(lambda take: take(bench.events.state("Running")))
    report, interrupted = watch._report, iter([True])

    def interrupt(batch):
        report(batch)
        if next(interrupted, False):
            raise KeyboardInterrupt

    watch._report = interrupt
    bench.process.on_cancel = lambda: watch.take(bench.events.state("Cancelled"))
    with pytest.raises(KeyboardInterrupt):
        watch.run()
    assert bench.run().state is S.CANCELLED


def test_a_second_interrupt_is_firm(bench):
    """Ctrl-C again, while a process does not stop, kills it and leaves the run Cancelled."""
    watch = bench.watch(lambda take: take(bench.events.state("Running")))
    serve = watch._serve

    def interrupted(process):
        if not watch._cancel:
            watch._report(watch._next_batch(0.1))
        raise KeyboardInterrupt

    assert serve is not None
    watch._serve = interrupted
    with pytest.raises(KeyboardInterrupt):
        watch.run()
    assert bench.process.killed
    run = bench.run()
    assert (run.state, run.message) == (S.CANCELLED, "interrupted")
