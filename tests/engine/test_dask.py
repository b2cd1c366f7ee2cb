"""DaskExecutor: a cluster's workers."""

import os
import subprocess
import sys
import threading

import dask
import pytest
from distributed import get_worker

from jupyter_flows.core.annotations import unmapped
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.executors import DaskExecutor, executor_from_json
from jupyter_flows.engine.executors.dask_run import DaskRun
from jupyter_flows.engine.flow_runner import FlowRunner
from jupyter_flows.errors import EnvironmentOptionError
from tests.contracts.executor import ExecutorContract

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "resources": {"GPU": 1}, "silence_logs": 50}
    with LocalCluster(dashboard_address="127.0.0.1:0", **options) as cluster:
        yield cluster


class TestCluster(ExecutorContract):
    @pytest.fixture
    def executor(self, cluster):
        return DaskExecutor(address=cluster.scheduler_address)


@task
def pid(_=None):
    return os.getpid()


def run(flow, cluster, **options):
    return FlowRunner(flow, executor=DaskExecutor(cluster.scheduler_address), **options).run()


@pytest.mark.parametrize("extra", [{"cluster_class": "a.B"}, {"cluster_kwargs": {"n_workers": 1}}])
def test_an_address_and_a_cluster_to_make_exclude_each_other(extra):
    """The message names the address and the options."""
    with pytest.raises(EnvironmentOptionError, match=r"a cluster that runs \('tcp://x:1'\), or cluster_class"):
        DaskExecutor("tcp://x:1", **extra)


def test_a_class_of_clusters_travels_by_its_path():
    """JSON has its import path, from which another process makes the same."""
    from distributed import LocalCluster

    data = DaskExecutor(cluster_class=LocalCluster, cluster_kwargs={"n_workers": 1}).to_json()
    assert data["options"]["cluster_class"] == "distributed.deploy.local.LocalCluster"
    assert executor_from_json(data).to_json() == data


def test_a_cluster_made_for_the_run_is_gone_afterwards():
    """Without an address the class given makes one, and it is closed."""
    import distributed

    made = []

    class Noted(distributed.LocalCluster):
        def __init__(self, **options):
            super().__init__(**options)
            made.append(self)

    kwargs = {"processes": False, "n_workers": 1, "dashboard_address": "127.0.0.1:0"}
    with Flow("made") as flow:
        answer = pid()
    state = FlowRunner(flow, executor=DaskExecutor(cluster_class=Noted, cluster_kwargs=kwargs)).run()
    assert (state.result[answer].result, [c.status.name for c in made]) == (os.getpid(), ["closed"])


def test_large_results_stay_on_the_cluster(cluster):
    """What tasks hand on does not pass through home; what nothing takes comes home."""

    @task
    def large(_=None):
        return bytearray(11 << 20)

    @task
    def size(data):
        return len(data)

    with Flow("large") as flow:
        first = large()
        second = large(first)
        answer = size(second)
    result = run(flow, cluster).result
    assert [type(result[t].result) for t in (first, second, answer)] == [type(None), type(None), int]


def test_a_worker_that_dies_once_is_made_up_for(cluster, tmp_path):
    """The task is tried again on another worker, and the run succeeds."""
    mark = tmp_path / "mark"

    @task
    def die_once():
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return "alive"

    with Flow("once") as flow:
        answer = die_once()
    assert run(flow, cluster).result[answer].result == "alive"


@pytest.fixture
def mortal():
    """Give an executor with workers of its own, of which a death or two is enough."""
    # A worker that dies while it starts takes its nanny with it: a task that dies four times could leave none.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        yield DaskExecutor(cluster_kwargs={"n_workers": 2, "threads_per_worker": 2, "silence_logs": 50})


@task
def die():
    os._exit(1)


def test_a_task_that_kills_every_worker_is_named(mortal):
    """It fails by Dask's own rule, and when it is tried alone; what does not wait for it succeeds."""
    with Flow("death") as flow:
        dead, fine = die(), pid()
        late = pid(dead)
    state = FlowRunner(flow, executor=mortal).run()
    assert state.result[dead].message == "its Dask worker died each time that it was tried, at last alone"
    assert state.result[late].name.value == "TriggerFailed"
    assert state.result[fine].is_successful()


