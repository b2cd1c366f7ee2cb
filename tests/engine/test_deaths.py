"""Runs that die, hang, are cancelled or flood: each ends in the right state, with the reason and the task named."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from jupyter_flows.core.events import Event
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.executors import LocalDaskExecutor, LocalExecutor
from jupyter_flows.engine.launcher import Launcher
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.errors import RunError
from tests.engine.runs import PATIENCE_SECONDS, Runner, cell_task, flow_of_cells


@pytest.mark.parametrize("shell", [False, True])
@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
        ("import os; os._exit(3)", "ended early, with exit code 3"),
        ("import os; os.abort()", "was killed by SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "was killed by SIGSEGV"),
    ],
)
def test_a_sudden_death_names_its_task_and_signal(runner, shell, code, how):
    """The task and the run are Failed, what had succeeded stays, what waited is Cancelled."""
    story = runner.run(flow_of_cells(["1", cell_task(2, code, name="dies", shell=shell), "3"]))
    assert story.state[0] == "Failed"
    assert story.state[1].startswith(f"dies: its process {how}")
    assert story.tasks() == {"cell_1": ["Running", "Success"], "dies": ["Running", "Failed"], "cell_3": ["Cancelled"]}
    assert story.message("dies") == f"its process {how}"
    assert story.message("cell_3") == "not run: the run's process was gone"


def test_a_death_by_sigkill_suspects_the_memory(runner):
    """The message says what usually kills so."""
    story = runner.run(flow_of_cells(["import os; os.kill(os.getpid(), 9)"]))
    assert story.state[1].endswith(". Something killed it: often the system, for lack of memory.")


def test_a_death_in_a_function_among_many_is_named(runner):
    """The fast path, too, leaves the running task's name behind."""

    @task
    def step(x):
        if x == 700:
            os._exit(5)
        return x + 1

    with Flow("many") as flow:
        value = step(0)
        for _ in range(999):
            value = step(value)
    story = runner.run(flow)
    assert story.state == ("Failed", "step-701: its process ended early, with exit code 5")
    assert story.message("step-701") == "its process ended early, with exit code 5"
    assert {slug for slug, states in story.tasks().items() if states[-1] == "Cancelled"} >= {"step-702", "step-1000"}
    assert len(story.tasks()) == 1000


@pytest.mark.parametrize("executor", [LocalExecutor(), *(LocalDaskExecutor(s, 2) for s in ("threads", "processes"))])
def test_one_failure_among_ten_thousand(runner, executor):
    """It fails by name, what waits for it is not called, all others succeed."""

    @task
    def step(x, n):
        if n == 5_000:
            raise ValueError("the middle")
        return x

    with Flow("many", environment=LocalEnvironment(executor=executor)) as flow:
        for n in range(10_000):
            last = step(0, n)
            if n == 5_000:
                after = step(last, 0)
    story = runner.run(flow)
    assert story.state[0] == "Failed"
    assert story.state[1].startswith("step-5001: ValueError the middle")
    assert story.tasks()[flow.slug(after)] == ["TriggerFailed"]
    assert sum(states == ["Running", "Success"] for states in story.tasks().values()) == 9_999


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.close(); sys.stderr.close()",
        "import os; os.close(1); os.close(2)",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals());",
        "import os, tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
        "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
    ],
)
@pytest.mark.parametrize("shell", [False, True])
def test_what_a_cell_does_to_its_process_does_not_stop_the_run(runner, shell, code):
    """The next cell runs, and on_exit."""
    environment = LocalEnvironment(on_exit=lambda: Path(mark).touch())
    mark = str(runner.folder / "left")
    story = runner.run(flow_of_cells([code, "1"], shell=shell, environment=environment))
    assert (story.state, story.code) == (("Success", ""), 0)
    assert Path(mark).exists()


def test_a_process_that_cannot_report_any_more_leaves_no_task_running(runner):
    """A cell that closes every file ends the run as Failed, and all its tasks with it."""
    story = runner.run(flow_of_cells(["import os; print('ready', flush=True); os.closerange(3, 1000)", "2"]))
    assert story.state[0] == "Failed"
    assert {states[-1] for states in story.tasks().values()} <= {"Failed", "Cancelled"}


