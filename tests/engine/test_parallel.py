"""Cells that run at once, in real runs: that they do, and that nobody can tell from the results."""

from __future__ import annotations

import pytest

from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.environments import LocalEnvironment
from tests.engine.runs import cell_task, flow_of_cells

#: A meeting point on a module, which is a known value: two cells pass it only if they run at the same time.
MEETING = "import time, threading, sys\ntime.meeting = threading.Barrier(2)\ntime.alone = threading.Event()"
MEET = "time.meeting.wait(20)"
#: Cells that find out whether another runs at the same time, without needing it.
TRY_TO_MEET = (
    "try:\n    time.meeting.wait(0.5)\n    print('met')\nexcept threading.BrokenBarrierError:\n    print('alone')"
)


def side_by_side(cells, *, workers=4, shell=False, portable=(), chained=(), **options):
    """Make a flow whose first cell all others wait for, but not each other."""
    made = [
        cell_task(
            n,
            code,
            shell=shell,
            portable=n in portable,
            reads={"time"} if n > 1 else (),
            **options.get(f"cell_{n}", {}),
        )
        for n, code in enumerate(cells, 1)
    ]
    flow = flow_of_cells(made, chained=False, environment=LocalEnvironment(executor=LocalExecutor(workers=workers)))
    for task in made[1:]:
        flow.add_edge(made[0], task)
    for above, below in chained:
        flow.add_edge(made[above - 1], made[below - 1])
    return flow


@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
def test_portable_cells_run_at_the_same_time(runner, shell):
    """Two branches that wait for each other both end; what they print and show is their own."""
    cells = [MEETING, f"print('two')\n{MEET}\nprint('two again')\n22", f"print('three')\n{MEET}\n33"]
    story = runner.run(side_by_side(cells, portable={2, 3}, shell=shell))
    assert story.state == ("Success", "")
    assert (story.text("cell_2"), story.text("cell_3")) == ("two\ntwo again\n", "three\n")
    shown = [(o["execution_count"], o["data"]) for n in (2, 3) for o in story.outputs(f"cell_{n}")]
    assert shown == [(2, {"text/plain": "22"}), (3, {"text/plain": "33"})]


def test_home_goes_on_beside_workers(runner):
    """A cell that is not portable runs while a portable one does."""
    story = runner.run(side_by_side([MEETING, MEET, MEET], portable={2}))
    assert story.state == ("Success", "")


NOT_AT_ONCE = {
    "not portable": ({}, 4),
    "one worker": ({"portable": {2, 3}}, 1),
    "time limit": ({"portable": {2, 3}, "cell_2": {"timeout_seconds": 60}, "cell_3": {"timeout_seconds": 60}}, 4),
    "retries": ({"portable": {2, 3}, "cell_2": {"retries": 1}, "cell_3": {"retries": 1}}, 4),
    "edge": ({"portable": {2, 3}, "chained": [(2, 3)]}, 4),
}


@pytest.mark.parametrize("name", NOT_AT_ONCE)
def test_other_cells_run_one_after_the_other(runner, name):
    """What is not known to be portable, is retried, has a limit or waits for another meets nobody."""
    options, workers = NOT_AT_ONCE[name]
    story = runner.run(side_by_side([MEETING, TRY_TO_MEET, TRY_TO_MEET], workers=workers, **options))
    assert [story.state[0], story.text("cell_2"), story.text("cell_3")] == ["Success", "alone\n", "alone\n"]


def test_unknown_values_keep_a_cell_home(runner):
    """A portable cell that reads a lock, a generator or a file runs where it would in a kernel."""
    first = MEETING + "\nlock = threading.Lock()"
    flow = side_by_side([first, TRY_TO_MEET + "\nlock.locked()", TRY_TO_MEET + "\nlock.locked()"], portable={2, 3})
    for task in flow.cell_tasks[1:]:
        task.reads = frozenset({"time", "lock"})
    story = runner.run(flow)
    assert [story.text("cell_2"), story.text("cell_3")] == ["alone\n", "alone\n"]


def test_the_main_thread_keeps_what_is_its_own(runner):
    """Cells that are not portable run on the main thread, in notebook order, also when workers are free."""
    where = "print(threading.current_thread() is threading.main_thread())"
    story = runner.run(side_by_side([MEETING, f"{where}\n{MEET}", where, f"{where}\n{MEET}"], portable={4}))
    assert [story.text(f"cell_{n}") for n in (2, 3, 4)] == ["True\n", "True\n", "False\n"]


