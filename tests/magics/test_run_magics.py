from __future__ import annotations

import pytest

from jupyter_flows.core.state import StateName
from jupyter_flows.magics import loaded
from jupyter_flows.registry import open_registry

SALES = [
    "%flow sales --project shop",
    "%%parameters\nregion = 'EU'\nn = 2",
    "%%task load\ndf = [3, 1, 2] * n",
    "%%task report\nprint(region, sum(df))",
]


def runs():
    with open_registry() as registry:
        return [(r.id, r.version, r.state.value) for r in registry.runs.list()]


def test_a_run_here_and_its_card(talk):
    """Without an agent the run runs here, once, and --wait shows how it ended."""
    talk(*SALES, "%flow_register")
    lines = talk("%flow_run --wait").splitlines()
    assert lines[0] == "no agent takes runs without labels: running here, once"
    assert lines[1].startswith("✓ run 1 · shop/sales · v1 · Success · ")
    assert lines[-1] == "  │ report: EU 12"
    assert runs() == [(1, 1, "Success")]


def test_parameters_are_typed_and_evaluated(talk):
    """Text is read as the parameter's type; braces are evaluated here."""
    talk(*SALES, "%flow_register", "base = 2")
    assert "report: North America 30" in talk("%flow_run -p region='North America' -p n={base + 3} --wait")
    assert "it has 'n', 'region'" in talk.refused("%flow_run -p colour=red")
    assert "Parameter 'n' takes int, not 'many'" in talk.refused("%flow_run -p n=many")
    assert [number for number, _, _ in runs()] == [1]


def test_a_failed_run_stops_the_cell(talk):
    """With --wait a failure is the cell's: the card, then one line with task, error, cell and line."""
    talk("%flow sales --project shop", "%%task load\nd = {}", "%%task clean --no-run\n\nd['gross']", "%flow_register")
    shown = talk.refused("%flow_run --wait").splitlines()
    assert shown[1].startswith("✗ run 1 · shop/sales · v1 · Failed")
    assert shown[-1] == "Run 1 Failed: clean: KeyError 'gross' (cell 3, line 3)"


def test_here_runs_what_you_see(talk):
    """--here packs the notebook as it is: no version, and the latest stays the latest."""
    talk(*SALES, "%flow_register", "%%task report\nprint('edited', sum(df))")
    assert "report: edited 12" in talk("%flow_run --here --wait")
    assert runs() == [(1, None, "Success")]
    with open_registry() as registry:
        assert registry.flows.get("shop", "sales").version == 1
    assert "leave the flow and the version out" in talk.refused("%flow_run sales --here")


def test_here_refuses_errors(talk):
    """What checks find wrong does not run."""
    talk("%flow sales", "%%task report --no-run\nprint(gross)")
    assert "no cell defines `gross`" in talk.refused("%flow_run --here")
    assert runs() == []


def test_a_notebook_that_differs_is_said(talk):
    """The registered version runs, and what differs by now is said."""
    talk(*SALES, "%flow_register", "%%task report\nprint('edited', sum(df))")
    shown = talk("%flow_run --wait")
    assert "running v1; the notebook differs by now: task 'report': code" in shown
    assert "report: EU 12" in shown


def test_labels_given_at_registration_are_no_difference(talk):
    """A version registered with labels and options of its own is the notebook as it is."""
    talk(*SALES, "%flow_register --label gpu")
    shown = talk("%flow_run --wait")
    assert shown.splitlines()[0] == "no agent offers 'gpu': running here, once"


def test_a_strict_run_is_one_of_ours(talk):
    """--strict runs here; agents are made strict when they start."""
    talk(*SALES, "%flow_register")
    assert "✓ run 1" in talk("%flow_run --strict --wait")
    assert talk.refused("%flow_run --strict --agent").startswith("--strict is for runs that run here")
    assert [number for number, _, _ in runs()] == [1]


def test_a_run_s_folder_is_the_notebook_s(talk, tmp_path):
    """`os.chdir` in a cell changes nothing: runs start where the kernel started."""
    talk("import os, pathlib; pathlib.Path('sub').mkdir(); os.chdir('sub')")
    talk("%flow where --reset", "#| task: a --no-run\nimport pathlib\nprint(pathlib.Path.cwd())", "%flow_register")
    talk("%flow_run --wait")
    assert talk("%flow_logs").endswith(f"a  {tmp_path}")


def test_an_agent_is_waited_for_when_asked(talk):
    """--agent leaves the run to an agent, and says that none takes it yet."""
    talk(*SALES, "%flow_register --label gpu")
    assert talk("%flow_run --agent") == "no agent offers 'gpu': the run waits for one"
    assert runs() == [(1, 1, "Scheduled")]
    assert talk("%flow_cancel") == "run 1 · shop/sales · Cancelled"


def test_what_is_not_registered_says_so(talk):
    """Each way to name nothing has its own line."""
    assert talk.refused("%flow_run").startswith("This notebook has no flow yet")
    talk(*SALES)
    assert talk.refused("%flow_run").startswith("shop/sales is not registered yet: %flow_register does it")
    assert "There is no flow 'nope'" in talk.refused("%flow_run nope")
    talk("%flow_register")
    assert "has no version 7; it has 1 to 1" in talk.refused("%flow_run --version 7")
    assert "not allowed with argument" in talk.refused("%flow_run --here --agent")


