"""A run's process: what its cells print, raise, inherit and leave behind."""

from __future__ import annotations

import sys

import pytest

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.task import task
from jupyter_flows.environments import LocalEnvironment
from tests.engine.runs import cell_task, flow_of_cells


@task
def one():
    print("one is running")
    return 1


@task
def add(x, y=0):
    return x + y


@task
def fail(x):
    raise KeyError("gross")


def test_a_functional_flow_runs_apart(runner):
    """Its tasks succeed in order and what they print is theirs."""
    with Flow("sums") as flow:
        add(one(), y=2)
    story = runner.run(flow)
    assert story.state == ("Success", "")
    assert story.tasks() == {"one": ["Running", "Success"], "add": ["Running", "Success"]}
    assert story.text("one") == "one is running\n"


def test_events_are_numbered_from_one(runner):
    """A reader can tell what it has and what it lacks."""
    story = runner.run(flow_of_cells(["print(1)", "2"]))
    assert [e.seq for e in story.events] == list(range(1, len(story.events) + 1))


def test_a_failed_cell_stops_what_waits_for_it_only(runner):
    """Its downstream is TriggerFailed, others run, and the run says which cell and line."""
    flow = flow_of_cells(["a = {}", "b = 1\na['gross']", "c = a", "print('free')"], chained=False)
    cells = flow.cell_tasks
    flow.chain(*cells[:3])
    story = runner.run(flow)
    assert story.state == ("Failed", "cell_2: KeyError 'gross' (cell 2, line 2)")
    assert story.tasks() == {
        "cell_1": ["Running", "Success"],
        "cell_2": ["Running", "Failed"],
        "cell_3": ["TriggerFailed"],
        "cell_4": ["Running", "Success"],
    }
    assert story.message("cell_3") == "it waits for 'cell_2', which did not succeed"
    assert story.text("cell_4") == "free\n"


def test_a_failed_function_names_its_line(runner):
    """The message has the error, and the line of the function's file where that is there."""
    with Flow("failing") as flow:
        fail(one())
    story = runner.run(flow)
    line = fail.fn.__code__.co_firstlineno + 2
    assert story.state == ("Failed", f"fail: KeyError 'gross' (test_run_process.py, line {line})")


def test_cells_share_one_main_module(runner):
    """Functions see names bound after them, and classes pickle, as in a kernel."""
    story = runner.run(
        flow_of_cells(
            [
                "def f(): return later",
                "later = 7\nclass C: pass",
                "import pickle, __main__\nprint(f(), pickle.loads(pickle.dumps(C())).__class__ is C, __main__.later)",
            ]
        )
    )
    assert story.text("cell_3") == "7 True 7\n"


@pytest.mark.parametrize("shell", [False, True])
def test_parameters_replace_those_of_their_cell(runner, shell):
    """Given values are set right after the parameters cell, and said."""
    tasks = [
        cell_task(1, "region, n = 'EU', 1", parameters=True, shell=shell),
        cell_task(2, "print(region, n)", shell=shell),
    ]
    flow = flow_of_cells(tasks, parameters=[ParameterSpec("region", "str", "EU"), ParameterSpec("n", "int", 1)])
    story = runner.run(flow, parameters={"region": "North America"})
    assert story.text("cell_2") == "North America 1\n"
    assert story.notices() == ["parameters: region = 'North America'"]


def test_an_unknown_parameter_fails_the_run_by_name(runner):
    """Nothing runs with a parameter that nobody reads."""
    story = runner.run(flow_of_cells(["1"]), parameters={"colour": "red"})
    assert story.state == ("Failed", "This flow has no parameter 'colour'; it has none.")
    assert story.tasks() == {}


def test_a_cell_is_tried_again(runner):
    """Each failed try is reported with its reason; the outputs are the last try's."""
    code = "n = globals().get('n', 0) + 1\nprint('try', n)\nassert n == 3, 'not yet'"
    story = runner.run(flow_of_cells([cell_task(1, code, retries=2)]))
    assert story.state == ("Success", "")
    assert story.tasks() == {"cell_1": ["Running", "Retrying", "Running", "Retrying", "Running", "Success"]}
    assert story.rows()[1][4] == "AssertionError not yet (cell 1, line 3); try 2 of 3 comes next"
    assert [o["output_type"] for o in story.outputs("cell_1")] == ["error", "clear_output", "error", "clear_output"]


def test_a_cell_out_of_tries_fails(runner):
    """The last reason is the run's."""
    story = runner.run(flow_of_cells([cell_task(1, "1 / 0", retries=1, name="divide")]))
    assert story.state == ("Failed", "divide: ZeroDivisionError division by zero (cell 1, line 1)")
    assert story.tasks() == {"divide": ["Running", "Retrying", "Running", "Failed"]}


