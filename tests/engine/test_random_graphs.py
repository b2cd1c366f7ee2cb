"""Random graphs with random outcomes, against a model that is slow and obvious."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.signals import FAIL, SKIP, TRIGGERFAIL
from jupyter_flows.core.task import FunctionTask
from jupyter_flows.core.triggers import some_failed, some_successful, trigger_from
from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.engine.flow_runner import FlowRunner
from tests.engine.runs import cell_task, flow_of_cells

GOOD, BAD = {"Success", "Skipped"}, {"Failed", "TriggerFailed"}
OUTCOMES = {"ok": None, "error": ValueError, "fail": FAIL, "skip": SKIP, "trigger": TRIGGERFAIL}
ENDS = {"ok": "Success", "error": "Failed", "fail": "Failed", "skip": "Skipped", "trigger": "TriggerFailed"}
TRIGGERS = [
    *map(
        trigger_from,
        ["all_successful", "all_failed", "any_successful", "any_failed", "all_finished", "not_all_skipped"],
    ),
    some_failed(at_least=2),
    some_successful(at_least=0.5),
]


@st.composite
def graphs(draw):
    """Draw tasks: trigger, whether skips count, what it does, and the earlier ones it waits for."""
    size = draw(st.integers(1, 12))
    return [
        (
            draw(st.sampled_from(TRIGGERS)),
            draw(st.booleans()),
            draw(st.sampled_from(sorted(OUTCOMES))),
            sorted(draw(st.sets(st.integers(0, n - 1), max_size=4))) if n else [],
        )
        for n in range(size)
    ]


def model(graph):
    """Say how each task ends, by the words of the documentation."""
    ends = []
    for trigger, skips, outcome, waits_for in graph:
        above = [ends[u] for u in waits_for]
        good, bad = sum(s in GOOD for s in above), sum(s in BAD for s in above)
        runs = {
            "all_successful": bad == 0,
            "all_failed": good == 0,
            "any_successful": good >= 1,
            "any_failed": bad >= 1,
            "all_finished": True,
            "not_all_skipped": bad == 0,
            "some_failed": bad >= 2,
            "some_successful": good >= len(above) / 2,
        }[trigger.name]
        skipped = skips and "Skipped" in above
        if above and trigger.name == "not_all_skipped" and set(above) == {"Skipped"}:
            skipped = True
        ends.append("Skipped" if skipped else ENDS[outcome] if runs or not above else "TriggerFailed")
    return ends


def _does(outcome):
    def work():
        if OUTCOMES[outcome] is not None:
            raise OUTCOMES[outcome]("as drawn")

    return work


def _flow(graph):
    flow = Flow("random")
    tasks = []
    for n, (trigger, skips, outcome, waits_for) in enumerate(graph):
        task = FunctionTask(_does(outcome), f"t{n}", trigger=trigger, skip_on_upstream_skip=skips)
        tasks.append(flow.add_task(task))
        for u in waits_for:
            flow.add_edge(tasks[u], task)
    return flow, tasks


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_every_task_ends_as_the_model_says(graph):
    """And the flow as its last tasks do."""
    flow, tasks = _flow(graph)
    state = FlowRunner(flow).run()
    expected = model(graph)
    assert [state.result[t].name.value for t in tasks] == expected
    last = {expected[n] for n in range(len(graph)) if all(n not in waits for *_, waits in graph)}
    assert state.is_successful() is (last <= GOOD)


class _Cells:
    """Runs cells by a table of what each does, also on worker threads."""

    def __init__(self, graph):
        self.graph = graph

    def __call__(self, task):
        _does(self.graph[task.cell.ordinal - 1][2])()

    def may_leave(self, _task):
        return True


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_workers_change_nothing(graph):
    """Portable cells beside each other end as one after the other."""
    tasks = [cell_task(n, "", portable=True) for n in range(1, len(graph) + 1)]
    for task, (trigger, skips, _, _) in zip(tasks, graph, strict=True):
        task.trigger, task.skip_on_upstream_skip = trigger, skips
    flow = flow_of_cells(tasks, chained=False)
    for task, (*_, waits_for) in zip(tasks, graph, strict=True):
        for u in waits_for:
            flow.add_edge(tasks[u], task)
    state = FlowRunner(flow, executor=LocalExecutor(workers=3), cells=_Cells(graph)).run()
    assert [state.result[t].name.value for t in tasks] == model(graph)