def test_what_only_waited_beside_a_deadly_task_is_not_blamed(mortal):
    """Dask fails all that a dead worker had; tried alone, they succeed, with what they take and what waits for them."""

    @task
    def one(_=None):
        return 1

    with Flow("beside") as flow:
        first = one()
        die()
        lasts = [one(one(first)) for _ in range(6)]
        flow.set_reference_tasks(lasts)
    state = FlowRunner(flow, executor=mortal, keep_results=False).run()
    assert (state.name.value, state.message) == ("Success", "")


def test_a_child_that_kills_every_worker_is_named(mortal):
    """Its siblings succeed, and what goes on from each of them; the list of all is not made of the rest."""

    @task
    def die_at_two(x, _):
        if x == 2:
            os._exit(1)
        return x

    @task
    def one(x):
        return x

    with Flow("children") as flow:
        first = die_at_two.map([1, 2, 3, 4], unmapped(one(0)))
        second = one.map(first)
        whole = one(second)
    state = FlowRunner(flow, executor=mortal).run()
    told = [[s.name.value for s in state.result[t].map_states] for t in (first, second)]
    assert told == [
        ["Success", "Failed", "Success", "Success"],
        ["Success", "TriggerFailed", "Success", "Success"],
    ]
    assert state.result[second].result[::2] == [1, 3]
    assert state.result[whole].name.value == "TriggerFailed"
    assert state.message.startswith("die_at_two[1]: its Dask worker died each time that it was tried, at last alone")


def test_what_cannot_be_sent_is_named_with_the_way_to_it(cluster):
    """As with processes, though it might never have travelled."""

    @task
    def locked():
        return {"model": [1, threading.Lock()]}

    with Flow("locked") as flow:
        result = locked()
    state = run(flow, cluster).result[result]
    assert "result['model'][1] in its result is a _thread.lock, which can't be sent" in state.message


def test_a_report_that_is_lost_is_made_up_for(cluster, monkeypatch):
    """The result lives on another worker: the run ends, with the task a success; one that failed is a failure."""
    heard = DaskRun._hear

    def lossy(self, kind, number, *rest):
        if (kind, number) not in {("end", 0), ("end", 2)}:
            heard(self, kind, number, *rest)

    monkeypatch.setattr(DaskRun, "_hear", lossy)

    @task
    def fail():
        raise ValueError("lost")

    with Flow("lossy") as flow:
        first = pid()
        pid(first)
        failed = fail()
    result = run(flow, cluster).result
    assert (result[first].name.value, type(result[first].result)) == ("Success", int)
    assert result[failed].message == "it failed; why was lost with its Dask worker"


def test_a_tag_asks_for_a_resource(cluster):
    """Tagged tasks run where the resource is, untagged ones anywhere; a tag that is not understood is named."""

    @task(tags=["dask-resource:GPU=1"])
    def left():
        return get_worker().state.available_resources["GPU"]

    with Flow("tags") as flow:
        answer = left()
        after = pid(answer)
    result = run(flow, cluster).result
    assert (result[answer].result, result[after].is_successful()) == (0, True)
    with Flow("tags") as wrong:
        pid(task_args={"tags": frozenset({"dask-resource:GPU"})})
    with pytest.raises(EnvironmentOptionError, match="Tag 'dask-resource:GPU' of task 'pid' is written like"):
        run(wrong, cluster)


def test_nothing_is_left_on_the_cluster(cluster):
    """Neither results nor the run's own code."""
    from distributed import Client

    with Flow("clean") as flow:
        pid(pid())
    run(flow, cluster)
    with Client(cluster, set_as_default=False) as client:
        plugins = client.run(lambda dask_worker: [n for n in dask_worker.plugins if n.startswith("jupyter_flows")])
    assert set(map(tuple, plugins.values())) == {()}


def test_importing_the_package_imports_no_dask():
    """It costs half a second that most runs have no use for."""
    code = "import sys, jupyter_flows.flow, jupyter_flows.engine.executors; print('dask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