@pytest.mark.parametrize("shell", [False, True])
@pytest.mark.parametrize(
    "body",
    ["import time; time.sleep(60)", "while True: pass", "input_ = __import__('threading').Event(); input_.wait(60)"],
)
def test_a_cell_out_of_time_is_stopped(runner, shell, body):
    """Sleeping, computing or waiting: it ends as TimedOut and the run goes on."""
    guarded = "\n".join([f"try:\n    {body}", "except Exception: pass"])
    flow = flow_of_cells(
        [cell_task(1, guarded, timeout_seconds=0.2, shell=shell), cell_task(2, "print('on')", shell=shell)],
        chained=False,
    )
    story = runner.run(flow)
    assert story.tasks() == {"cell_1": ["Running", "TimedOut"], "cell_2": ["Running", "Success"]}
    assert story.state == ("Failed", "cell_1: the task took longer than 0.2 s (cell 1)")


def test_syntax_errors_name_cell_and_line(runner):
    """Code that Python can't parse fails its own cell only."""
    story = runner.run(flow_of_cells(["x = 1\ny = (2", "print('on')"], chained=False))
    assert story.state == ("Failed", "cell_1: SyntaxError '(' was never closed (cell 1, line 2)")
    assert story.text("cell_2") == "on\n"


@pytest.mark.parametrize("shell", [False, True])
def test_leaving_fails_the_cell(runner, shell):
    """sys.exit() ends its cell, not the run."""
    story = runner.run(flow_of_cells(["import sys\nsys.exit(4)", "print('on')"], chained=False, shell=shell))
    assert story.state == ("Failed", "cell_1: SystemExit 4 (cell 1, line 2)")
    assert story.text("cell_2") == "on\n"


def test_endless_recursion_fails_the_cell(runner):
    """The run goes on after a RecursionError."""
    story = runner.run(flow_of_cells(["def f(): return f()\nf()", "print('on')"], chained=False))
    state, message = story.state
    assert (state, message[: len("cell_1: RecursionError")]) == ("Failed", "cell_1: RecursionError")
    assert story.text("cell_2") == "on\n"


@pytest.mark.parametrize("shell", [False, True])
def test_nobody_can_be_asked(runner, shell):
    """input() fails at once instead of waiting for ever."""
    story = runner.run(flow_of_cells(["input('name? ')"], shell=shell))
    assert story.outputs("cell_1")[-1]["ename"] == "StdinNotImplementedError"


def test_the_folder_is_the_notebooks(runner):
    """Files are found, and modules imported, from the job's folder."""
    (runner.folder / "beside.py").write_text("value = 'from beside'\n")
    story = runner.run(flow_of_cells(["import os, beside\nprint(os.getcwd(), beside.value)"]))
    assert story.text("cell_1") == f"{runner.folder} from beside\n"


def test_without_a_folder_the_run_gets_one_of_its_own(runner, tmp_path):
    """It is gone after the run."""
    story = runner.run(
        flow_of_cells(["import os\nopen('made', 'w').close()\nprint(os.getcwd(), os.listdir())"]), folder=None
    )
    place, _, files = story.text("cell_1").strip().partition(" ")
    assert files == "['made']"
    assert not (tmp_path / place).exists()


def test_a_missing_folder_is_named(runner):
    """The run fails with the folder's name before anything runs."""
    story = runner.run(flow_of_cells(["1"]), folder="/nowhere/at/all")
    assert story.state[1] == (
        "The flow's folder /nowhere/at/all can't be entered (No such file or directory): register it again."
    )


def test_changing_the_folder_is_the_runs_own(runner, tmp_path):
    """A later cell of the run sees it, another run does not."""
    flow = flow_of_cells(["import os\nos.mkdir('sub'); os.chdir('sub')", "print(os.path.basename(os.getcwd()))"])
    assert runner.run(flow).text("cell_2") == "sub\n"
    assert runner.run(flow_of_cells(["import os; print(os.getcwd())"])).text("cell_1") == f"{tmp_path}\n"


def test_packed_modules_win_over_the_folders(runner):
    """The source is the registered one; its place is still the folder, so that files beside it are found."""
    (runner.folder / "helpers.py").write_text("value = 'changed since'\n")
    (runner.folder / "data.txt").write_text("data")
    packed = b"from pathlib import Path\nvalue = 'packed ' + Path(__file__).with_name('data.txt').read_text()\n"
    story = runner.run(flow_of_cells(["import helpers\nprint(helpers.value)"], modules={"helpers.py": packed}))
    assert story.text("cell_1") == "packed data\n"


def test_packed_packages_need_no_folder(runner):
    """Packages import where the folder has nothing, in child processes too."""
    modules = {"pkg/__init__.py": b"from pkg.inner import value\n", "pkg/inner.py": b"value = 5\n"}
    code = (
        "import pkg, concurrent.futures as cf, multiprocessing as mp\n"
        "from operator import attrgetter\n"
        "with cf.ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool:\n"
        "    print(pkg.value, pool.submit(__import__, 'pkg').result().value)\n"
    )
    code = code.replace(
        "pool.submit(__import__, 'pkg').result().value", "pool.submit(eval, '__import__(\"pkg\").value').result()"
    )
    assert runner.run(flow_of_cells([code], modules=modules)).text("cell_1") == "5 5\n"


