"""The field's documented examples, with only the package's name changed."""

import pytest

from jupyter_flows.registry import open_registry

STORAGE_AT_INITIALIZATION = """
from jupyter_flows import Flow
from jupyter_flows.environments.storage import Local

f = Flow("example-storage", storage=Local())
"""

STORAGE_BY_ASSIGNMENT = """
from jupyter_flows import Flow
from jupyter_flows.environments.storage import Local

f = Flow("example-storage")
f.storage = Local()
"""

REGISTER_WITH_KWARGS = """
from jupyter_flows import Flow
from jupyter_flows.environments.storage import Local

f = Flow("example-easy-storage")
f.storage = Local()

# all other init kwargs to `Local` are accepted here
f.register("My First Project", directory=folder)
"""

REGISTER_WITH_DEFAULT_STORAGE = """
from jupyter_flows import Flow

f = Flow("example-easy-storage")
f.register("My First Project", directory=folder)
"""

PRE_BUILT = """
from jupyter_flows import Flow
from jupyter_flows.environments.storage import Local

f = Flow("example-storage")
f.storage = Local()

# Pre-build storage
f.storage.build()

# Register but don't rebuild storage
f.register("My First Project", build=False)
"""

ENVIRONMENT_AT_INITIALIZATION = """
from jupyter_flows import Flow
from jupyter_flows.environments import RemoteEnvironment

f = Flow("example-env", environment=RemoteEnvironment(executor="jupyter_flows.engine.executors.LocalExecutor"))
"""

ENVIRONMENT_BY_ASSIGNMENT = """
from jupyter_flows import Flow
from jupyter_flows.environments import RemoteEnvironment

f = Flow("example-env")
f.environment = RemoteEnvironment(executor="jupyter_flows.engine.executors.LocalExecutor")
"""

ENVIRONMENT_WITH_AN_EXECUTOR_OBJECT = """
from jupyter_flows import Flow
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.engine.executors import LocalExecutor

f = Flow(
    "Local Executor Example",
    environment=LocalEnvironment(executor=LocalExecutor()),
)
"""

IMPERATIVE = """
from jupyter_flows import task, Flow
from jupyter_flows.environments import RemoteEnvironment


@task
def get_value():
    return "Example!"


@task
def output_value(value):
    print(value)


f = Flow(
    "Local Executor Remote Example",
    environment=RemoteEnvironment(executor="jupyter_flows.engine.executors.LocalExecutor"),
)

# set task dependencies using imperative API
output_value.set_upstream(get_value, flow=f)
output_value.bind(value=get_value, flow=f)
"""

CALLBACKS = """
from jupyter_flows import Flow, task
from jupyter_flows.environments import RemoteEnvironment


# Report cluster metrics that we will use before and after Flow run
def report_cluster_metrics():
    print("metrics:", get_me_some_metrics())


@task
def extract():
    \"\"\"Get a list of data\"\"\"
    return [1, 2, 3]


@task
def transform(data):
    \"\"\"Multiply the input by 10\"\"\"
    return [i * 10 for i in data]


@task
def load(data):
    \"\"\"Print the data to indicate it was received\"\"\"
    print("Here's your data: {}".format(data))


# Attach out metrics reporting callbacks
environment = RemoteEnvironment(on_start=report_cluster_metrics,
                                on_exit=report_cluster_metrics)


with Flow("Callback-Example", environment=environment) as f:
    e = extract()
    t = transform(e)
    l = load(t)
"""

LABELS = """
from jupyter_flows import Flow
from jupyter_flows.environments import RemoteEnvironment

f = Flow("example-label")
f.environment = RemoteEnvironment(labels={labels})
"""


@pytest.fixture
def run_block(tmp_path, monkeypatch):
    """Run a block in a fresh namespace and return it."""
    monkeypatch.setenv("JUPYTER_FLOWS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUPYTER_FLOWS_REGISTRY", raising=False)

    def run(block, **names):
        namespace = {"__name__": "__main__", **names}
        exec(compile(block, "<block>", "exec"), namespace)
        return namespace

    return run