@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
def test_errors_are_told_as_ever(runner, shell):
    """Two branches fail at once: each traceback is as it is when nothing else runs, the flow names the upper one."""
    cells = [MEETING, f"def f():\n    1 / 0\n{MEET}\nf()", f"{MEET}\n[][1]", "print('never')"]
    at_once = runner.run(side_by_side(cells, portable={2, 3}, shell=shell, chained=[(2, 4)]))
    assert at_once.state == ("Failed", "cell_2: ZeroDivisionError division by zero (cell 2, line 2)")
    assert at_once.message("cell_4") == "it waits for 'cell_2', which did not succeed"
    cells[0] = MEETING.replace("Barrier(2)", "Barrier(1)")
    in_order = runner.run(side_by_side(cells, shell=shell, workers=1))
    assert at_once.outputs("cell_2") == in_order.outputs("cell_2")
    assert at_once.outputs("cell_3") == in_order.outputs("cell_3")


def test_text_past_python_is_the_main_threads(runner):
    """What C code and child processes write belongs to the cell at home, even if a worker's print brings it in."""
    first = f"import os\n{MEET}\nos.write(1, b'from home\\n')\n{MEET}"
    second = f"{MEET}\n{MEET}\nprint('from a worker')"
    story = runner.run(side_by_side([MEETING, first, second], portable={3}))
    assert (story.text("cell_2"), story.text("cell_3")) == ("from home\n", "from a worker\n")


def test_in_and_out_are_in_notebook_order(runner):
    """Whatever order cells end in, a shell's history is that of a run from top to bottom."""
    last = "print(In[2:4], sorted(Out.items()), _, [_i], _2)"
    cells = [MEETING, f"{MEET}\n'two'", f"{MEET}\n'three'", last]
    flow = side_by_side(cells, portable={2, 3}, shell=True, chained=[(2, 4), (3, 4)])
    expected = f"{cells[1:3]} [(2, 'two'), (3, 'three')] three [{cells[2]!r}] two\n"
    assert runner.run(flow).text("cell_4") == expected


def test_a_worker_that_runs_when_the_run_is_cancelled_is_interrupted(runner):
    """Python code on a worker meets KeyboardInterrupt, as on the main thread; on_exit is called."""
    spin = "print('ready')\nwhile True: pass"
    flow = side_by_side([MEETING, spin, "time.alone.wait(60)"], portable={2})
    flow.environment = LocalEnvironment(executor=LocalExecutor(workers=4), on_exit=lambda: print("exit"))
    told = []

    def cancel(event, process):
        if event.kind == "stream" and "ready" in event.body["text"] and not told:
            told.append(event)
            process.cancel()

    story = runner.run(flow, when=cancel)
    assert (story.state, story.code) == (("Cancelled", "cancelled"), 0)
    assert story.tasks()["cell_2"] == ["Running", "Cancelled"]
    assert story.outputs("cell_2")[0]["ename"] == "KeyboardInterrupt"
    assert story.text() == "exit\n"


def test_a_worker_that_can_not_be_interrupted_holds_nothing_up(runner):
    """A cancelled run ends without a thread that sits in C code."""
    flow = side_by_side([MEETING, "print('ready')\ntime.sleep(600)", "time.sleep(600)"], portable={2})
    told = []

    def cancel(event, process):
        if event.kind == "stream" and "ready" in event.body["text"] and not told:
            told.append(event)
            process.cancel(grace_seconds=60)

    story = runner.run(flow, when=cancel)
    assert (story.state, story.code) == (("Cancelled", "cancelled"), 0)
    assert story.message("cell_2") == "it could not be interrupted; the run ended without it"


def test_every_task_that_ran_is_named_when_the_process_dies(runner):
    """The board tells of all that ran at once."""
    die = f"{MEET}\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    story = runner.run(side_by_side([MEETING, die, f"{MEET}\ntime.sleep(60)"], portable={3}))
    assert story.tasks() == {
        "cell_1": ["Running", "Success"],
        "cell_2": ["Running", "Failed"],
        "cell_3": ["Running", "Failed"],
    }
    assert story.state[1].startswith("cell_2, cell_3: its process was killed by SIGKILL")


@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
@pytest.mark.parametrize("portable", [(), {2, 3}], ids=["home", "worker"])
def test_a_cell_may_be_allowed_to_fail(runner, shell, portable):
    """With the tag raises-exception an error is shown, the cell is done, and what waits for it runs."""
    flow = side_by_side([MEETING, "1 / 0", "print('on')"], portable=portable, shell=shell, chained=[(2, 3)])
    task = flow.cell_tasks[1]
    task.cell = type(task.cell)(task.cell.source, 2, tags=frozenset({"raises-exception"}))
    story = runner.run(flow)
    assert story.state == ("Success", "")
    assert story.tasks()["cell_2"] == ["Running", "Success"]
    assert [story.outputs("cell_2")[0]["ename"], story.text("cell_3")] == ["ZeroDivisionError", "on\n"]
