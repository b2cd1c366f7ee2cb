"""Whose text it is that arrives just after a task has returned."""

from __future__ import annotations

import threading

from jupyter_flows.core.events import EventLog
from jupyter_flows.core.flow import Flow
from jupyter_flows.engine.board import IDLE
from jupyter_flows.engine.context import RunInfo
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
