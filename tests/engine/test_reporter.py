"""Whose text it is that arrives just after a task has returned."""

from __future__ import annotations

import threading

from jupyter_flows.core.events import EventLog
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.board import IDLE
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.map_runner import MapRunner
from jupyter_flows.engine.outputs import Outputs
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.reporter import Reporter
from jupyter_flows.engine.task_runner import TaskRunner
from tests.engine.runs import cell_task


def test_text_that_a_thread_hands_over_late_is_the_tasks():
    """Until a task's output is settled, text read from its descriptors is its own, also once its code has returned."""
    flow = Flow("late")
    flow.add_task(cell_task(1, "1"))
    events = []
    log = EventLog(events.append)
    outputs = Outputs(log)
    reporter = Reporter(log, outputs)
    runner = TaskRunner(compile_plan(flow), RunInfo("late"), witness=reporter)
    reporter.watch(runner)
    reporter.before(0, 1)
    assert runner.running == IDLE
    reader = threading.Thread(target=outputs.take_past_python, args=("stderr", "late"))
    reader.start()
    reader.join()
    reporter.after(0)
    outputs.take("stdout", "nobody's")
    reporter.stop()
    said = [(e.body["task"], e.body["text"]) for e in events if e.kind == "stream"]
    assert said == [("cell_1", "late"), (None, "nobody's")]


def test_what_children_wrote_is_kept_until_the_last_has_ended(tmp_path):
    """A mapped task is Mapped before its children begin, and each of them ends by itself."""
    log = EventLog(lambda _: None)
    outputs = Outputs(log, folder=str(tmp_path), limit=10)
    reporter = Reporter(log, outputs)

    @task
    def speak(x):
        outputs.take("stdout", f"{x} of children.")

    with Flow("mapped") as flow:
        speak.map([1, 2, 3])
    runner = MapRunner(compile_plan(flow, None), RunInfo("mapped"), witness=reporter)
    reporter.watch(runner)
    for child in runner.open(0).numbers:
        runner.run(child)
        reporter.tick()
    reporter.stop()
    outputs.close()
    assert (tmp_path / "speak.stdout.txt").read_text() == "1 of children.2 of children.3 of children."
