"""The notebooks under notebooks/: run top to bottom, then as flows by an agent, with the same outcome."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.command_line import flows, flows_json
from tests.conftest import point_at
from tests.notebooks.outputs import comparable

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
#: Each notebook's flow, and the tasks that registering it must find.
NOTEBOOKS = {
    "quickstart": ("demo", "penguins", ["load", "clean", "summary", "plot"]),
    "model_comparison": (
        "models",
        "tumour-models",
        ["load", "split", "logistic", "forest", "neighbours", "compare", "curves", "importances", "verdict"],
    ),
    "etl": (
        "weather",
        "temperatures",
        [
            *("extract_seattle", "extract_san_francisco", "seattle", "san_francisco"),
            *("combine", "check", "load", "report", "months"),
        ],
    ),
}
NOTEBOOKS_BY_FLOW = {flow: tasks for _, flow, tasks in NOTEBOOKS.values()}
CONTROL = ("%load_ext", "%flow")


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return a notebook's code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_control(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """Return the code cells that do work, by id."""
    return {cell.id: cell for cell in code_cells(notebook) if not cell.source.startswith(CONTROL)}


def execute(path: Path) -> nbformat.NotebookNode:
    """Run every cell of a notebook in a real kernel, the kernel knowing its file as JupyterLab tells it."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=110, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env={**os.environ, "JPY_SESSION_NAME": str(path)})
    return notebook


@dataclass(frozen=True)
class Journey:
    """A notebook's way: run top to bottom in a kernel, registered by the command line, run by an agent."""

    #: The registration by the command line, after the kernel's own.
    registered: dict[str, Any]
    run: dict[str, Any]
    tasks: list[dict[str, Any]]
    #: The working cells by id: as the kernel left them, and as the run left them.
    expected: dict[str, nbformat.NotebookNode]
    found: dict[str, nbformat.NotebookNode]

    @property
    def names(self) -> list[str]:
        """The tasks that must be there."""
        return NOTEBOOKS_BY_FLOW[self.run["flow"]]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """Take each notebook the whole way once; the tests look at what it left."""
    folder = tmp_path_factory.mktemp(request.param)
    path = Path(shutil.copy(FOLDER / f"{request.param}.ipynb", folder))
    with pytest.MonkeyPatch.context() as monkeypatch:
        point_at(tmp_path_factory.mktemp("places"), monkeypatch)
        expected = execute(path)
        registered = flows_json("register", path.name, "--project", NOTEBOOKS[path.stem][0], cwd=folder)
        run, executed = run_by_agent(path)
        tasks = flows_json("tasks", str(run["run_id"]), cwd=folder)
    return Journey(registered, run, tasks, without_control(expected), without_control(executed))


def run_by_agent(path: Path, *options: str) -> tuple[dict[str, Any], nbformat.NotebookNode]:
    """Register a notebook, have an agent run it once, and return the run and the notebook it left."""
    project, flow, _ = NOTEBOOKS[path.stem]
    flows("register", path.name, "--project", project, cwd=path.parent)
    run_id = str(flows_json("run", flow, "--project", project, *options, cwd=path.parent)["run_id"])
    flows("agent", "start", "--once", cwd=path.parent)
    [run] = [row for row in flows_json("runs", "--project", project, cwd=path.parent) if str(row["run_id"]) == run_id]
    flows("notebook", run_id, "-o", "executed.ipynb", cwd=path.parent)
    return run, nbformat.read(path.parent / "executed.ipynb", as_version=4)


@pytest.mark.timeout(400)
def test_every_task_succeeds(journey):
    """An agent's run of the registered notebook runs each marked cell, and each succeeds."""
    assert journey.run["state"] == "Success"
    assert set(journey.names) <= {row["task"] for row in journey.tasks}
    assert {row["state"] for row in journey.tasks} == {"Success"}


@pytest.mark.timeout(400)
def test_a_flow_gives_what_top_to_bottom_gives(journey):
    """Every task's outputs in the run are those of its cell in a kernel that ran the whole notebook."""
    marked = [key for key, cell in journey.expected.items() if "task" in cell.source.partition("\n")[0]]
    assert len(marked) == len(journey.names)
    for key in marked:
        assert comparable(journey.found[key].outputs) == comparable(journey.expected[key].outputs), key


