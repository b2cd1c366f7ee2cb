"""The command line as a process of its own: agents, waiting, interrupting, following."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_flows.cli.app import run as run_command
from tests.command_line import EXECUTABLE, flows, flows_json

GATE = "%%task wait\nprint('at the gate')\nword = open('gate').read()"


@contextmanager
def started(*words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and end it for good when the test is through."""
    pipe = subprocess.PIPE
    with subprocess.Popen([EXECUTABLE, *words], cwd=cwd, stdout=pipe, stderr=pipe, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(*words: str | Path) -> Any:
    """Run a command in this process, which is quicker, and return its document."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run_command([*map(str, words), "--json"]) == 0
    return json.loads(out.getvalue())


def read_until(stream, word: str) -> str:
    """Read lines up to the one that holds a word; fail at the stream's end."""
    seen = ""
    for line in stream:
        seen += line
        if word in line:
            return seen
    raise AssertionError(f"{word!r} never came:\n{seen}")


@pytest.fixture
def gated(write_notebook, tmp_path):
    """Register a flow whose first task waits until the test writes to a named pipe."""
    os.mkfifo(tmp_path / "gate")
    path = write_notebook(GATE, "%%task after\nprint(word)", name="gated.ipynb")
    ask("register", path, "--project", "p")
    return tmp_path


def open_gate(folder: Path) -> None:
    """Let the waiting task go on."""
    (folder / "gate").write_text("go")


def test_an_agent_takes_what_waits_and_leaves(sales, tmp_path):
    """From notebook to finished run: register, run, agent start --once, runs, tasks, logs, notebook."""
    ask("register", sales)
    asked = ask("run", "sales-nightly", "-p", "factor=10")
    assert asked["state"] == "Scheduled"
    flows("agent", "start", "--once", cwd=tmp_path)
    [run] = ask("runs")
    assert (run["run_id"], run["state"], run["parameters"]) == (asked["run_id"], "Success", {"factor": 10})
    states = {row["task"]: (row["cell"], row["state"]) for row in ask("tasks", "1")}
    assert {"load": (3, "Success"), "clean": (5, "Success"), "report": (6, "Success")}.items() <= states.items()
    lines = ask("logs", "1")
    assert [(line["task"], line["source"], line["text"]) for line in lines if line["task"]] == [
        ("report", "stdout", "60")
    ]
    path = flows("notebook", "1", "-o", "executed.ipynb", cwd=tmp_path).stdout
    assert path == f"{tmp_path / 'executed.ipynb'}\n"
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    nbformat.validate(executed)
    assert [output.text for cell in executed.cells for output in cell.get("outputs", [])] == ["60\n"]
    assert flows("open", "1", cwd=tmp_path).stdout.endswith("/notebooks/sales/sales-nightly/1.ipynb\n")


@pytest.mark.parametrize(
    ("run_labels", "agent_labels", "taken"),
    [
        (["dev"], ["dev", "staging"], True),
        (["dev", "staging"], ["dev"], False),
        ([], ["dev"], False),
        (["dev"], [], False),
        ([], [], True),
    ],
    ids=["subset", "superset", "none-of-the-run", "none-of-the-agent", "none"],
)
def test_labels_decide_who_takes_a_run(sales, tmp_path, run_labels, agent_labels, taken):
    """An agent takes a run if its labels hold the run's; no labels match only no labels."""

    def words(labels):
        return [word for label in labels for word in ("--label", label)]

    ask("register", sales, *words(run_labels))
    ask("run", "sales-nightly")
    ask("agent", "start", "--once", *words(agent_labels))
    [run] = ask("runs")
    assert run["state"] == ("Success" if taken else "Scheduled")


def test_waiting_for_a_run_that_fails(write_notebook, tmp_path):
    """`--wait` exits with 1 when the run fails, and the document says in which cell and line."""
    path = write_notebook("%%task a\nx = {}", "%%task b\n# look it up\nx['gross']", name="bad.ipynb")
    ask("register", path)
    with started("agent", "start", cwd=tmp_path) as agent:
        read_until(agent.stderr, "takes runs without labels")
        run = flows_json("run", "bad", "--wait", "--timeout", "60", cwd=tmp_path, status=1)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(60) == 0
    assert run["state"] == "Failed"
    assert "KeyError 'gross' (cell 2, line 3)" in run["message"]
    assert {task["task"]: task["state"] for task in run["tasks"]} == {"a": "Success", "b": "Failed"}
    assert Path(run["notebook"]).is_file()


def test_running_here_needs_no_agent(sales, tmp_path):
    """`--here` runs it in the command: progress on standard error, the card as the result."""
    ask("register", sales)
    done = flows("run", "sales-nightly", "--here", cwd=tmp_path)
    assert "✓ report  Success" in done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("✓ run 1 · sales/sales-nightly · v1 · Success · ")
    assert last.endswith("/notebooks/sales/sales-nightly/1.ipynb")
    assert "\x1b" not in done.stdout + done.stderr


def test_interrupting_a_run_here_cancels_it(gated):
    """Ctrl-C ends a run that runs in the command, which exits with 130."""
    with started("run", "gated", "--here", cwd=gated) as command:
        read_until(command.stderr, "wait")
        command.send_signal(signal.SIGINT)
        assert command.wait(60) == 130
    [run] = ask("runs")
    assert run["state"] == "Cancelled"


def test_a_run_here_that_takes_too_long_is_cancelled(gated):
    """`--here --timeout` ends the run with the command, which exits with 124."""
    run = flows_json("run", "gated", "--here", "--timeout", "0.5", cwd=gated, status=124)
    assert run["state"] == "Cancelled"


def test_a_timeout_leaves_the_run_going(gated):
    """`--wait --timeout` exits with 124, and the run is where it was."""
    run = flows_json("run", "gated", "--wait", "--timeout", "0.3", cwd=gated, status=124)
    assert run["state"] == "Scheduled"
    assert ask("runs")[0]["state"] == "Scheduled"


def test_interrupting_the_wait_leaves_the_run_going(gated):
    """Ctrl-C while waiting exits with 130, says that the run goes on, and prints the one document."""
    with started("run", "gated", "--wait", "--json", cwd=gated) as command:
        read_until(command.stderr, "No agent takes runs without labels")
        command.send_signal(signal.SIGINT)
        shown, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert "Run 1 goes on" in said
    assert json.loads(shown)["state"] == "Scheduled"
    assert ask("runs")[0]["state"] == "Scheduled"


def test_following_logs_until_the_end(gated):
    """`logs --follow` prints lines while they come and ends with the run."""
    ask("run", "gated")
    with started("agent", "start", "--once", cwd=gated), started("logs", "1", "--follow", cwd=gated) as logs:
        assert read_until(logs.stdout, "at the gate").rstrip().endswith("wait   at the gate")
        open_gate(gated)
        assert read_until(logs.stdout, "go").rstrip().endswith("after  go")
        assert logs.wait(60) == 0


def test_cancelling_a_run_at_work(gated):
    """Ctrl-C of the logs leaves the run going; `cancel` reaches a task that waits for something."""
    ask("run", "gated")
    with started("agent", "start", "--once", cwd=gated) as agent:
        with started("logs", "1", "--follow", cwd=gated) as logs:
            read_until(logs.stdout, "at the gate")
            logs.send_signal(signal.SIGINT)
            said = logs.communicate(timeout=60)[1]
        assert (logs.returncode, said) == (130, "No longer following; run 1 goes on.\n")
        assert ask("cancel", "1")["state"] == "Cancelling"
        assert agent.wait(60) == 0
    assert ask("runs")[0]["state"] == "Cancelled"


def test_a_reader_that_leaves_is_no_error(sales, tmp_path):
    """`jupyter flows runs | head -1` ends quietly."""
    ask("register", sales)
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [EXECUTABLE, "list"], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(write)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (0, "")


def test_jupyter_finds_the_command(tmp_path):
    """`jupyter flows` is `jupyter-flows`."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(EXECUTABLE.parent), os.environ["PATH"]])}
    words = [EXECUTABLE.parent / "jupyter", "flows", "--version"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("jupyter_flows, version ")


def test_an_agent_says_what_it_did_in_json(tmp_path):
    """`agent start --once --json` prints one document when it leaves."""
    document = flows_json("agent", "start", "--once", "--label", "b", "--label", "a", "--name", "me", cwd=tmp_path)
    assert document == {"agent": "me", "labels": ["a", "b"], "max_runs": os.cpu_count()}


def test_a_stream_that_can_write_ascii_only(write_notebook, tmp_path, monkeypatch):
    """Text is shown as far as it can be, and JSON stays what it is."""
    path = write_notebook("%%task größe\nx = 1", name="maße.ipynb")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    document = flows_json("register", path.name, "--project", "größen", cwd=tmp_path)
    assert (document["project"], document["flow"]) == ("größen", "maße")
    assert "gr??en/ma?e  v1" in flows("list", cwd=tmp_path).stdout


def test_other_versions_are_said_or_refused(write_notebook, tmp_path):
    """A run says first that a package is not of the registered version; with --strict it fails for that."""
    path = write_notebook('%%task a --requires "click==0.1"\nx = 1', name="old.ipynb")
    ask("register", path)
    done = flows("run", "old", "--here", cwd=tmp_path)
    assert "! versions differ from those registered: click" in done.stdout
    refused = flows("run", "old", "--here", "--strict", cwd=tmp_path, status=1)
    assert "versions differ from those registered: click" in refused.stdout
    assert [run["state"] for run in ask("runs")] == ["Failed", "Success"]
