from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_flows.cli.app import run
from jupyter_flows.registry import open_registry

from .conftest import SALES


def answer(capsys, *words, status=0):
    """Run a command with --json and return its document."""
    found = run([*map(str, words), "--json"])
    shown, said = capsys.readouterr()
    assert found == status, said
    return json.loads(shown)


def told(capsys, *words, status=0):
    """Run a command for people and return what it printed."""
    found = run([*map(str, words)])
    shown, said = capsys.readouterr()
    assert found == status, said
    return shown


def test_register_records_a_version(sales, capsys):
    """Registering gives the promised keys, and the registry has the flow afterwards."""
    document = answer(capsys, "register", sales, "--project", "sales")
    assert {k: document[k] for k in ("project", "flow", "version", "created", "findings", "left_out", "joined")} == {
        "project": "sales",
        "flow": "sales-nightly",
        "version": 1,
        "created": True,
        "findings": [],
        "left_out": [4],
        "joined": [],
    }
    assert set(document["artifact"]) == {"uri", "digest", "size_bytes"}
    assert document["digest"].startswith("v1:")
    with open_registry() as registry:
        assert registry.flows.get("sales", "sales-nightly").digest == document["digest"]


def test_registering_again_keeps_the_version(sales, write_notebook, capsys):
    """An unchanged notebook keeps its version, formatting is no change, changed code makes the next."""
    assert answer(capsys, "register", sales)["created"] is True
    write_notebook(*SALES[:5], "%%task report\nprint( sum( clean ) )  # the sum")
    again = answer(capsys, "register", sales)
    assert (again["version"], again["created"], again["changes"]) == (1, False, [])
    write_notebook(*SALES[:5], "%%task report\nprint(max(clean))")
    changed = answer(capsys, "register", sales)
    assert (changed["version"], changed["created"], changed["changes"]) == (2, True, ["task 'report': code"])


def test_registering_runs_no_cell(write_notebook, tmp_path, capsys):
    """A cell that would write a file writes none."""
    path = write_notebook("%%task write\nopen('proof', 'w').write('ran')")
    answer(capsys, "register", path, "--project", "p")
    assert not (tmp_path / "proof").exists()
    assert not Path("proof").exists()


def test_a_dry_run_records_nothing(sales, capsys):
    """`--dry-run` says the version it would be and leaves the registry as it was."""
    document = answer(capsys, "register", sales, "--dry-run")
    assert {k: document[k] for k in ("version", "created", "dry_run", "artifact")} == {
        "version": 1,
        "created": True,
        "dry_run": True,
        "artifact": None,
    }
    assert answer(capsys, "list") == []


def test_a_dry_run_says_what_changed(sales, write_notebook, capsys):
    """Changes are told task by task, before anything is recorded."""
    answer(capsys, "register", sales)
    write_notebook(*SALES[:4], "#| task: clean --retries 3\nclean = [row + factor for row in rows]", SALES[5])
    said = (
        "~ clean  code, options (max_retries 2 -> 3)\n"
        "    - clean = [row * factor for row in rows]\n"
        "    + clean = [row + factor for row in rows]\n"
    )
    assert told(capsys, "register", sales, "--dry-run") == f"sales/sales-nightly would be v2:\n{said}"
    assert told(capsys, "diff", sales) == f"sales/sales-nightly v1 -> the notebook\n{said}"
    assert answer(capsys, "runs") == []


def test_options_go_before_the_notebook(sales, tmp_path, capsys):
    """--project, --name, --label, --storage and -o decide; without them the notebook does."""
    folder = tmp_path / "kept"
    words = ("--project", "other", "--name", "renamed", "--label", "gpu", "--label", "dev")
    document = answer(capsys, "register", sales, *words, "--storage", "local", "-o", f"directory={folder}")
    assert (document["project"], document["flow"]) == ("other", "renamed")
    assert document["artifact"]["uri"].startswith(folder.as_uri())
    with open_registry() as registry:
        assert registry.flows.get("other", "renamed").labels == ("dev", "gpu")


def test_the_notebooks_metadata_choose(write_notebook, tmp_path, capsys):
    """Storage, environment, labels, project and name come from the metadata where no option and no line says."""
    chosen = {
        "name": "chosen",
        "project": "of-the-notebook",
        "storage": {"class": "jupyter_flows.environments.storage.Local", "options": {"directory": str(tmp_path / "k")}},
        "environment": "LocalEnvironment",
        "labels": ["gpu"],
    }
    path = write_notebook("%%task one\nx = 1", jupyter_flows=chosen)
    document = answer(capsys, "register", path)
    assert (document["project"], document["flow"]) == ("of-the-notebook", "chosen")
    assert document["artifact"]["uri"].startswith((tmp_path / "k").as_uri())
    with open_registry() as registry:
        version = registry.flows.get("of-the-notebook", "chosen")
    assert version.labels == ("gpu",)
    assert version.document["environment"]["class"].endswith("LocalEnvironment")


def test_the_default_project_is_a_setting(write_notebook, monkeypatch, capsys):
    """A notebook that names no project goes to the settings' one."""
    monkeypatch.setenv("JUPYTER_FLOWS_DEFAULT_PROJECT", "everyday")
    path = write_notebook("%%task one\nx = 1", name="plain.ipynb")
    document = answer(capsys, "register", path)
    assert (document["project"], document["flow"]) == ("everyday", "plain")