def test_a_segfault_shows_where(runner):
    """The interpreter's last words are the task's error text, with the cell's line."""
    story = runner.run(flow_of_cells(["import ctypes\nctypes.string_at(0)"]))
    text = story.text("cell_1", "stderr")
    assert "Fatal Python error: Segmentation fault" in text
    assert 'File "Cell In[1]", line 2' in text


def test_an_interpreter_without_the_package_says_so(runner, tmp_path, monkeypatch):
    """The reason and the remedy are the run's message."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    story = runner.run(flow_of_cells(["1"]), python=str(python))
    assert story.state[0] == "Failed"
    assert "No module named 'jupyter_flows'" in story.state[1]
    assert f"Install jupyter_flows for {python}" in story.state[1]


def test_an_absent_interpreter_is_an_error(runner):
    """Starting raises, naming the interpreter."""
    with pytest.raises(RunError, match=r"interpreter /no/python can't be started \(No such file or directory\)"):
        runner.run(flow_of_cells(["1"]), python="/no/python")


def cancel_when_running(word="ready"):
    """Return what cancels a run once a task has printed a word."""

    def when(event: Event, process):
        if event.kind == "stream" and word in event.body["text"]:
            process.cancel(grace_seconds=PATIENCE_SECONDS / 2)

    return when


@pytest.mark.parametrize("shell", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        "import time; time.sleep(600)",
        "while True: pass",
        "import threading; threading.Event().wait(600)",
        "import subprocess; subprocess.run(['sleep', '600'])",
        "import asyncio; await asyncio.sleep(600)",
        "while True:\n  try: __import__('time').sleep(600)\n  except Exception: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nwhile True: pass",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\nwhile True: __import__('time').sleep(0.01)",
    ],
)
def test_cancel_interrupts_the_task(runner, shell, body):
    """The running task and what comes after are Cancelled, on_exit is called, the process leaves by itself."""
    environment = LocalEnvironment(on_exit=lambda: print("bye"))
    flow = flow_of_cells([f"print('ready')\n{body}", "2"], shell=shell, environment=environment)
    story = runner.run(flow, when=cancel_when_running())
    assert story.state == ("Cancelled", "cancelled")
    assert story.tasks() == {"cell_1": ["Running", "Cancelled"], "cell_2": ["Cancelled"]}
    assert (story.text(), story.code) == ("bye\n", 0)


def test_cancel_reaches_the_tasks_own_processes(runner):
    """Workers of a pool are interrupted with their cell, as a kernel's interrupt does, so that it can end."""
    code = (
        "import concurrent.futures as cf, multiprocessing as mp, time\n"
        "with cf.ProcessPoolExecutor(2, mp_context=mp.get_context('fork')) as pool:\n"
        "    futures = [pool.submit(time.sleep, 600) for _ in range(2)]\n"
        "    print('ready')\n"
        "    futures[0].result()"
    )
    story = runner.run(flow_of_cells([code], shell=True), when=cancel_when_running())
    assert (story.state, story.code) == (("Cancelled", "cancelled"), 0)


def test_cancel_interrupts_on_start(runner):
    """A callback that hangs is interrupted as well, and on_exit follows, not interrupted."""

    def start():
        print("ready")
        sys.stdout.flush()
        threading = __import__("threading")
        threading.Event().wait(600)

    def leave():
        time = __import__("time")
        time.sleep(0.2)
        print("bye")

    environment = LocalEnvironment(on_start=start, on_exit=leave)
    flow = flow_of_cells(["1"], environment=environment)

    def when(event: Event, process):
        if event.kind == "run" and event.body["state"] == "Running":
            # Its text is gathered: the callback itself can't be seen to have started.
            process.cancel()

    story = runner.run(flow, when=when)
    assert story.state[0] == "Cancelled"
    assert story.text().endswith("bye\n")


