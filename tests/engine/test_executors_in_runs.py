"""Runs in processes of their own, on each executor that calls functions elsewhere: events, output, cancel."""

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.context import context
from jupyter_flows.engine.executors import DaskExecutor, LocalDaskExecutor
from jupyter_flows.environments import LocalEnvironment
from tests.engine.runs import PATIENCE_SECONDS, flow_of_cells

EXECUTORS = {
    "threads": LocalDaskExecutor("threads", num_workers=2),
    "processes": LocalDaskExecutor("processes", num_workers=2),
    "in_process_cluster": DaskExecutor(cluster_kwargs={"processes": False}),
    "cluster": DaskExecutor(cluster_kwargs={"n_workers": 2, "threads_per_worker": 1}),
}


@pytest.fixture(params=sorted(EXECUTORS))
def environment(request):
    return LocalEnvironment(executor=EXECUTORS[request.param])


def test_states_text_and_log_lines_go_with_their_task(runner, environment):
    """Two tasks that speak at once are told apart; a retry shows as one."""

    @task
    def speak(word):
        print(word)
        context.logger.info("logged %s", word)
        return word

    @task(max_retries=1)
    def never(word):
        raise ValueError(word)

    with Flow("speaking", environment=environment) as flow:
        never(speak("one"))
        speak("two")
    story = runner.run(flow)
    assert story.state[0] == "Failed"
    assert story.tasks() == {
        "speak": ["Running", "Success"],
        "speak-2": ["Running", "Success"],
        "never": ["Running", "Retrying", "Running", "Failed"],
    }
    assert (story.text("speak"), story.text("speak-2")) == ("one\n", "two\n")
    logged = {(e.body["task"], e.body["message"]) for e in story.events if e.kind == "log"}
    assert logged == {("speak", "logged one"), ("speak-2", "logged two")}


def test_log_lines_of_the_standard_library_go_with_their_task(runner, environment):
    """Any logger's warnings are log lines with their level and logger; with a handler of one's own they are text."""

    @task
    def warn():
        import logging

        logging.getLogger("mine.deep").warning("careful: %d", 3)
        logging.getLogger("mine").info("unheard, as anywhere")

    @task
    def own(_):
        import logging
        import sys

        logger = logging.getLogger("other")
        logger.addHandler(logging.StreamHandler(sys.stdout))
        logger.warning("as text")

    with Flow("logging", environment=environment) as flow:
        own(warn())
    story = runner.run(flow)
    logged = [
        (e.body["task"], e.body["level"], e.body["logger"], e.body["message"]) for e in story.events if e.kind == "log"
    ]
    assert logged == [("warn", "WARNING", "mine.deep", "careful: 3")]
    assert (story.text("warn", "stderr"), story.text("own")) == ("", "as text\n")


def test_what_threads_of_a_task_write_is_the_tasks(runner, environment):
    """Two tasks at once, each with a thread and a pool: each line is where it belongs, and knows its task."""

    @task
    def speak(word):
        import threading
        from concurrent.futures import ThreadPoolExecutor

        from jupyter_flows import context

        def say(how):
            print(word, how, context.task_name)

        thread = threading.Thread(target=say, args=["thread"])
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(say, how="pool").result()

    with Flow("threads", environment=environment) as flow:
        speak("one")
        speak("two")
    story = runner.run(flow)
    assert story.state == ("Success", "")
    assert story.text("speak") == "one thread speak\none pool speak\n"
    assert story.text("speak-2") == "two thread speak-2\ntwo pool speak-2\n"


def test_a_cancel_interrupts_what_runs(runner, environment):
    """The running task is interrupted, the next is not called, and the run is Cancelled."""

    @task
    def endless():
        import time

        while True:
            time.sleep(0.01)

    @task
    def after(value):
        return value

    with Flow("endless", environment=environment) as flow:
        after(endless())

    def cancel(event, process):
        if event.kind == "tasks" and event.body["rows"][0][:3] == ["endless", None, "Running"]:
            process.cancel(grace_seconds=PATIENCE_SECONDS / 2)

    story = runner.run(flow, when=cancel)
    assert story.state == ("Cancelled", "cancelled")
    assert story.tasks() == {"endless": ["Running", "Cancelled"], "after": ["Cancelled"]}


def test_cells_stay_at_home(runner, environment):
    """A flow of cells gives what it gives anywhere: its cells share one module."""
    story = runner.run(flow_of_cells(["xs = [1]", "xs.append(2)", "assert xs == [1, 2]"], environment=environment))
    assert story.state == ("Success", "")
