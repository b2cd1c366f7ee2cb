"""Signals, tries, pauses: what a task can say of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jupyter_flows import Flow, context, signals, task, triggers
from jupyter_flows.core.state import StateName
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.task_runner import TaskRunner, run_all
from jupyter_flows.errors import DefinitionError, RunError


@task
def say(signal):
    raise signal


@task
def same(x):
    return x


def run(flow):
    state = flow.run()
    return state, {flow.slug(t): s.name.value for t, s in state.result.items()}


@pytest.mark.parametrize("options", [{}, {"timeout_seconds": 60}, {"max_retries": 2}])
@pytest.mark.parametrize(
    ("signal", "own", "below"),
    [
        (signals.SUCCESS("done", result=5), "Success", "Success"),
        (signals.SKIP("nothing new"), "Skipped", "Skipped"),
        (signals.FAIL("bad"), "Failed", "TriggerFailed"),
        (signals.TRIGGERFAIL("no"), "TriggerFailed", "TriggerFailed"),
        (signals.PAUSE("look"), "Paused", "Pending"),
    ],
)
def test_a_signal_is_the_tasks_state(options, signal, own, below):
    """With and without other options, and what waits for it goes by that."""
    with Flow("f") as flow:
        first = say(signal, task_args=options)
        second = same(first)
    state, names = run(flow)
    assert names == {"say": own, "same": below}
    assert str(signal) in state.result[first].message or own == "Success"
    assert state.result[second].result == (5 if own == "Success" else None)


def test_a_retry_is_made_however_often_the_task_ran():
    """Without retries of its own, and with its count told."""
    counts = []

    @task
    def again():
        counts.append(context.retry_count)
        if len(counts) < 4:
            raise signals.RETRY("not yet", start_time=datetime(2020, 1, 1, tzinfo=UTC))
        return "now"

    @task
    def count():
        return context.retry_count

    with Flow("f") as flow:
        result, other = again(), count()
    state = flow.run()
    assert (state.result[result].result, counts, state.result[other].result) == ("now", [0, 1, 2, 3], 0)


def test_a_time_without_zone_is_refused():
    """It would mean another moment elsewhere."""
    with pytest.raises(DefinitionError, match="start_time is an aware datetime"):
        signals.RETRY(start_time=datetime(2020, 1, 1))  # noqa: DTZ001 - the mistake


@pytest.mark.parametrize(("kind", "calls"), [(KeyError, 3), (LookupError, 3), (OSError, 1), ("KeyError", 3)])
def test_retry_on_chooses_the_errors(kind, calls):
    """Others fail at once."""
    made = []

    @task(max_retries=2, retry_on=kind)
    def fail():
        made.append(1)
        raise KeyError("k")

    with Flow("f") as flow:
        fail()
    run(flow)
    assert len(made) == calls


@pytest.mark.parametrize(("kind", "state"), [(TimeoutError, ["Retrying", "TimedOut"]), (KeyError, ["TimedOut"])])
def test_a_time_limit_is_a_timeout_error_to_retry_on(kind, state):
    """As people expect who name it."""
    heard = []

    @task(timeout=0.02, max_retries=1, retry_on=kind, state_handlers=lambda _t, _o, new: heard.append(new.name.value))
    def endless():
        while True:
            pass

    with Flow("f") as flow:
        endless()
    run(flow)
    assert [s for s in heard if s != "Running"] == state


class _Waits:
    """Stands in for the event that a runner waits by."""

    def __init__(self):
        self.seconds = []

    def is_set(self):
        return False

    def wait(self, seconds):
        self.seconds.append(seconds)
        return False


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ({"retry_delay": [1, 10]}, [1, 10, 10]),
        ({"retry_delay": 4, "retry_jitter_factor": 0.5}, [5, 5, 5]),
        ({}, [0, 0, 0]),
    ],
)
def test_delays_between_tries(options, waits):
    """By a list, and longer by a share of chance."""

    @task(max_retries=3, **options)
    def fail():
        raise ValueError

    with Flow("f") as flow:
        fail()
    runner = TaskRunner(compile_plan(flow), RunInfo("f"), chance=lambda: 0.5)
    runner.stopping = _Waits()
    run_all(runner, LocalExecutor().execute)
    assert runner.stopping.seconds == waits


def test_a_skip_can_be_ignored():
    """The result of a skipped task is None, or what its signal holds."""
    with Flow("f") as flow:
        result = same(say(signals.SKIP(result=7)), task_args={"skip_on_upstream_skip": False})
    assert flow.run().result[result].result == 7


def test_a_failure_is_given_to_who_runs_after_it():
    """As its exception, also where results are dropped when nothing needs them."""

    @task(trigger=triggers.all_failed)
    def report(error):
        return repr(error)

    with Flow("f") as flow:
        result = report(say(ValueError("v")))
    assert flow.run().result[result].result == "ValueError('v')"
    seen = []

    @task(trigger=triggers.all_finished)
    def note(error):
        seen.append(repr(error))

    with Flow("g") as flow:
        note(say(ValueError("v")))
    runner = TaskRunner(compile_plan(flow), RunInfo("g"), keep_results=False)
    run_all(runner, LocalExecutor().execute)
    assert (seen, runner.results[:2]) == (["ValueError('v')"], [None, None])


def test_a_paused_flow_goes_on():
    """What was done is not done again; what was paused runs, with its parameters and results."""
    calls = []

    @task
    def load(x):
        calls.append("load")
        return x

    @task(trigger=triggers.manual_only)
    def publish(x):
        calls.append(("publish", context.resume))
        return x + 1

    @task
    def ask(x):
        if not context.resume:
            raise signals.PAUSE("sure?")
        return x + 1

    from jupyter_flows import Parameter

    with Flow("f") as flow:
        done = ask(publish(load(Parameter("n", default=1))))
    first = flow.run(n=5)
    assert (first.name, first.message) == (StateName.PAUSED, "waiting for a person: publish")
    second = flow.run(resume=first)
    assert (second.name, second.message) == (StateName.PAUSED, "waiting for a person: ask")
    third = flow.run(resume=second)
    assert (third.result[done].result, calls) == (7, ["load", ("publish", True)])


def test_what_failed_runs_again_when_resumed():
    """With everything below it, and nothing else."""
    calls = []

    @task
    def step(name, x):
        calls.append(name)
        if name == "b" and calls.count("b") == 1:
            raise ValueError
        return x

    with Flow("f") as flow:
        last = step("c", step("b", step("a", 1)), task_args={"trigger": "all_finished"})
    first = flow.run()
    assert first.is_successful()
    assert flow.run(resume=first).result[last].result == 1
    assert calls == ["a", "b", "c", "b", "c"]


def test_only_an_own_state_can_be_gone_on_from():
    """Another flow's, and other parameters, are refused."""
    with Flow("f") as flow:
        same(1)
    with Flow("g") as other:
        same(1)
    with pytest.raises(RunError, match="resume takes the state that an earlier run of flow 'f' returned"):
        flow.run(resume=other.run())
    with pytest.raises(RunError, match="has the parameters of the earlier one: n can't be given"):
        flow.run(resume=flow.run(), n=1)


def test_a_run_knows_when_it_was_due():
    """A run that nobody planned is due when it begins."""

    @task
    def due():
        return context.scheduled_start_time

    with Flow("f") as flow:
        result = due()
    before = datetime.now(UTC)
    assert before <= flow.run().result[result].result <= datetime.now(UTC)
    assert context.scheduled_start_time is None


def test_handlers_and_triggers_that_ask_for_failures_explain_the_flow():
    """A flow that failed by a trigger alone says which."""
    with Flow("f") as flow:
        same(same(1), task_args={"trigger": "any_failed"})
    assert flow.run().message == "same-2: its trigger any_failed does not hold: 1 Success"