def test_a_cancel_before_on_start_skips_it(runner):
    """Nothing starts any more; on_exit still follows."""
    environment = LocalEnvironment(on_start=lambda: print("started"), on_exit=lambda: print("bye"))
    flow = flow_of_cells(["1"], environment=environment)
    job = runner.job(flow)
    events = []
    with Launcher(spares=False) as launcher:
        process = launcher.start(job, events.append)
        process.cancel()
        process.wait(PATIENCE_SECONDS)
    assert events[-1].body["state"] == "Cancelled"
    assert [e.body["text"] for e in events if e.kind == "stream"] == ["bye\n"]


def test_a_cancel_that_comes_late_changes_nothing(runner):
    """A run that has succeeded stays so."""
    story = runner.run(flow_of_cells(["1"]), when=lambda e, p: p.cancel() if e.body.get("state") == "Success" else None)
    assert story.state == ("Success", "")


def test_a_task_that_will_not_stop_is_killed(runner):
    """After the grace the process and its children are killed; the run is Cancelled."""
    code = "print('ready')\nwhile True:\n  try: __import__('time').sleep(600)\n  except BaseException: pass"

    def when(event: Event, process):
        if event.kind == "stream":
            process.cancel(grace_seconds=0.3)

    story = runner.run(flow_of_cells([code]), when=when)
    assert story.state == ("Cancelled", "cancelled; its process did not stop in time and was killed")
    assert (story.tasks(), story.code) == ({"cell_1": ["Running", "Cancelled"]}, -signal.SIGKILL)


def test_code_that_nothing_interrupts_is_killed_at_its_limit(runner):
    """A C function that holds the interpreter hears no signal: the launcher ends it, and says TimedOut."""
    code = "sum(range(10**15))"
    story = runner.run(flow_of_cells([cell_task(1, code, name="count", timeout_seconds=0.2), "2"]))
    message = "it took longer than its limit, could not be interrupted, and was killed"
    assert story.state == ("Failed", f"count: {message}")
    assert (story.tasks()["count"], story.message("count")) == (["Running", "TimedOut"], message)
    assert story.tasks()["cell_2"] == ["Cancelled"]


def test_kill_ends_everything_the_run_started(runner, tmp_path):
    """Child processes of a cell do not outlive it."""
    code = "import subprocess\np = subprocess.Popen(['sleep', '600'])\nprint('pid', p.pid)\np.wait()"
    pids = []

    def when(event: Event, process):
        if event.kind == "stream":
            pids.append(int(event.body["text"].split()[1]))
            process.kill()

    story = runner.run(flow_of_cells([code]), when=when)
    assert story.state[0] == "Failed"
    assert gone(pids[0])


def test_what_a_cell_left_running_ends_with_the_run(runner):
    """A server started in a cell is no orphan afterwards."""
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    story = runner.run(flow_of_cells([code]))
    assert story.state == ("Success", "")
    assert gone(int(story.text("cell_1")))


def test_a_thread_left_behind_does_not_hold_the_process(runner):
    """The run's end is reported and the process leaves."""
    story = runner.run(flow_of_cells(["import threading\nthreading.Thread(target=threading.Event().wait).start()"]))
    assert (story.state, story.code) == (("Success", ""), 0)


def gone(pid):
    """Wait for a process to be gone or a zombie of init's; tell whether it is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
    return False


def test_a_run_ends_with_its_launcher(tmp_path):
    """A launcher killed with kill -9 leaves no process behind; on_exit is still called."""
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, pathlib, sys, threading
            sys.path.insert(0, {str(Path.cwd())!r})
            from jupyter_flows.engine.launcher import Launcher
            from jupyter_flows.environments import LocalEnvironment
            from tests.engine.runs import Runner, flow_of_cells
            folder = pathlib.Path({str(tmp_path)!r})
            environment = LocalEnvironment(on_exit=lambda: open('left', 'w').close())
            flow = flow_of_cells(["import os; print(os.getpid()); __import__('time').sleep(600)"], environment=environment)
            runner = Runner(folder, Launcher())
            def hear(event):
                if event.kind == "stream":
                    print(event.body["text"], flush=True)
            runner.launcher.start(runner.job(flow), hear)
            threading.Event().wait()
            """
        )
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)
    assert (tmp_path / "left").exists()


