from __future__ import annotations

import pytest

from jupyter_flows.capture.modules import MAX_DATA_BYTES, module_findings, resolve


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes files below a folder, which it returns."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


CASES = {
    "nothing local": ({"pandas.io"}, {}, [], {"pandas.io"}),
    "the standard library": ({"json", "os.path", "jupyter_flows.core"}, {}, [], set()),
    "a module": ({"helper"}, {"helper.py": ""}, ["helper.py"], set()),
    "what a module imports": (
        {"a"},
        {"a.py": "import b, click", "b.py": "from attrs import x"},
        ["a.py", "b.py"],
        {"click", "attrs.x"},
    ),
    "a circle": ({"a"}, {"a.py": "import b", "b.py": "import a"}, ["a.py", "b.py"], set()),
    "a name that may be a module": ({"a.b.c"}, {"a.py": ""}, ["a.py"], set()),
    "a package, whole": (
        {"p.q"},
        {
            "p/__init__.py": "",
            "p/q.py": "from . import r",
            "p/r.py": "import click",
            "p/data.csv": "1",
            "p/__pycache__/x.py": "",
        },
        ["p/__init__.py", "p/q.py", "p/r.py"],
        {"click"},
    ),
    "a folder without __init__": ({"flows_space.m"}, {"flows_space/m.py": ""}, ["flows_space/m.py"], set()),
    "a folder named like an installed package": ({"click"}, {"click/notes.py": ""}, [], {"click"}),
    "a folder with no Python in it": ({"data"}, {"data/x.csv": "1"}, [], {"data"}),
    "imports for type checkers": (
        {"a"},
        {"a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import click\nelse:\n    import attrs"},
        ["a.py"],
        {"attrs"},
    ),
    "a package that reads its data": (
        {"p"},
        {"p/__init__.py": "open(__file__)", "p/data/x.csv": "1", "p/.hidden": "", "p/__pycache__/y.csv": ""},
        ["p/__init__.py", "p/data/x.csv"],
        set(),
    ),
    "imports inside functions": ({"a"}, {"a.py": "def f():\n    import click"}, ["a.py"], {"click"}),
    "a module that can't be parsed": ({"a"}, {"a.py": "import ("}, ["a.py"], set()),
    "neighbours that nobody imports": ({"a"}, {"a.py": "", "b.py": "import click"}, ["a.py"], set()),
}


@pytest.mark.parametrize(("imported", "files", "local", "outside"), CASES.values(), ids=CASES.keys())
def test_local_modules_are_followed(folder, imported, files, local, outside):
    """What lies next to the notebook is packed as source; what it imports counts as imported."""
    found = resolve(imported, folder(files))
    assert (list(found.files), found.outside) == (local, outside)


def test_sources_travel_as_they_are(folder):
    """The bytes of a module are not touched."""
    assert resolve({"a"}, folder({"a.py": "x = 'é'\r\n"})).files == {"a.py": (folder({}) / "a.py").read_bytes()}


def test_an_import_through_a_local_module_names_it(folder):
    """Where a module from outside comes in by a local one, that one is named."""
    found = resolve({"a", "click"}, folder({"a.py": "import attrs", "b.py": ""}))
    assert found.through == {"attrs": "a.py"}


def test_an_unsaved_notebook_has_no_local_modules():
    """Without a folder nothing is local."""
    assert resolve({"helper"}, None).outside == {"helper"}


def test_what_can_be_done_without_is_no_need(folder):
    """An import that a local module tries is followed and pinned, but nobody is told that it is missing."""
    found = resolve({"a"}, folder({"a.py": "try:\n    import attrs\nexcept ImportError:\n    attrs = None"}))
    assert (found.outside, found.through) == ({"attrs"}, {})


def test_a_file_that_is_called_like_a_standard_module(folder):
    """It is packed, because the folder comes first on the path, and said, because that is not sure."""
    found = resolve({"statistics", "json"}, folder({"statistics.py": "import click"}))
    assert (list(found.files), found.outside, found.shadowing) == (["statistics.py"], {"click"}, ("statistics.py",))
    (finding,) = module_findings(found)
    assert (finding.code, finding.level) == ("F024", "warning")
    assert finding.message.startswith("statistics.py has the name of a standard module")


def test_large_and_compiled_files_stay(folder):
    """Data beyond the bounds and compiled modules are not packed, which is worth knowing."""
    files = {"p/__init__.py": "__file__", "p/big.bin": "x" * (MAX_DATA_BYTES + 1), "p/fast.so": "", "p/small.txt": "x"}
    found = resolve({"p"}, folder(files))
    assert list(found.files) == ["p/__init__.py", "p/small.txt"]
    assert found.left == {
        "p/big.bin": "it is too large (1,048,577 bytes)",
        "p/fast.so": "it is compiled for this machine",
    }
    assert [(f.code, f.level) for f in module_findings(found)] == [("F027", "info"), ("F027", "info")]