def _run_by_agent(flow, labels):
    """Register, ask for a run, let an agent of these labels take what it may, and return the run's row."""
    from jupyter_flows.agent.local import LocalAgent

    flow.register("My First Project")
    with open_registry() as registry:
        run = registry.runs.create(registry.flows.get("My First Project", flow.name))
    LocalAgent(labels=labels).start(once=True)
    with open_registry() as registry:
        return registry.runs.get(run.id), list(registry.runs.events(run.id))


@pytest.mark.parametrize("block", [STORAGE_AT_INITIALIZATION, STORAGE_BY_ASSIGNMENT])
def test_storage_at_initialization_and_by_assignment(run_block, block):
    """Both spellings attach the storage, and building keeps the flow there."""
    flow = run_block(block)["f"]
    assert flow.storage.load(flow.storage.build()).document["name"] == "example-storage"


@pytest.mark.parametrize("block", [REGISTER_WITH_KWARGS, REGISTER_WITH_DEFAULT_STORAGE])
def test_register_applies_kwargs_to_the_storage(run_block, tmp_path, block):
    """The kwargs reach the storage that is set, or the default one: nothing is dropped."""
    flow = run_block(block, folder=str(tmp_path / "mine"))["f"]
    assert flow.storage.directory == str(tmp_path / "mine")
    assert [p.suffix for p in (tmp_path / "mine").iterdir()] == [".gz"]


def test_pre_built_storage_is_registered_as_it_is(run_block):
    """build=False registers the artifact that was built."""
    flow = run_block(PRE_BUILT)["f"]
    with open_registry() as registry:
        assert registry.flows.get("My First Project", "example-storage").artifact == flow.storage.built.artifact


@pytest.mark.parametrize(
    "block", [ENVIRONMENT_AT_INITIALIZATION, ENVIRONMENT_BY_ASSIGNMENT, ENVIRONMENT_WITH_AN_EXECUTOR_OBJECT]
)
def test_environments_by_string_and_by_object(run_block, block):
    """The executor is the local one, however it was named."""
    from jupyter_flows.engine.executors import LocalExecutor

    assert isinstance(run_block(block)["f"].environment.executor, LocalExecutor)


def test_the_imperative_api_runs(run_block):
    """Tasks bound without a with block run in order, in this process and by an agent."""
    flow = run_block(IMPERATIVE)["f"]
    state = flow.run()
    assert state.is_successful()
    run, events = _run_by_agent(flow, [])
    assert run.state == "Success"
    assert "Example!" in "".join(e.body["text"] for e in events if e.kind == "stream")


def test_callbacks_run_before_and_after(run_block):
    """on_start prints before the tasks' output and on_exit after it."""
    flow = run_block(CALLBACKS, get_me_some_metrics=_metrics)["f"]
    run, events = _run_by_agent(flow, [])
    text = "".join(e.body["text"] for e in events if e.kind == "stream")
    assert run.state == "Success"
    assert text == "metrics: {'cpu': 1}\nHere's your data: [10, 20, 30]\nmetrics: {'cpu': 1}\n"


@pytest.mark.parametrize(
    ("flow_labels", "agent_labels", "state"),
    [
        (["dev"], ["dev", "staging"], "Success"),
        (["dev", "staging"], ["dev"], "Scheduled"),
        ([], ["dev"], "Scheduled"),
        ([], [], "Success"),
    ],
    ids=["picked-up", "not-picked-up", "empty-is-a-label", "empty-meets-empty"],
)
def test_labels(run_block, flow_labels, agent_labels, state):
    """The three label examples: picked up, not picked up, and empty."""
    flow = run_block(LABELS.format(labels=flow_labels))["f"]
    run, _ = _run_by_agent(flow, agent_labels)
    assert run.state == state


def _metrics():
    return {"cpu": 1}
