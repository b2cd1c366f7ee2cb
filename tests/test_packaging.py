"""What is built from a clone holds what it should, and building it needs no Node."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel and an sdist with nothing on PATH, so no Node either."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nonexistent"},
        check=True,
        capture_output=True,
        timeout=100,
    )
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(built):
    """Every module of the checkout is in the wheel, with the mark that it is typed; tests and notebooks are not."""
    [wheel] = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "jupyter_flows").rglob("*.py")}
    assert modules <= names
    assert "jupyter_flows/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {"jupyter_flows"}


def test_the_wheel_brings_the_command(built):
    """`jupyter flows` is found by way of an executable named jupyter-flows."""
    [wheel] = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    [points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "jupyter-flows = jupyter_flows.cli:main" in archive.read(points).decode().splitlines()


def test_the_sdist_holds_what_a_distributor_needs(built):
    """Tests, notebooks, the Makefile and the licence are in the sdist; build leftovers are not."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        *("pyproject.toml", "LICENSE", "Makefile", "labextension/README.md", "notebooks/quickstart.ipynb"),
        *("tests/test_packaging.py", "jupyter_flows/__init__.py"),
    } <= names
    assert [name for name in names if "__pycache__" in name or ".ipynb_checkpoints" in name] == []


def test_the_command_is_installed():
    """`jupyter flows --help` answers in the environment that runs the tests."""
    jupyter = Path(sys.executable).parent / "jupyter"
    path = f"{jupyter.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [jupyter, "flows", "--help"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "register" in done.stdout
