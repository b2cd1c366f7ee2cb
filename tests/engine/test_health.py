"""A flow's health, as it tells it inside of its image."""

import json
import subprocess
import sys

import cloudpickle
import pytest

from jupyter_flows import Flow, task
from jupyter_flows.core.bundle import pack_flow
from jupyter_flows.engine.health import failures_of


@task
def one():
    return 1


@pytest.fixture
def folder(tmp_path):
    """Lay a flow's bundle out as an image does."""
    flow = Flow("numbers")
    flow.add_task(one)
    root = tmp_path / "bundle"
    for path, data in pack_flow(flow).files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def test_a_sound_flow_has_no_failures(folder):
    """Its requirements are there at their versions, import, and it loads."""
    pins = [f"cloudpickle=={cloudpickle.__version__}", "pytest"]
    assert list(failures_of(str(folder), pins, quick=False)) == []


def test_another_version_is_named(folder):
    """What a run would meet is found out before."""
    (failure,) = failures_of(str(folder), ["cloudpickle==0.1"], quick=False)
    assert failure == f"cloudpickle {cloudpickle.__version__} instead of 0.1"


def test_what_is_not_installed_is_named(folder):
    """A requirement that didn't make it into the image."""
    assert list(failures_of(str(folder), ["no-such-thing==1"], quick=False)) == [
        "no-such-thing is not installed (1 was)"
    ]


def test_a_quick_look_is_at_the_flow_alone(folder):
    """The packages were looked at before."""
    assert list(failures_of(str(folder), ["cloudpickle==0.1"], quick=True)) == []


def test_another_python_is_named(folder):
    """The pickle is of another."""
    document = json.loads((folder / "flow.json").read_text())
    (folder / "flow.json").write_text(json.dumps(document | {"python": "3.1"}))
    found = list(failures_of(str(folder), [], quick=True))
    assert found[0].endswith("instead of 3.1")


def test_what_can_t_be_unpickled_is_named(folder):
    """With the reason that loading gives."""
    (folder / "flow.cloudpickle").write_bytes(b"no pickle")
    (failure,) = failures_of(str(folder), [], quick=True)
    assert "can't be loaded here (UnpicklingError" in failure


@pytest.mark.parametrize(("pins", "code"), [([], 0), (["cloudpickle==0.1"], 1)])
def test_it_prints_one_document_and_says_it_by_its_exit(folder, pins, code):
    """Builders read the last line."""
    command = [sys.executable, "-m", "jupyter_flows.engine.health", str(folder), *pins]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, len(json.loads(done.stdout)["failures"])) == (code, code)
