from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from jupyter_flows.agent.local import LocalAgent
from jupyter_flows.cli.app import run
from jupyter_flows.cli.executed import left_behind
from jupyter_flows.environments.storage import storage_from_json
from jupyter_flows.registry import open_registry


@pytest.fixture
def ran(write_notebook, capsys) -> int:
    """Register a notebook of rich output, run it, and return the run's number."""
    path = write_notebook("from IPython.display import HTML\nn = 2", "HTML(f'<b>{n}</b>')", name="rich.ipynb")
    assert run(["register", str(path), "--project", "p"]) == 0
    with open_registry() as registry:
        done = LocalAgent(registry=registry).run_one(registry.runs.create(registry.flows.get("p", "rich")).id)
        assert done.state.value == "Success"
    capsys.readouterr()
    return done.id


def is_signed(path: Path) -> bool:
    notary = NotebookNotary()
    try:
        return notary.check_signature(nbformat.read(path, as_version=4))
    finally:
        notary.store.close()


def test_ones_own_run_opens_trusted(ran, tmp_path, capsys):
    """The notebook of one's own run is signed when it is handed out, wherever it is written to."""
    assert run(["notebook", str(ran), "-o", str(tmp_path / "out.ipynb"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "run_id": ran,
        "path": str(tmp_path / "out.ipynb"),
        "trusted": True,
    }
    assert is_signed(tmp_path / "out.ipynb")


def test_a_run_in_a_shared_registry_opens_untrusted(ran, tmp_path, capsys):
    """Where others may write to the registry, the notebook is not signed."""
    with open_registry() as registry:
        registry.path.chmod(0o666)
    assert run(["notebook", str(ran), "-o", str(tmp_path / "out.ipynb"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trusted"] is False
    assert not is_signed(tmp_path / "out.ipynb")


def test_a_copy_beside_the_notebook_replaces_no_work(ran, tmp_path):
    """Handed out again it is the same file; one that somebody changed since is left alone."""
    first = left_behind(ran, beside=tmp_path)
    assert first.path == tmp_path / f"rich-run-{ran}.ipynb"
    assert left_behind(ran, beside=tmp_path).path == first.path
    first.path.write_text(first.path.read_text().replace('"source": "', '"source": "# mine\\n', 1))
    second = left_behind(ran, beside=tmp_path)
    assert second.path == tmp_path / f"rich-run-{ran}-2.ipynb"
    assert "# mine" in first.path.read_text()


def test_an_executed_notebook_is_a_notebook_of_the_same_flow(ran, tmp_path, capsys):
    """Registering what a run left behind records nothing new: outputs, times and marks are no meaning."""
    run(["notebook", str(ran), "-o", str(tmp_path / "again.ipynb")])
    capsys.readouterr()
    assert run(["register", str(tmp_path / "again.ipynb"), "--project", "p", "--name", "rich", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["created"] is False


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.text for cell in cells if cell.cell_type == "code" for o in cell.outputs)


def test_the_injected_cell_is_replaced_when_an_executed_notebook_runs(write_notebook, tmp_path, capsys):
    """As with papermill there is one injected cell, however often the notebook goes through runs."""
    path = write_notebook("#| parameters\nn = 1\nregion = 'EU'", "print(n, region)", name="first.ipynb")
    given = [["-p", "n=5", "-p", "region=US"], ["-p", "n=7"], []]
    results = []
    for number, parameters in enumerate(given, start=1):
        assert run(["register", str(path), "--project", "p", "--name", "again"]) == 0
        assert run(["run", "again", *parameters, "--here", "--wait"]) == 0
        path = tmp_path / f"out{number}.ipynb"
        assert run(["notebook", str(number), "-o", str(path)]) == 0
        results.append((sources(path)[1:-1], printed(path)))
    capsys.readouterr()
    assert results == [
        (["# Parameters\nn = 5\nregion = 'US'"], "5 US\n"),
        (["# Parameters\nn = 7\nregion = 'US'"], "7 US\n"),
        (["# Parameters\nn = 7\nregion = 'US'"], "7 US\n"),
    ]


def test_a_secret_runs_from_cell_to_executed_notebook(write_notebook, tmp_path, capsys, monkeypatch):
    """The notebook's value is registered nowhere, the run has its own, and what it leaves shows neither."""
    monkeypatch.setenv("JUPYTER_FLOWS_SECRET_KEY", "opensesame-of-the-run")
    path = write_notebook("#| secret: KEY\nKEY = 'opensesame-of-mine'", "print(len(KEY), KEY)\nraise ValueError(KEY)")
    assert run(["register", str(path), "--project", "p", "--name", "secret"]) == 0
    assert run(["run", "secret", "--here", "--wait"]) == 1
    out = tmp_path / "out.ipynb"
    assert run(["notebook", "1", "-o", str(out)]) == 0
    assert run(["logs", "1"]) == 0
    shown, said = capsys.readouterr()
    everything = out.read_text() + shown + said
    assert "21 ***" in everything
    assert "opensesame" not in everything
    with open_registry() as registry:
        version = registry.runs.version(1)
        assert not [
            p for p in registry.path.parent.glob("registry*") if p.is_file() and b"opensesame" in p.read_bytes()
        ]
    files = storage_from_json(version.document["storage"]).load(version.artifact).files
    assert not [name for name, data in files.items() if b"opensesame" in data]
