"""DESIGN section 10, held command by command: one JSON document alone on standard output, its keys, exit codes."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import Any

import pytest

from jupyter_flows import Flow, Parameter, task
from jupyter_flows.cli.app import app, run
from jupyter_flows.core.events import Event
from jupyter_flows.registry import open_registry

RUN_KEYS = {
    "run_id",
    "project",
    "flow",
    "version",
    "state",
    "labels",
    "agent",
    "created_at",
    "started_at",
    "finished_at",
}
TASK_KEYS = {"task", "map_index", "cell", "state", "started_at", "finished_at"}
FLOW_KEYS = {"project", "flow", "version", "digest", "labels"}


@task
def double(x):
    """Give twice as much."""
    return 2 * x


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Record, once, a flow with two versions and two runs: 1 failed, 2 waits."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_FLOWS_HOME", str(folder))
        record_all()
    return folder


@pytest.fixture
def recorded(template, tmp_path, monkeypatch):
    """Work on a copy of what is recorded."""
    shutil.copytree(template, tmp_path / "home")
    monkeypatch.setenv("JUPYTER_FLOWS_HOME", str(tmp_path / "home"))


def record_all():
    """Register, and report what a run did."""
    for name in ("n", "m"):
        with Flow("doubling") as flow:
            double(double(Parameter(name, default=3)))
        flow.register("maths")
    with open_registry() as registry:
        version = registry.flows.find("doubling")
        failed = registry.runs.create(version)
        agent = registry.agents.start("me", "local", [])
        claim = registry.runs.claim(agent.id, [], lease_seconds=60)
        registry.runs.report(failed.id, claim.token, EVENTS)
        registry.agents.stop(agent.id)
        registry.runs.create(version, labels=["gpu"])


HAPPENED: list[tuple[float, str, dict[str, Any]]] = [
    (1.0, "run", {"state": "Running", "message": ""}),
    (1.0, "tasks", {"rows": [["double", None, "Running", 1.0, ""]]}),
    (1.5, "stream", {"task": "double", "name": "stdout", "text": "half a "}),
    (1.6, "stream", {"task": "double", "name": "stdout", "text": "line\nrest"}),
    (2.0, "log", {"task": "double", "level": "WARNING", "logger": "x", "message": "beware"}),
    (3.0, "tasks", {"rows": [["double", None, "Failed", 3.0, "KeyError 'gross'"]]}),
    (3.0, "run", {"state": "Failed", "message": "double: KeyError 'gross'"}),
]
EVENTS = [Event(n, at, kind, body) for n, (at, kind, body) in enumerate(HAPPENED, start=1)]


@dataclass(frozen=True)
class Case:
    """A command line and what its JSON must be."""

    line: str
    status: int = 0
    #: Keys of the document, or of each element of it; None for an error document.
    keys: set[str] | None = None
    #: Whether the document is a list.
    rows: bool = False
    #: How many elements.
    count: int | None = None
    #: Parts of the document that are fixed.
    has: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("list", keys=FLOW_KEYS, rows=True, count=1),
    Case("list --project none", keys=FLOW_KEYS, rows=True, count=0),
    Case("projects", keys={"project", "flows"}, rows=True, count=1),
    Case("runs", keys=RUN_KEYS, rows=True, count=2),
    Case("runs --project maths --flow doubling --state Failed", keys=RUN_KEYS, rows=True, count=1),
    Case("runs --flow maths/doubling", keys=RUN_KEYS, rows=True, count=2),
    Case("runs --state cancelled", keys=RUN_KEYS, rows=True, count=0),
    Case("runs --limit 1", keys=RUN_KEYS, rows=True, count=1),
    Case("runs --state Fialed", status=2),
    Case("tasks 1", keys=TASK_KEYS, rows=True),
    Case("tasks 99", status=4),
    Case("tasks one", status=2),
    Case("logs 1", keys={"at", "task", "source", "text"}, rows=True, count=3),
    Case("logs 1 --follow", keys={"at", "task", "source", "text"}, rows=True, count=3),
    Case("logs 1 --task nope", status=2),
    Case("logs 99", status=4),
    Case("run doubling", keys=RUN_KEYS, has={"run_id": 3, "version": 2, "state": "Scheduled", "labels": []}),
    Case("run maths/doubling --version 1 -p n=5", keys=RUN_KEYS, has={"version": 1, "parameters": {"n": 5}}),
    Case("run doubling --project maths --label dev", keys=RUN_KEYS, has={"labels": ["dev"]}),
    Case("run doubling --wait --timeout 0", status=124, keys=RUN_KEYS | {"tasks"}, has={"state": "Scheduled"}),
    Case("run doubling --timeout 5", status=2),
    Case("run doubling --strict", status=2),
    Case("run doubling -p m", status=2),
    Case("run doubling -p m=1 -p m=2", status=2),
    Case("run doubling -p m=x", status=3),
    Case("run doubling -p k=1", status=3),
    Case("run doubling --version 9", status=4),
    Case("run doubling --version 0", status=2),
    Case("run nothing", status=4),
    Case("run", status=2),
    Case("cancel 2", keys=RUN_KEYS, has={"run_id": 2, "state": "Cancelled"}),
    Case("cancel 1", status=3),
    Case("cancel 99", status=4),
    Case("resume 1", status=3),
    Case("resume 2", status=3),
    Case("resume 99", status=4),
    Case("resume 1 --timeout 5", status=2),
    Case("show doubling", keys={"tasks", "edges", "project", "flow", "version"}, has={"version": 2}),
    Case("show doubling --why --version 1", keys={"tasks", "edges"}, has={"version": 1}),
    Case("show nothing", status=4),
    Case("show nothing.ipynb", status=4),
    Case("check nothing.ipynb", status=4),
    Case("register nothing.ipynb --project p", status=4),
    Case("register nothing.ipynb --project p -o directory", status=2),
    Case("diff doubling", keys={"project", "flow", "old", "new", "changes"}, has={"old": 1, "new": 2}),
    Case("diff doubling --version 2", keys={"changes"}, has={"changes": []}),
    Case("diff doubling --version 7", status=4),
    Case("export nothing.ipynb", status=4),
    Case("convert nothing.ipynb --to tags", status=4),
    Case("convert nothing.ipynb --to nothing", status=2),
    Case("notebook 1", status=4),
    Case("notebook 99", status=4),
    Case("open 99", status=4),
    Case("agents", keys={"agent", "labels", "alive"}, rows=True, count=0),
    Case("agents --all", keys={"agent", "labels", "alive"}, rows=True, count=1),
    Case("agent start nothing", status=2),
    Case("agent", status=2),
    Case("secret list", keys={"name", "from"}, rows=True, count=0),
    Case("secret delete NONE", status=4),
    Case("secret set ../up", status=3),
    Case("secret", status=2),
    Case(
        "where",
        keys={
            "registry",
            "data",
            "artifacts",
            "images",
            "notebooks",
            "secrets",
            "size_bytes",
            "settings",
            "settings_files",
        },
    ),
    Case("doctor", keys={"ok", "checks"}, has={"ok": True}),
    Case("gc", keys={"dry_run", "removed", "freed_bytes"}, has={"removed": []}),
    Case("gc --dry-run", keys={"dry_run"}, has={"dry_run": True}),
    Case("delete doubling", keys={"project", "flow", "versions", "runs"}, has={"versions": 2, "runs": 2}),
    Case("delete nothing", status=4),
    Case("reset", status=3),
    Case("reset --yes", keys={"removed", "freed_bytes"}),
    Case("nothing", status=2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
def test_json_stands_alone_with_its_keys(case, recorded, capsys):
    """Every command prints exactly one JSON document, of the promised shape, and exits with the promised status."""
    status = run([*case.line.split(), "--json"])
    shown, said = capsys.readouterr()
    document = json.loads(shown)
    assert status == case.status, said
    if case.keys is None:
        assert set(document) == {"error"}
        assert set(document["error"]) >= {"type", "message"}
        assert said.startswith("Error: ")
        return
    elements = document if case.rows else [document]
    assert isinstance(document, list) is case.rows
    assert case.count in (None, len(elements))
    for element in elements:
        assert case.keys <= set(element)
        assert case.has.items() <= element.items()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
def test_people_get_words(case, recorded, capsys):
    """Without --json the status is the same, errors are one line on standard error, and nothing is a traceback."""
    status = run(case.line.split())
    shown, said = capsys.readouterr()
    assert status == case.status, said
    assert "Traceback" not in shown + said
    if case.keys is None:
        assert shown == ""
        assert said.startswith("Error: ")
    elif not said:
        assert shown.endswith("\n")


def test_every_command_is_in_the_table():
    """A command without a row in the table has no contract."""
    tried = {case.line.split()[0] for case in CASES}
    assert set(app.commands) <= tried


@pytest.mark.parametrize("name", sorted(app.commands))
def test_help_says_what_it_does(name, capsys):
    """`--help` of each command exits with 0 and shows usage and a sentence."""
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: jupyter flows {name} ")
    assert "." in shown.partition("Options:")[0]


@pytest.mark.parametrize("name", [name for name in sorted(app.commands) if name not in ("agent", "secret")])
def test_every_command_takes_json(name):
    """The option is nowhere forgotten."""
    assert "--json" in {word for option in app.commands[name].params for word in option.opts}


def test_alone_it_shows_its_help(capsys):
    """`jupyter flows` lists its commands."""
    assert run([]) == 0
    assert "register  Register a notebook's flow." in capsys.readouterr().out


def test_a_misspelt_command_is_answered_with_the_near_one(capsys):
    """The error names the command that was probably meant."""
    assert run(["regster", "x.ipynb"]) == 2
    assert "There is no command 'regster': did you mean register" in capsys.readouterr().err