@pytest.mark.timeout(400)
def test_kernel_and_command_line_register_the_same(journey):
    """`%flow_register` in the notebook and `jupyter flows register` on its file give one version with one digest."""
    assert (journey.registered["version"], journey.registered["created"]) == (1, False)


def test_registering_finds_the_parallel_branches(tmp_path):
    """The three models wait for the split and for nothing of one another."""
    path = Path(shutil.copy(FOLDER / "model_comparison.ipynb", tmp_path))
    shown = flows_json("show", path.name, cwd=tmp_path)
    models = {"logistic", "forest", "neighbours"}
    between = [edge for edge in shown["edges"] if {edge["upstream"], edge["downstream"]} <= models]
    assert between == []
    waiting = {edge["downstream"] for edge in shown["edges"] if edge["upstream"] == "split"}
    assert models <= waiting


@pytest.mark.timeout(200)
def test_parameters_reach_the_run(tmp_path):
    """The ETL writes the months asked for, in the unit asked for, to the file asked for."""
    path = Path(shutil.copy(FOLDER / "etl.ipynb", tmp_path))
    options = ("first_month=6", "last_month=8", "unit=F", "target=summer/days.sqlite")
    run, executed = run_by_agent(path, *(word for option in options for word in ("-p", option)))
    assert run["state"] == "Success"
    assert without_control(executed)["load"].outputs[0]["text"] == "184 rows written\n"
    with closing(sqlite3.connect(tmp_path / "summer" / "days.sqlite")) as database:
        rows = database.execute("SELECT city, COUNT(*), ROUND(AVG(mean)) FROM days GROUP BY city ORDER BY city")
        assert rows.fetchall() == [("San Francisco", 92, 62.0), ("Seattle", 92, 63.0)]


@pytest.mark.timeout(200)
def test_a_bad_parameter_fails_the_run_in_the_cell_that_minds(tmp_path):
    """A unit that the notebook does not know fails two tasks with the notebook's own message; the rest never starts."""
    path = Path(shutil.copy(FOLDER / "etl.ipynb", tmp_path))
    run, executed = run_by_agent(path, "-p", "unit=K")
    assert run["state"] == "Failed"
    [error] = [
        output for output in without_control(executed)["transform-seattle"].outputs if output.output_type == "error"
    ]
    assert (error.ename, error.evalue) == ("ValueError", "unknown unit 'K': give C or F")
    states = {row["task"]: row["state"] for row in flows_json("tasks", str(run["run_id"]), cwd=tmp_path)}
    assert states["seattle"] == "Failed"
    assert states["load"] not in {"Success", "Failed"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_committed_clean(name):
    """A committed notebook is valid, names its cells, and holds no outputs and no counts."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.nbformat_minor >= 5
    assert [cell.id for cell in code_cells(notebook) if cell.outputs or cell.execution_count] == []
    assert code_cells(notebook)[0].source.startswith("%load_ext jupyter_flows\n%flow ")


def test_the_quick_start_is_short():
    """The quick start has fewer than twelve cells."""
    assert len(nbformat.read(FOLDER / "quickstart.ipynb", as_version=4).cells) < 12


def shown(cells: list[nbformat.NotebookNode]) -> str:
    """Return what cells printed and showed, as text; pictures leave none."""
    found = []
    for output in (output for cell in cells for output in cell.outputs):
        if output.output_type == "stream" and output.name == "stdout":
            found.append(output.text)
        elif output.output_type in ("execute_result", "display_data") and "image/png" not in output.data:
            found.append(output.data["text/plain"] + "\n")
    return "".join(found)


@pytest.mark.timeout(200)
def test_as_a_script_it_prints_the_same(journey, tmp_path):
    """The exported script, run by itself, prints what the notebook's cells print and show in a kernel."""
    name = next(name for name, (_, flow, _) in NOTEBOOKS.items() if flow == journey.run["flow"])
    flows("export", FOLDER / f"{name}.ipynb", "-o", tmp_path / "flow.py", cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "flow.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr
    ids = [cell.id for cell in code_cells(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))]
    left_out = {ids[ordinal - 1] for ordinal in journey.registered["left_out"]}
    assert done.stdout == shown([cell for id_, cell in journey.expected.items() if id_ not in left_out])
