"""The house's rules of direction (docs/architecture.md, section 7), held over the real package and proven to bite."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import cloudpickle
import pytest

import jupyter_flows
from tests.import_rules import (
    RUNTIME,
    Source,
    cycles,
    front_door_leaks,
    heavy_runtime,
    inside,
    ipython_leaks,
    unknown_rooms,
    upward,
)

HOUSE = Path(jupyter_flows.__file__).parent
#: Modules of the runtime that need a library which only a run that uses it has.
NEEDS_MORE = ("engine.shell", "engine.kernel_magics", "engine.executors.dask_run")


@pytest.fixture(scope="module")
def house() -> Source:
    """Read the real package once."""
    return Source.read(HOUSE)


def tree(root: Path, files: Mapping[str, str]) -> Source:
    """Build a small house from file names (without .py) and texts, and read it."""
    for name, text in files.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return Source.read(root)


def test_every_module_has_a_room(house):
    """A new room gets a floor in the table before it gets code."""
    assert unknown_rooms(house) == []


def test_imports_point_downward(house):
    """No module imports from a floor above its own, not even inside a function."""
    assert upward(house) == []


def test_there_are_no_import_cycles(house):
    """No group of modules import one another, not even under TYPE_CHECKING or inside functions."""
    assert cycles(house) == []


def test_only_front_doors_import_widgets_and_servers(house):
    """Agents and runs work where no widget or web server is installed."""
    assert front_door_leaks(house) == []


def test_ipython_stays_at_the_front(house):
    """Only front doors, the shell and functions of capture import IPython."""
    assert ipython_leaks(house) == []


def test_the_runtime_is_light(house):
    """A run process imports the standard library and cloudpickle, nothing else."""
    assert heavy_runtime(house) == []


def test_the_runtime_imports_in_a_bare_interpreter(house, tmp_path):
    """Every module of the runtime imports with no site-packages but cloudpickle."""
    (tmp_path / "jupyter_flows").symlink_to(HOUSE)
    (tmp_path / "cloudpickle").symlink_to(Path(cloudpickle.__file__).parent)
    modules = sorted(m for m in house.modules if inside(m, RUNTIME) and m not in NEEDS_MORE)
    assert len(modules) > 5
    code = "\n".join(
        [
            f"import importlib, sys; sys.path.append({str(tmp_path)!r})",
            *(f"importlib.import_module('jupyter_flows.{module}')" for module in modules),
            "known = {*sys.stdlib_module_names, 'cloudpickle', 'jupyter_flows', '__main__', '__mp_main__'}",
            "print(sorted({name.partition('.')[0] for name in sys.modules} - known))",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "[]"


def test_importing_the_package_is_lazy():
    """`import jupyter_flows` loads no room that needs a third party's library."""
    code = (
        "import sys; before = set(sys.modules); import jupyter_flows;"
        "heavy = {'IPython', 'ipywidgets', 'sqlalchemy', 'dask', 'docker', 'click', 'rich', 'traitlets', 'tornado'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


# The rules bite: each finds its fault in a small house built for it.


def test_an_unknown_room_is_named(tmp_path):
    """A module outside the table is reported by its name."""
    assert unknown_rooms(tree(tmp_path, {"attic/box": "", "core/task": ""})) == ["attic.box"]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("core/task", "from jupyter_flows.engine import plan"),
        ("core/task", "def f():\n    from jupyter_flows import engine"),
        ("core/task", "from ..engine import plan"),
        ("core/task", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import jupyter_flows.engine.plan"),
        ("errors", "from .core import task"),
        ("images/layer", "from jupyter_flows.core import task"),
        ("engine/plan", "async def f():\n    import jupyter_flows.magics"),
        ("agent/base", "from jupyter_flows.flow import Flow"),
    ],
)
def test_an_import_upward_is_found(tmp_path, module, text):
    """Absolute, relative, lazy and type-only imports upward are all reported."""
    rooms = dict.fromkeys(("core/__init__", "engine/__init__", "engine/plan", "magics/__init__", "flow"), "")
    assert len(upward(tree(tmp_path, {**rooms, "core/task": "", module: text}))) == 1


def test_imports_downward_and_sideways_are_fine(tmp_path):
    """A room may use its own floor and those below."""
    source = tree(
        tmp_path,
        {
            "errors": "",
            "core/task": "from jupyter_flows.errors import FlowsError",
            "engine/plan": "from jupyter_flows.core.task import Task\nfrom . import results",
            "engine/results": "import json, cloudpickle",
            "environments/local": "from jupyter_flows.engine.plan import Plan",
            "magics/flow": "import IPython, ipywidgets\nfrom ..environments import local",
        },
    )
    assert upward(source) == cycles(source) == heavy_runtime(source) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .a import x",
        "def f():\n    from jupyter_flows.core.a import x",
        "if TYPE_CHECKING:\n    import jupyter_flows.core.a",
    ],
)
def test_a_cycle_is_found(tmp_path, back):
    """Two modules that import each other are named, whatever hides the way back."""
    source = tree(tmp_path, {"core/a": "from .b import y", "core/b": back, "core/c": "from .a import x"})
    assert cycles(source) == [["core.a", "core.b"]]


@pytest.mark.parametrize("text", ["import ipywidgets", "def f():\n    from tornado import ioloop"])
def test_a_widget_or_server_below_the_front_doors_is_found(tmp_path, text):
    """Widgets and Tornado are reported outside the front doors, even inside functions."""
    assert len(front_door_leaks(tree(tmp_path, {"agent/local": text, "server/app": text}))) == 1


@pytest.mark.parametrize(
    ("module", "text", "found"),
    [
        ("capture/notebook", "import IPython", 1),
        ("capture/notebook", "def f():\n    import IPython", 0),
        ("registry/schema", "def f():\n    import IPython", 1),
        ("engine/shell", "import IPython", 0),
        ("cli/main", "import IPython", 0),
    ],
)
def test_ipython_in_the_wrong_room_is_found(tmp_path, module, text, found):
    """IPython is allowed to the front doors and the shell, and to functions of capture."""
    assert len(ipython_leaks(tree(tmp_path, {module: text}))) == found


@pytest.mark.parametrize(
    ("module", "text", "found"),
    [
        ("core/task", "import numpy", 1),
        ("core/task", "def f():\n    import numpy", 1),
        ("core/bundle", "import cloudpickle", 0),
        ("engine/executors/dask", "import dask", 1),
        ("engine/executors/dask", "def f():\n    import dask", 0),
        ("environments/storage/s3", "import boto3", 1),
        ("environments/execution/dask", "import dask", 0),
        ("registry/schema", "import sqlalchemy", 0),
    ],
)
def test_a_heavy_import_in_the_runtime_is_found(tmp_path, module, text, found):
    """Third parties' libraries are reported in the runtime; outside core they may be imported when needed."""
    assert len(heavy_runtime(tree(tmp_path, {module: text}))) == found
