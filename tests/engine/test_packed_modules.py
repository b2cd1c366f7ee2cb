"""Local modules import from a bundle."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import sys
from pathlib import Path

import pytest

from jupyter_flows.engine.packed_modules import PackedModules


@pytest.fixture
def install():
    """Install packed modules for one test; none of them stays loaded."""
    made, before = [], set(sys.modules)

    def do(modules, folder):
        packed = PackedModules(modules, folder)
        packed.install()
        made.append(packed)

    path = list(sys.path)
    yield do
    for packed in made:
        sys.meta_path.remove(packed)
        packed.clean()
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.startswith("packed_"):
            del sys.modules[name]


def test_the_packed_source_wins(install, tmp_path):
    """Whatever the folder holds by now; the file's place is the folder's."""
    (tmp_path / "packed_a.py").write_text("value = 'live'")
    install({"packed_a.py": b"value = 'packed'"}, tmp_path)
    module = importlib.import_module("packed_a")
    assert (module.value, module.__file__) == ("packed", str(tmp_path / "packed_a.py"))


def test_packages_and_their_modules(install, tmp_path):
    """Relative imports work inside."""
    install({"packed_p/__init__.py": b"from .inner import value", "packed_p/inner.py": b"value = 3"}, tmp_path)
    assert importlib.import_module("packed_p").value == 3


def test_what_is_not_packed_comes_from_the_folder(install, tmp_path):
    """A package's other modules are still found beside it."""
    (tmp_path / "packed_q").mkdir()
    (tmp_path / "packed_q" / "__init__.py").write_text("")
    (tmp_path / "packed_q" / "other.py").write_text("value = 4")
    install({"packed_q/__init__.py": b""}, tmp_path)
    assert importlib.import_module("packed_q.other").value == 4


def test_tracebacks_show_the_packed_lines(install, tmp_path):
    """Not those of the file that has changed since."""
    (tmp_path / "packed_b.py").write_text("# changed\n")
    install({"packed_b.py": b"value = 1  # packed\n"}, tmp_path)
    module = importlib.import_module("packed_b")
    assert linecache.getline(module.__file__, 1, module.__dict__) in ("value = 1  # packed\n", "# changed\n")
    assert module.__loader__.get_source("packed_b") == "value = 1  # packed\n"


def test_nothing_is_compiled_into_the_folder(install, tmp_path):
    """A run leaves no __pycache__ of a source that is not there."""
    (tmp_path / "packed_c.py").write_text("value = 1")
    install({"packed_c.py": b"value = 2"}, tmp_path)
    importlib.import_module("packed_c")
    assert [p.name for p in tmp_path.iterdir()] == ["packed_c.py"]


def test_what_was_written_is_removed(tmp_path):
    """Modules that the folder lacks are files while the run lasts."""
    packed = PackedModules({"packed_d.py": b""}, tmp_path / "nowhere")
    path = list(sys.path)
    packed.install()
    (place,) = set(sys.path) - set(path)
    assert (Path(place) / "packed_d.py").exists()
    packed.clean()
    sys.meta_path.remove(packed)
    sys.path[:] = path
    assert not Path(place).exists()


@pytest.mark.parametrize("saved", [True, False])
def test_a_package_finds_its_data(install, tmp_path, saved):
    """By `__file__`, `importlib.resources` and `pkgutil`, whether the package lies in the folder or only in the bundle."""
    code = (
        b"import pkgutil\nfrom importlib.resources import files\nfrom pathlib import Path\n"
        b"beside = (Path(__file__).parent / 'words.txt').read_text()\n"
        b"resource = files(__name__).joinpath('words.txt').read_text()\n"
        b"data = pkgutil.get_data(__name__, 'words.txt').decode()"
    )
    packed = {"packed_d/__init__.py": code, "packed_d/words.txt": b"one two"}
    if saved:
        for name, content in packed.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
    install(packed, tmp_path)
    module = importlib.import_module("packed_d")
    assert (module.beside, module.resource, module.data) == ("one two",) * 3
    assert importlib.util.find_spec("packed_d.words") is None