def test_runs_are_listed(talk):
    """Newest first, this flow's or all; an empty list says what to do."""
    talk(*SALES)
    assert talk("%flow_runs") == "no runs of sales yet: %flow_run makes one"
    talk("%flow_register", "%flow_run --agent", "%flow_run --agent", "%flow_cancel 1", "%flow other --project shop")
    assert loaded(talk.shell).session.cards[0].wait(30)
    assert talk("%flow_runs") == "no runs of other yet: %flow_run makes one"
    lines = talk("%flow_runs sales").splitlines()
    assert lines[0].split() == ["run", "flow", "state", "when", "message"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "1"]
    assert talk("%flow_runs --all --state Cancelled").splitlines()[1].split()[:4] == [
        "1",
        "shop/sales",
        "v1",
        "Cancelled",
    ]
    assert "There is no" in talk.refused("%flow_runs --state Happy")


def test_logs_have_who_said_it(talk):
    """What a run printed and logged, of all its tasks or of one."""
    talk(*SALES, "%flow_register")
    assert talk.refused("%flow_logs").startswith("This notebook has run nothing yet")
    talk("%flow_run --wait")
    assert talk("%flow_logs").endswith("report  EU 12")
    assert talk("%flow_logs 1 --task load") == "run 1 has said nothing"
    assert "Run 1 has no task 'nope'; it has" in talk.refused("%flow_logs --task nope")
    assert "There is no run 99" in talk.refused("%flow_logs 99")


def test_cancelling_what_has_finished(talk):
    """A finished run can't be cancelled, in one line."""
    talk(*SALES, "%flow_register", "%flow_run --wait")
    assert talk.refused("%flow_cancel").count("\n") == 0


def test_callbacks_show_in_the_card(talk):
    """on_start and on_exit are given by an expression, run in the run, and what they print shows."""
    talk(
        *SALES,
        "from jupyter_flows.environments import LocalEnvironment\n"
        "def mount():\n    print('mounted')\n"
        "def unmount():\n    print('unmounted')",
        "%flow_config --environment {LocalEnvironment(on_start=mount, on_exit=unmount)}",
        "%flow_register",
    )
    shown = talk("%flow_run --wait")
    assert "│ mounted" in shown
    assert "│ unmounted" in shown


def test_an_agent_that_finds_no_engine(talk, monkeypatch, tmp_path):
    """An agent for images says that it needs an engine, and none is started."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert talk.refused("%flow_agent start docker").startswith("No container engine answers")
    assert talk("%flow_agent") == "no agent is at work: %flow_agent start starts one in this kernel"


def test_an_agent_of_this_kernel(talk):
    """It says what it takes and that it stops with the kernel; it takes runs; it stops."""
    talk(*SALES, "%flow_register")
    started = talk("%flow_agent start --name mine")
    assert started.startswith("Agent mine takes runs without labels")
    assert "It stops with this kernel" in started
    assert "Agent mine runs already in this kernel" in talk.refused("%flow_agent start")
    assert "✓ run 1" in talk("%flow_run --wait").splitlines()[0]
    status = talk("%flow_agent").splitlines()
    assert status[1].split()[:5] == ["mine", "runs", "without", "labels", "0"]
    assert status[1].endswith("this kernel: stops with it")
    assert talk("%flow_agent stop") == "Agent mine takes nothing any more."
    assert talk("%flow_agent") == "no agent is at work: %flow_agent start starts one in this kernel"
    assert talk.refused("%flow_agent stop").startswith("No agent runs in this kernel")


def test_an_agent_with_other_labels_is_not_asked(talk):
    """A run without labels is not for an agent with labels."""
    talk(*SALES, "%flow_register", "%flow_agent start --label gpu")
    assert talk("%flow_run --wait").splitlines()[0] == "no agent takes runs without labels: running here, once"


@pytest.mark.timeout(180)
def test_an_agent_in_the_background(talk):
    """It is a process of its own, is listed, takes runs, and stops when told."""
    talk(*SALES, "%flow_register --label deep")
    started = talk("%flow_agent start --background --name apart --label deep")
    try:
        assert started.startswith("Agent apart takes deep as process ")
        assert "Agent apart runs already" in talk.refused("%flow_agent start --background --name apart")
        assert "process " in talk("%flow_agent status").splitlines()[1]
        assert "✓ run 1" in talk("%flow_run --wait").splitlines()[0]
    finally:
        assert talk("%flow_agent stop --name apart") == "Agent apart is told to stop; it lets its runs finish."
    loaded(talk.shell).session.background["apart"].wait(30)
    assert talk("%flow_agent").startswith("no agent is at work")


def test_an_agent_that_is_not_there(talk):
    """Stopping what does not run names it."""
    assert talk.refused("%flow_agent stop --name nope").startswith("No agent named 'nope' runs on this machine")


def test_unloading_stops_what_this_kernel_runs(talk):
    """%unload_ext ends the agent and its runs, and stops following."""
    talk(*SALES, "%flow_register", "%flow_agent start --name mine")
    talk("%unload_ext jupyter_flows")
    with open_registry() as registry:
        assert registry.agents.list() == []


def test_a_run_that_ends_leaves_a_finished_card(talk):
    """The card of a run that nobody waited for is finished when the run is."""
    talk(*SALES, "%flow_register", "%flow_run")
    [card] = loaded(talk.shell).session.cards
    assert card.wait(60)
    assert card.view.state is StateName.SUCCESS
    assert "✓ run 1" in talk.read()