def test_a_flood_of_text_is_cut_and_kept(runner, tmp_path):
    """Past the limit text goes to a file that the stream names; the run's events stay bounded."""
    story = runner.run(
        flow_of_cells(["for n in range(20): print('x' * 999_999)"]), output_folder=str(tmp_path / "texts")
    )
    text = story.text("cell_1")
    kept = tmp_path / "texts" / "cell_1.stdout.txt"
    assert story.state == ("Success", "")
    assert len(text) < 9_000_000
    assert text.endswith(f"\n[more than 8,388,608 characters: all of it is in {kept}]\n")
    assert kept.stat().st_size == 20_000_000
    assert list(kept.parent.iterdir()) == [kept]


def test_threads_text_belongs_to_the_running_task(runner):
    """What a cell's threads print is the cell's."""
    code = "import threading\nts = [threading.Thread(target=print, args=(n,)) for n in range(3)]\n[t.start() for t in ts]\n[t.join() for t in ts];"
    assert sorted(runner.run(flow_of_cells(["1", code])).text("cell_2").split()) == ["0", "1", "2"]


@pytest.mark.parametrize("shell", [False, True])
def test_what_a_thread_says_later_is_its_own_cells(runner, shell):
    """A thread that a cell left behind does not speak for the cell that runs meanwhile; a pool's work is whose it is."""
    first = (
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "go, gone = threading.Event(), threading.Event()\n"
        "def later():\n    go.wait()\n    print('later')\n    gone.set()\n"
        "threading.Thread(target=later).start()\npool = ThreadPoolExecutor(1)\npool.submit(print, 'a').result();"
    )
    second = "go.set()\ngone.wait()\npool.submit(print, 'b').result();"
    story = runner.run(flow_of_cells([first, second], shell=shell))
    assert (story.text("cell_1"), story.text("cell_2")) == ("a\nlater\n", "b\n")


@pytest.mark.parametrize("shell", [False, True])
def test_text_past_python_is_in_its_place(runner, shell):
    """What C code and child processes write stands between what Python prints."""
    code = "import os, subprocess\nprint('a'); os.system('echo b'); print('c'); subprocess.run(['echo', 'd']); print('e')\nos.write(2, b'f\\n');"
    story = runner.run(flow_of_cells([code], shell=shell))
    assert (story.text("cell_1"), story.text("cell_1", "stderr")) == ("a\nb\nc\nd\ne\n", "f\n")


@pytest.mark.parametrize("end", ["raise ValueError('in the child')", "sys.exit(4)", "pass"])
@pytest.mark.parametrize("shell", [False, True])
def test_a_forked_child_is_no_second_run(runner, shell, end):
    """A child that returns from its cell, exits or raises ends there; the run goes on once."""
    codes = {"raise": 1, "sys.e": 4, "pass": 0}
    code = f"import os, sys\npid = os.fork()\nif pid == 0:\n    {end}\nelse:\n    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    environment = LocalEnvironment(on_exit=lambda: print("bye"))
    story = runner.run(flow_of_cells([code, "print('next')"], shell=shell, environment=environment))
    assert story.state == ("Success", "")
    assert story.tasks() == {"cell_1": ["Running", "Success"], "cell_2": ["Running", "Success"]}
    assert (story.text("cell_1"), story.text("cell_2"), story.text()) == (f"{codes[end[:5]]}\n", "next\n", "bye\n")


@pytest.mark.parametrize("executor", [LocalExecutor(), LocalDaskExecutor("threads", num_workers=2)])
def test_a_child_that_a_function_forks_is_no_second_run(runner, executor):
    """On the main thread and on workers."""

    @task
    def fork():
        pid = os.fork()
        return pid and os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    @task
    def after(code):
        print("code", code)

    with Flow("forks", environment=LocalEnvironment(executor=executor)) as flow:
        after(fork())
    story = runner.run(flow)
    assert (story.state, story.text("after")) == (("Success", ""), "code 0\n")
    assert story.tasks() == {"fork": ["Running", "Success"], "after": ["Running", "Success"]}


def test_a_forked_child_leaves_the_cell_on_the_board(runner):
    """What it does there is not seen: the cell that forked it is named when it dies."""
    code = "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n    os._exit(3)"
    assert runner.run(flow_of_cells([code])).state[1].startswith("cell_1: its process ended early, with exit code 3")


