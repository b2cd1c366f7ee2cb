"""LocalDaskExecutor: threads and processes of this machine."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.executors import LocalDaskExecutor
from jupyter_flows.engine.flow_runner import FlowRunner
from jupyter_flows.errors import EnvironmentOptionError, RunError
from tests.contracts.executor import ExecutorContract


class TestThreads(ExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalDaskExecutor(num_workers=3)


class TestProcesses(ExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalDaskExecutor(scheduler="processes", num_workers=2)


class TestSynchronous(ExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalDaskExecutor(scheduler="synchronous")


@task
def pid(_=None):
    return os.getpid()


@task
def double(n):
    return 2 * n


def run(flow, scheduler, **options):
    return FlowRunner(flow, executor=LocalDaskExecutor(scheduler, num_workers=2), **options).run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheduler": "fork"}, "scheduler is one of .*'threads', 'processes', 'synchronous'.*, not 'fork'"),
        ({"num_workers": 0}, "num_workers is a whole number from 1, or None, not 0"),
        ({"num_workers": True}, "num_workers is a whole number from 1, or None, not True"),
    ],
)
def test_a_wrong_option_is_named(options, message):
    """The message has the value and what there is instead."""
    with pytest.raises(EnvironmentOptionError, match=message):
        LocalDaskExecutor(**options)


def test_threads_run_beside_each_other_and_no_more_than_asked():
    """Two tasks that wait for each other end; a third is never inside with them."""
    barrier, inside, most = threading.Barrier(2), [], []

    @task
    def meet(_):
        inside.append(1)
        most.append(len(inside))
        barrier.wait(20)
        inside.pop()

    with Flow("meeting") as flow:
        for n in range(6):
            meet(n)
    assert run(flow, "threads").is_successful()
    assert max(most) == 2


def test_results_are_dropped_when_nothing_waits_for_them():
    """Each thread lets go of what the last task has taken."""
    with Flow("drop") as flow:
        ends = [double(double(n)) for n in range(50)]
    state = run(flow, "threads", keep_results=False)
    assert {state.result[t].result for t in flow.tasks} == {None}
    assert len(ends) == 50


def test_processes_are_not_this_one_and_are_gone_afterwards():
    """Functions run in children that end with the run."""
    with Flow("pids") as flow:
        pids = [pid(n) for n in range(4)]
    state = run(flow, "processes")
    found = {state.result[t].result for t in pids}
    assert os.getpid() not in found
    for number in found:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


@pytest.mark.parametrize(
    ("death", "message"),
    [
        (lambda: os._exit(3), "its process ended, with exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "its process was killed by SIGSEGV"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "its process was killed by SIGKILL"),
    ],
)
def test_a_task_that_kills_its_process_is_named(death, message):
    """It fails with the reason; the others run on."""

    @task
    def die():
        death()

    with Flow("death") as flow:
        dead = die()
        others = [double(n) for n in range(5)]
        late = double(dead)
    state = run(flow, "processes")
    assert state.message.startswith("die: its process")
    assert state.result[dead].message.startswith(message)
    assert state.result[late].name.value == "TriggerFailed"
    assert [state.result[t].result for t in others] == [0, 2, 4, 6, 8]


def test_a_process_over_its_limit_in_c_code_is_killed():
    """What holds the interpreter hears no signal: its process ends, as TimedOut; the others run on, in another."""

    @task(timeout=0.1, max_retries=1)
    def count():
        return sum(range(10**15))

    with Flow("overdue") as flow:
        long, others = count(), [double(n) for n in range(5)]
    result = run(flow, "processes").result
    assert (result[long].name.value, result[long].message) == (
        "TimedOut",
        "it took longer than its limit, could not be interrupted, and was killed",
    )
    assert [result[t].result for t in others] == [0, 2, 4, 6, 8]


def test_a_child_over_its_limit_in_c_code_is_killed():
    """It alone is TimedOut, by its index."""

    @task(timeout=0.5)
    def count(n):
        return sum(range(n))

    with Flow("overdue") as flow:
        counts = count.map([3, 10**15, 4])
    state = run(flow, "processes")
    assert [s.name.value for s in state.result[counts].map_states] == ["Success", "TimedOut", "Success"]
    assert state.message.startswith("count[1]: it took longer than its limit")


def test_what_cannot_be_sent_back_is_named_with_the_way_to_it():
    """The task fails; the message says where in its result the trouble lies."""

    @task
    def locked():
        return {"model": [1, threading.Lock()]}

    with Flow("locked") as flow:
        result = locked()
    state = run(flow, "processes").result[result]
    assert state.name.value == "Failed"
    assert "result['model'][1] in its result is a _thread.lock, which can't be sent" in state.message


def test_a_function_that_cannot_be_sent_is_named():
    """Nothing runs: the error names task and value."""
    lock = threading.Lock()

    @task
    def locked():
        return lock.locked()

    with Flow("unsent") as flow:
        locked()
    with pytest.raises(
        RunError, match=r"Task 'locked' can't be sent to another process: locked.<lock> is a _thread.lock"
    ):
        run(flow, "processes")


def test_a_tasks_own_keyboard_interrupt_goes_home():
    """As with LocalExecutor, the run is cancelled and its caller interrupted."""

    @task
    def interrupt():
        raise KeyboardInterrupt

    with Flow("interrupted") as flow:
        interrupt()
    with pytest.raises(KeyboardInterrupt):
        run(flow, "threads")


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_a_keyboard_interrupt_ends_the_run_and_its_tasks(scheduler, tmp_path):
    """Control-C in a script reaches every task, and leaves no process behind."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from jupyter_flows import Flow, task\n"
        "from jupyter_flows.engine.executors import LocalDaskExecutor\n"
        "@task\n"
        "def endless(n):\n"
        "    sys.stdout.write('ready\\n'); sys.stdout.flush()\n"
        "    while True: time.sleep(0.01)\n"
        "with Flow('endless') as flow:\n"
        "    for n in range(4): endless(n)\n"
        f"flow.run(executor=LocalDaskExecutor({scheduler!r}, num_workers=2))\n"
    )
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
