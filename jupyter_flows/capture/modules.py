"""Local modules: what a notebook imports from files next to it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_flows.core.canonical import parse

#: More than this of local source is no module of the notebook's but a folder that happens to have its name.
MAX_FILES = 500


@dataclass(frozen=True, slots=True)
class Modules:
    """What a set of imports comes to."""

    #: Local source files: path relative to the notebook's folder with forward slashes, content.
    files: Mapping[str, bytes] = field(default_factory=dict)
    #: Modules from elsewhere, by full dotted name, the standard library left out.
    outside: frozenset[str] = frozenset()
    #: Of these, the ones that only local modules import, with the file that does.
    through: Mapping[str, str] = field(default_factory=dict)


def resolve(imported: Iterable[str], folder: Path | None) -> Modules:
    """Divide imported modules into local ones, followed as far as they lead, and those from outside."""
    files: dict[str, bytes] = {}
    outside: set[str] = set()
    through: dict[str, str] = {}
    pending = [(name, "") for name in sorted(set(imported))]
    seen: set[str] = set()
    while pending:
        name, importer = pending.pop()
        top = name.partition(".")[0]
        if name in seen or top in sys.stdlib_module_names or top == "jupyter_flows":
            continue
        seen.add(name)
        found = _local_files(folder, top)
        if not found:
            outside.add(name)
            if importer:
                through[name] = importer
        for path in found:
            key = path.relative_to(folder or path.parent).as_posix()
            if key not in files:
                files[key] = path.read_bytes()
                pending += [(n, key) for n in _imports(files[key])]
    return Modules(dict(sorted(files.items())), frozenset(outside), through)


def _local_files(folder: Path | None, top: str) -> list[Path]:
    """Return the Python files of a module or package that lies in a folder."""
    if folder is None:
        return []
    package = folder / top
    if (package / "__init__.py").is_file() or (package.is_dir() and not _installed(folder, top)):
        found = sorted(p for p in package.rglob("*.py") if p.is_file() and "__pycache__" not in p.parts)
        return found if len(found) <= MAX_FILES else []
    module = folder / f"{top}.py"
    return [module] if module.is_file() else []


def _installed(folder: Path, top: str) -> bool:
    """Tell whether a module is found elsewhere: a folder without ``__init__.py`` gives way to it, as in Python."""
    from importlib.machinery import PathFinder

    elsewhere = [p for p in sys.path if p and Path(p).resolve() != folder.resolve()]
    spec = PathFinder.find_spec(top, elsewhere)
    return spec is not None and spec.origin is not None


def _imports(source: bytes) -> set[str]:
    """Return the absolute imports of a local module; one that can't be parsed fails when it is imported, not here."""
    try:
        tree = parse(source.decode("utf-8", "replace"))
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names
