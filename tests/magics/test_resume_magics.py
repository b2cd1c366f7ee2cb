from __future__ import annotations

from jupyter_flows.registry import open_registry

SALES = [
    "%flow sales --project shop",
    "def double(x):\n    return 2 * x",
    "%%task load\ndf = [3, 1, 2]",
    "%%task total --no-run\nprint('adding'); total = sum(df) / 0",
    "%%task report --no-run\nprint(double(total))",
]


def states(run_id):
    with open_registry() as registry:
        return {task.task: task.state.value for task in registry.runs.tasks(run_id)}


def test_a_mended_cell_runs_with_what_follows(talk):
    """After a failure only the mended cell and those after it run; the others keep their results and outputs."""
    talk(*SALES, "%flow_register")
    talk.refused("%flow_run --wait")
    talk("%%task total --no-run\nprint('adding'); total = sum(df)", "%flow_register")
    shown = talk("%flow_resume --wait")
    assert "resumed from run 1: 2 of 4 cells keep their results" in shown
    assert "report: 12" in shown
    assert states(2) == {"cell_2": "Cached", "load": "Cached", "total": "Success", "report": "Success"}


def test_here_resumes_what_you_see(talk):
    """--here takes the notebook as it is, without registering it."""
    talk(*SALES, "%flow_register")
    talk.refused("%flow_run --wait")
    talk("%%task total --no-run\ntotal = max(df)")
    assert "report: 6" in talk("%flow_resume 1 --here --wait")
    with open_registry() as registry:
        assert [run.version for run in registry.runs.list()] == [None, 1]


def test_the_inputs_of_a_task_come_here(talk):
    """--task with --here binds what the task took, under its own names, and nothing else."""
    talk(*SALES, "%flow_register")
    talk.refused("%flow_run --wait")
    talk("del df, double")
    assert "total (cell 4) of run 1 took df: bound here" in talk("%flow_resume 1 --task total --here")
    assert talk("print(df, 'double' in dir())").strip() == "[3, 1, 2] False"


def test_inputs_that_nobody_made_are_told(talk):
    """A task whose inputs come from a cell that failed is refused, and the cell is named."""
    talk(*SALES, "%flow_register")
    talk.refused("%flow_run --wait")
    told = talk.refused("%flow_resume 1 --task report --here")
    assert "The inputs of 'report' are not all stored: 'total' has to run first (it failed)" in told


def test_a_run_without_results_is_refused(talk):
    """Successful runs leave nothing unless asked to, and resuming one says how to ask."""
    talk(*SALES[:3], "%flow_register", "%flow_run --wait")
    assert "Run 1 left no results to go on from" in talk.refused("%flow_resume 1")


def test_unknown_tasks_are_named(talk):
    """A task that the flow does not have is refused with those that it has."""
    talk(*SALES, "%flow_register")
    talk.refused("%flow_run --wait")
    assert "has no task 'tain'; it has cell_2, load, total, report" in talk.refused("%flow_resume 1 --task tain")