def test_environment_variables_are_set(runner):
    """Those of the job reach the cells, those that count at the start of Python too."""
    code = "import os\nprint(os.environ['WORD'], os.environ['PYTHONHASHSEED'], hash('a'))"
    texts = {
        runner.run(flow_of_cells([code]), env={"WORD": "w", "PYTHONHASHSEED": "7"}).text("cell_1") for _ in range(2)
    }
    assert len(texts) == 1
    assert texts.pop().startswith("w 7 ")


def test_differing_versions_are_said_first(runner):
    """The first event is a notice naming both versions."""
    story = runner.run(flow_of_cells(["1"]), pins=["cloudpickle==0.0.1", "never-heard-of==2"])
    assert story.events[0].kind == "notice"
    assert story.notices()[0].endswith("instead of 0.0.1, never-heard-of is not installed (2 was)")
    assert story.state == ("Success", "")


def test_a_strict_run_refuses_other_versions(runner):
    """Nothing runs, and the message says what to do."""
    story = runner.run(flow_of_cells(["1"]), pins=["never-heard-of==2"], strict=True)
    assert story.state[0] == "Failed"
    assert "never-heard-of is not installed (2 was). The run is strict" in story.state[1]


def test_a_changed_artifact_is_refused(runner):
    """What was not registered is not run."""
    job = runner.job(flow_of_cells(["print('evil')"]))
    story = runner.run(flow_of_cells(["1"]), artifact=Artifact(job.artifact.uri, "sha256:" + "0" * 64, 1))
    assert story.state[0] == "Failed"
    assert "is not what was registered" in story.state[1]
    assert story.text("cell_1") == ""


def test_callbacks_speak_around_the_run(runner):
    """on_start comes before the first task, on_exit after the last; what they print has their name."""
    environment = LocalEnvironment(on_start=lambda: print("hello"), on_exit=lambda: print("bye"))
    story = runner.run(flow_of_cells(["print('cell')"], environment=environment))
    said = [(e.body["task"], e.body.get("source"), e.body["text"]) for e in story.events if e.kind == "stream"]
    assert said == [(None, "on_start", "hello\n"), ("cell_1", None, "cell\n"), (None, "on_exit", "bye\n")]


def test_on_exit_follows_a_failing_on_start(runner):
    """No task runs, on_exit does, and the run says what failed."""

    def start():
        raise RuntimeError("no cluster")

    environment = LocalEnvironment(on_start=start, on_exit=lambda: print("bye"))
    story = runner.run(flow_of_cells(["print('cell')"], environment=environment))
    assert story.state == ("Failed", "on_start: RuntimeError no cluster")
    assert (story.tasks(), story.text()) == ({}, "bye\n")


def test_on_exit_follows_a_failing_flow(runner):
    """The flow's own failure stays the message."""
    story = runner.run(flow_of_cells(["1 / 0"], environment=LocalEnvironment(on_exit=lambda: print("bye"))))
    assert story.text() == "bye\n"
    assert story.state[1] == "cell_1: ZeroDivisionError division by zero (cell 1, line 1)"


def test_a_failing_on_exit_fails_the_run(runner):
    """Its tasks stay successful, and the message says so."""

    def leave():
        raise OSError("still locked")

    story = runner.run(flow_of_cells(["1"], environment=LocalEnvironment(on_exit=leave)))
    assert story.state == ("Failed", "every task succeeded, then on_exit: OSError still locked")
    assert story.tasks() == {"cell_1": ["Running", "Success"]}


def test_log_lines_belong_to_their_task(runner):
    """Context knows the run, the flow, the task and the parameters."""
    code = (
        "from jupyter_flows.engine.context import context\n"
        "context.logger.info('run %s of %s: %s', context.run_id, context.flow_name, dict(context.parameters))"
    )
    tasks = [cell_task(1, "n = 1", parameters=True), cell_task(2, code, name="speak")]
    story = runner.run(flow_of_cells(tasks, parameters=[ParameterSpec("n", "int", 1)]), parameters={"n": 3}, run_id=42)
    lines = [e.body for e in story.events if e.kind == "log"]
    assert lines == [
        {"task": "speak", "level": "INFO", "logger": "jupyter_flows.run", "message": "run 42 of cells: {'n': 3}"}
    ]


def test_the_interpreter_is_the_jobs(runner):
    """A flow runs with the Python that it was registered with."""
    story = runner.run(flow_of_cells(["import sys; print(sys.executable)"]), python=sys.executable)
    assert story.text("cell_1") == f"{sys.executable}\n"