def test_forked_children_can_print(runner):
    """A process forked by a cell writes into its stream."""
    code = "import os, sys\npid = os.fork()\nif pid == 0:\n    print('child', flush=True)\n    os._exit(0)\nos.waitpid(pid, 0)\nprint('parent');"
    assert runner.run(flow_of_cells([code])).text("cell_1") == "child\nparent\n"


class TestSpares:
    """The launcher's spare processes."""

    def test_a_spare_is_used_once(self, tmp_path):
        """Each run has a process of its own."""
        with Launcher() as launcher:
            runner = Runner(tmp_path, launcher)
            launcher.warm()
            first, second = (
                runner.run(flow_of_cells(["import os; print(os.getpid())"])).text("cell_1") for _ in range(2)
            )
        assert first != second

    def test_the_spare_takes_the_run(self, tmp_path):
        """A warmed launcher's run is in the process that was ready."""
        with Launcher() as launcher:
            launcher.warm()
            ready = launcher._spares[sys.executable, False][0].popen.pid
            story = Runner(tmp_path, launcher).run(flow_of_cells(["import os; print(os.getpid())"]))
        assert story.text("cell_1") == f"{ready}\n"

    def test_a_spare_sees_the_environment_of_today(self, tmp_path, monkeypatch):
        """What was set, changed or removed since it was started is so in the run, as without a spare."""
        monkeypatch.setenv("WORD_CHANGED", "old")
        monkeypatch.setenv("WORD_GONE", "old")
        code = "import os\nprint({k: v for k, v in os.environ.items() if k.startswith('WORD_')}, os.getpid())"
        with Launcher() as launcher:
            launcher.warm()
            ready = launcher._spares[sys.executable, False][0].popen.pid
            monkeypatch.setenv("WORD_CHANGED", "new")
            monkeypatch.setenv("WORD_NEW", "new")
            monkeypatch.delenv("WORD_GONE")
            story = Runner(tmp_path, launcher).run(flow_of_cells([code]), env={"WORD_JOB": "its own"})
        words, _, pid = story.text("cell_1").rpartition(" ")
        assert ast.literal_eval(words) == {"WORD_CHANGED": "new", "WORD_NEW": "new", "WORD_JOB": "its own"}
        assert int(pid) == ready

    def test_a_spare_of_another_python_environment_is_not_used(self, tmp_path, monkeypatch):
        """Variables that count when Python starts need a process that starts with them."""
        with Launcher() as launcher:
            launcher.warm()
            monkeypatch.setenv("PYTHONHASHSEED", "7")
            story = Runner(tmp_path, launcher).run(flow_of_cells(["print(hash('a'))"]))
            again = Runner(tmp_path, launcher).run(flow_of_cells(["print(hash('a'))"]))
        assert story.text("cell_1") == again.text("cell_1")

    def test_a_dead_spare_is_replaced(self, tmp_path):
        """A run starts even when its spare was killed."""
        with Launcher() as launcher:
            launcher.warm()
            spare = launcher._spares[sys.executable, False][0].popen
            spare.kill()
            spare.wait()
            story = Runner(tmp_path, launcher).run(flow_of_cells(["1"]))
        assert story.state == ("Success", "")

    def test_an_idle_spare_leaves(self):
        """After its time a spare ends by itself."""
        with Launcher(idle_seconds=0.01) as launcher:
            launcher.warm()
            popen = launcher._spares[sys.executable, False][0].popen if launcher._spares else None
            if popen:
                assert popen.wait(PATIENCE_SECONDS) == 0
            assert launcher._spares == {}

    def test_closing_ends_spares_and_runs(self, tmp_path):
        """Nothing outlives the launcher."""
        launcher = Launcher()
        launcher.warm()
        spare = launcher._spares[sys.executable, False][0].popen
        process = launcher.start(
            Runner(tmp_path, launcher).job(flow_of_cells(["__import__('time').sleep(600)"])), lambda _: None
        )
        launcher.close()
        assert spare.poll() is not None
        assert process.finished
