"""Flows registered to images, from the command line, and run from them."""

import json

import nbformat
import pytest

from jupyter_flows.agent.local import LocalAgent
from jupyter_flows.cli.app import run
from jupyter_flows.core.state import StateName
from jupyter_flows.registry import open_registry
from tests.images.bases import layout_base
from tests.images.wheels import make_wheel


@pytest.fixture
def notebook(tmp_path):
    """Save a notebook with a module and a data file beside it; return a function that changes its last cell."""
    (tmp_path / "prices.py").write_text("def doubled(n):\n    return 2 * n\n")
    path = tmp_path / "sales.ipynb"

    def write(last="answer = total"):
        # A cell that ends in an expression would need a shell.
        cells = ["import prices", "total = prices.doubled(21)", last]
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), path)
        return path

    write()
    return write


def register(capsys, path, *options):
    """Run `jupyter flows register --storage docker --json`; return the exit code, what it printed, and progress."""
    words = ["register", str(path), "--project", "shop", "--storage", "docker", "-o", "builder=oci", *options, "--json"]
    code = run(words)
    out, err = capsys.readouterr()
    return code, json.loads(out) if out.startswith("{") else out, err


def test_a_registered_image_is_run_without_an_engine(capsys, notebook, group, tmp_path, index):
    """The agent fetches the flow's layers, local modules among them, and runs it as any other."""
    base = layout_base(tmp_path / "base")
    options = ("-o", f"registry_url={group}", "-o", f"base_image={base}")
    code, done, progress = register(capsys, notebook(), *options)
    assert code == 0
    assert done["artifact"]["uri"].startswith(f"docker://{group}/sales:v1-")
    assert "sending flow, " in progress
    with open_registry() as registry:
        (tmp_path / "prices.py").write_text("raise ImportError('not the registered one')\n")
        version = registry.flows.get("shop", "sales")
        finished = LocalAgent().run_one(registry.runs.create(version).id)
    assert finished.state is StateName.SUCCESS, finished.message


def test_the_second_registration_sends_the_flow_alone(capsys, notebook, group, tmp_path, index):
    """One changed cell, under a hundred kilobytes."""
    base = layout_base(tmp_path / "base")
    options = ("-o", f"registry_url={group}", "-o", f"base_image={base}")
    register(capsys, notebook(), *options)
    _, done, progress = register(capsys, notebook("answer = total + 1"), *options)
    assert done["version"] == 2
    sent = [line for line in progress.splitlines() if line.startswith("sending")]
    assert [line.split(",")[0] for line in sent] == ["sending flow", "sending configuration"]


def test_a_failed_check_registers_nothing(capsys, notebook, image_registry, tmp_path, index):
    """The command is refused, with the package named."""
    make_wheel(index, "broken", files={"broken/__init__.py": b"1 / 0\n"})
    options = ("-o", f"registry_url={image_registry.url}/failed", "-o", f"base_image={layout_base(tmp_path / 'base')}")
    before = image_registry.uploads()
    code, _, said = register(capsys, notebook(), *options, "-o", 'python_dependencies=["broken"]')
    assert code == 3
    assert "broken can't be imported: ZeroDivisionError" in said
    assert image_registry.uploads() == before
    with open_registry() as registry:
        assert list(registry.flows.list()) == []
