"""Local modules: what a notebook imports from files next to it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.imports import tree_imports
from jupyter_flows.core.canonical import parse

#: More than this of local source is no module of the notebook's but a folder that happens to have its name.
MAX_FILES = 500
#: Data beside a package's code is packed up to here: one file, and all of them.
MAX_DATA_BYTES = 1 << 20
MAX_ALL_DATA_BYTES = 8 << 20
#: What code that reads files beside itself says.
_READS_FILES = re.compile(rb"__file__|__path__|\bresources\b|\bpkgutil\b|\bpkg_resources\b")
#: Made by compilers, for this machine.
_COMPILED = frozenset({".so", ".pyd", ".dylib", ".dll"})


@dataclass(frozen=True, slots=True)
class Modules:
    """What a set of imports comes to."""

    #: Local source files, and data that they read: path below the notebook's folder with forward slashes, content.
    files: Mapping[str, bytes] = field(default_factory=dict)
    #: Modules from elsewhere, by full dotted name, the standard library left out.
    outside: frozenset[str] = frozenset()
    #: Of these, the ones that only local modules import and need, with the file that does.
    through: Mapping[str, str] = field(default_factory=dict)
    #: Local files that have the name of a standard module.
    shadowing: tuple[str, ...] = ()
    #: Files of local packages that are not packed, and why.
    left: Mapping[str, str] = field(default_factory=dict)


def resolve(imported: Iterable[str], folder: Path | None) -> Modules:
    """Divide imported modules into local ones, followed as far as they lead, and those from outside."""
    search = _Search(folder)
    search.follow(imported)
    return Modules(
        dict(sorted(search.files.items())),
        frozenset(search.outside),
        search.through,
        tuple(sorted(search.shadowing)),
        dict(sorted(search.left.items())),
    )


def module_findings(modules: Modules) -> Iterator[Finding]:
    """Find local modules that may be taken for others, and files of theirs that stay here."""
    for path in modules.shadowing:
        name = path.partition("/")[0].removesuffix(".py")
        message = (
            f"{path} has the name of a standard module: which of the two `import {name}` gives is a matter of luck"
        )
        yield Finding("F024", "warning", None, None, message, "give the file another name")
    for path, reason in modules.left.items():
        message = f"{path} lies in a local package and is not packed with the flow: {reason}"
        yield Finding("F027", "info", None, None, message, "it is found in runs on this machine only")


class _Search:
    """Local files, as they are found."""

    def __init__(self, folder: Path | None):
        self._folder = folder
        self.files: dict[str, bytes] = {}
        self.outside: set[str] = set()
        self.through: dict[str, str] = {}
        self.shadowing: set[str] = set()
        self.left: dict[str, str] = {}
        self._tops: dict[str, bool] = {}

    def follow(self, imported: Iterable[str]) -> None:
        """Take in what is imported, and what that imports."""
        pending = [(name, "") for name in sorted(set(imported))]
        seen: set[str] = set()
        while pending:
            name, importer = pending.pop()
            top = name.partition(".")[0]
            if name in seen or top == "jupyter_flows" or top in sys.builtin_module_names:
                continue
            seen.add(name)
            if top not in self._tops:
                pending += self._take(top)
            if not self._tops[top] and top not in sys.stdlib_module_names:
                self.outside.add(name)
                if importer:
                    self.through[name] = importer

    def _take(self, top: str) -> list[tuple[str, str]]:
        """Take the files of a local module or package; return what they import, each with the file that does."""
        found = _sources(self._folder, top)
        self._tops[top] = bool(found)
        if not found or self._folder is None:
            return []
        sources = {path.relative_to(self._folder).as_posix(): path.read_bytes() for path in found}
        self.files |= sources
        if top in sys.stdlib_module_names:
            self.shadowing.add(min(sources))
        if len(found) > 1 or found[0].name == "__init__.py":
            self._take_data(self._folder / top, reads_files=any(map(_READS_FILES.search, sources.values())))
        return [pair for path, source in sources.items() for pair in self._imports(path, source)]

    def _imports(self, path: str, source: bytes) -> Iterator[tuple[str, str]]:
        """Yield the imports of a local module; one that can't be parsed fails when it is imported, not here."""
        try:
            tree = parse(source.decode("utf-8", "replace"))
        except SyntaxError:
            return
        for found in tree_imports(tree):
            yield from ((name, "" if found.optional else path) for name in sorted(found.deepest))

    def _take_data(self, package: Path, *, reads_files: bool) -> None:
        """Take what lies beside a package's code, if the code looks for it."""
        if self._folder is None:
            return
        total = 0
        for path in _data(package):
            name, size = path.relative_to(self._folder).as_posix(), path.stat().st_size
            if path.suffix in _COMPILED:
                self.left[name] = "it is compiled for this machine"
            elif not reads_files:
                continue
            elif size > MAX_DATA_BYTES or total + size > MAX_ALL_DATA_BYTES:
                self.left[name] = f"it is too large ({size:,} bytes)"
            else:
                total += size
                self.files[name] = path.read_bytes()


def _sources(folder: Path | None, top: str) -> list[Path]:
    """Return the Python files of a module or package that lies in a folder."""
    if folder is None:
        return []
    package = folder / top
    if (package / "__init__.py").is_file() or (package.is_dir() and not _installed(folder, top)):
        found = sorted(p for p in package.rglob("*.py") if p.is_file() and "__pycache__" not in p.parts)
        return found if len(found) <= MAX_FILES else []
    module = folder / f"{top}.py"
    return [module] if module.is_file() else []


def _data(package: Path) -> list[Path]:
    files = (p for p in package.rglob("*") if p.suffix not in (".py", ".pyc") and p.is_file())
    hidden = ((p, p.relative_to(package).parts) for p in files)
    return sorted(p for p, parts in hidden if not any(part.startswith((".", "__pycache__")) for part in parts))


def _installed(folder: Path, top: str) -> bool:
    """Tell whether a module is found elsewhere: a folder without ``__init__.py`` gives way to it, as in Python."""
    from importlib.machinery import PathFinder

    if top in sys.stdlib_module_names:
        return True
    elsewhere = [p for p in sys.path if p and Path(p).resolve() != folder.resolve()]
    spec = PathFinder.find_spec(top, elsewhere)
    return spec is not None and spec.origin is not None