def test_show_gives_tasks_and_edges(sales, capsys):
    """The graph of a notebook has the promised keys, and the same after registering."""
    document = answer(capsys, "show", sales, "--why")
    tasks = {task["name"]: task for task in document["tasks"]}
    assert {name: task["cell"] for name, task in tasks.items()} == {"parameters": 2, "load": 3, "clean": 5, "report": 6}
    assert (tasks["clean"]["reads"], tasks["clean"]["writes"]) == (["factor", "rows"], ["clean"])
    assert tasks["clean"]["definition"] is False
    pairs = {(edge["upstream"], edge["downstream"]): edge for edge in document["edges"]}
    assert {("load", "clean"), ("clean", "report")} <= set(pairs)
    assert pairs["load", "clean"]["names"] == ["rows"]
    assert "rows" in pairs["load", "clean"]["why"]
    answer(capsys, "register", sales)
    registered = answer(capsys, "show", "sales-nightly")
    assert (registered["tasks"], registered["edges"]) == (document["tasks"], document["edges"])


def test_register_tells_people_what_took_part(sales, capsys):
    """The steps, the cell that was left out, version, storage, interpreter and folder are said."""
    first, second = told(capsys, "register", sales).splitlines()
    assert first == "load -> clean -> report · left out: cell 4 (nothing needs it)"
    assert second.startswith("sales/sales-nightly v1 · Local · ")
    assert " in " in second


def test_check_finds_nothing_in_a_sound_notebook(sales, capsys):
    """No findings, exit status 0."""
    assert answer(capsys, "check", sales) == []


def test_findings_are_errors_of_a_check(write_notebook, capsys):
    """A name that no cell defines is a finding with its cell and line, and exit status 1."""
    path = write_notebook("%%task one\nx = 1\ny = x + nowhere")
    [finding] = answer(capsys, "check", path, status=1)
    assert (finding["code"], finding["level"], finding["cell"], finding["line"]) == ("F001", "error", 1, 3)
    assert "nowhere" in finding["message"]


@pytest.mark.parametrize(
    ("cells", "kind", "cell"),
    [
        (["%%task one\nx = (1"], "CellSyntaxError", 1),
        (["%%task one --retires 2\nx = 1"], "MarkerError", None),
        (["%%task one\nx = 1", "%%task one\ny = 1"], "DuplicateTaskError", None),
        (["%%task one --after two\nx = 1", "%%task two --after one\ny = 1"], "CycleError", None),
        (["%%task one --after nobody\nx = 1"], "DefinitionError", None),
    ],
)
def test_what_stops_the_reading_is_a_finding_of_check(write_notebook, capsys, cells, kind, cell):
    """A notebook that can't become a flow at all gives one finding, coded by the error's name."""
    [finding] = answer(capsys, "check", write_notebook(*cells), status=1)
    assert (finding["code"], finding["level"], finding["cell"]) == (kind, "error", cell)


def test_diff_of_a_registered_flow(sales, write_notebook, capsys):
    """The latest version is compared with the one before, or with any other."""
    answer(capsys, "register", sales)
    assert answer(capsys, "diff", "sales-nightly")["old"] is None
    write_notebook(*SALES, "%%task extra\nprint(clean)")
    answer(capsys, "register", sales)
    document = answer(capsys, "diff", "sales/sales-nightly")
    assert (document["old"], document["new"]) == (1, 2)
    added = {"task": "extra", "what": "added", "detail": "after clean", "lines": ["+ print(clean)"]}
    assert document["changes"] == [added]
    assert answer(capsys, "diff", sales, "--version", "1")["changes"] == document["changes"]
    assert told(capsys, "diff", sales, "--project", "other").endswith("elsewhere: --project sales.\n")


def test_the_executed_notebook_of_a_run_that_waits(sales, tmp_path, capsys):
    """Before any agent took it a run's notebook is the registered one with the parameters given, without outputs."""
    answer(capsys, "register", sales)
    run_id = answer(capsys, "run", "sales-nightly", "-p", "factor=5")["run_id"]
    document = answer(capsys, "notebook", run_id, "-o", tmp_path / "executed.ipynb")
    assert document == {"run_id": run_id, "path": str(tmp_path / "executed.ipynb"), "trusted": True}
    cells = json.loads((tmp_path / "executed.ipynb").read_text())["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code"] == [[]] * (len(SALES) + 1)
    assert "factor = 5" in "".join(cells[2]["source"])


def test_a_kernel_of_another_python_is_said(write_notebook, private_places, capsys):
    """Registering with one Python a notebook that another runs is possible, and said before."""
    folder = private_places / "jupyter_data_dir" / "kernels" / "project"
    folder.mkdir(parents=True)
    spec = {"argv": ["/opt/project/bin/python", "-m", "ipykernel"], "display_name": "Project", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    kernel = {"name": "project", "display_name": "Project", "language": "python"}
    path = write_notebook("%%task one\nx = 1", kernelspec=kernel)
    assert run(["register", str(path)]) == 0
    assert "kernel 'project' is /opt/project/bin/python" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["python3", "gone"])
def test_an_ordinary_kernel_is_not_worth_a_word(write_notebook, capsys, name):
    """The environment's own kernel, and one that this machine does not know, are passed over."""
    kernel = {"name": name, "display_name": "Python", "language": "python"}
    assert run(["register", str(write_notebook("%%task one\nx = 1", kernelspec=kernel))]) == 0
    assert capsys.readouterr().err == ""


def test_a_flow_is_not_taken_for_a_file_of_its_name(sales, monkeypatch, tmp_path, capsys):
    """`show NAME` means the registered flow, also where a file of that name lies."""
    answer(capsys, "register", sales)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales-nightly").write_text("something else")
    assert answer(capsys, "show", "sales-nightly")["version"] == 1
