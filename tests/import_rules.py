"""Read a package's imports from its source, and hold them against the house's rules (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "jupyter_flows"

#: The floors of the house, lowest first: a module may import from its own floor and from those below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"core"}),
    frozenset({"capture", "images", "places", "settings", "signals", "triggers"}),
    frozenset({"engine", "environments", "registry"}),
    frozenset({"agent", "executed"}),
    frozenset({"register"}),
    frozenset({"__main__", "cli", "comparison", "flow", "magics", "script", "server", "widgets"}),
)
#: `flow` is the door for Python scripts: it may draw, by way of `widgets`, but needs no widget itself. `comparison`
#: stands behind `check --deep`; it runs flows as scripts do.
FRONT_DOORS = FLOORS[-1] - {"flow", "comparison"}
#: Rooms that know less than their floor would allow: the only rooms of ours that they may import.
KNOWS_ONLY: Mapping[str, frozenset[str]] = {"images": frozenset({"errors"})}
#: Packages that only a front door may import.
FRONT_DOOR_PACKAGES = frozenset({"anywidget", "ipywidgets", "jupyter_server", "jupyterlab", "tornado"})
#: Who else may import IPython, always inside a function unless it is the shell itself.
IPYTHON_ROOMS = ("capture",)
IPYTHON_MODULES = frozenset({"engine.shell", "engine.kernel_magics"})
#: Loaded only in a run that an executor takes to a Dask cluster.
DASK_MODULES = frozenset({"engine.executors.dask_run"})
#: The runtime: on the standard library and cloudpickle alone when imported.
RUNTIME = ("core", "engine", "environments.storage")


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement's target, as the source has it."""

    #: The importing module, relative to the package ("" is the package's own `__init__`).
    module: str
    #: The absolute dotted name imported.
    target: str
    line: int
    #: Whether it stands inside a function, so that importing the module does not run it.
    lazy: bool

    def __str__(self) -> str:
        """Show where the import stands and what it names."""
        return f"{self.module or '__init__'}:{self.line} imports {self.target}"


@dataclass(frozen=True, slots=True)
class Source:
    """A package's modules and everything they import."""

    modules: frozenset[str]
    imports: tuple[Import, ...]

    @classmethod
    def read(cls, root: Path) -> Source:
        """Parse every module below `root`, the folder that is the package."""
        paths = {_module_name(path.relative_to(root)): path for path in sorted(root.rglob("*.py"))}
        found = [
            item
            for module, path in paths.items()
            for item in _imports_of(module, path.name == "__init__.py", path.read_text(encoding="utf-8"), set(paths))
        ]
        return cls(frozenset(paths), tuple(found))

    def inner(self) -> Iterator[tuple[Import, str]]:
        """Yield each import of our own modules with the imported module, relative to the package."""
        for item in self.imports:
            if item.target == PACKAGE or item.target.startswith(PACKAGE + "."):
                yield item, item.target[len(PACKAGE) + 1 :]

    def outer(self) -> Iterator[tuple[Import, str]]:
        """Yield each import of other people's packages, the standard library left out, with the package's name."""
        for item in self.imports:
            top = item.target.partition(".")[0]
            if top != PACKAGE and top not in sys.stdlib_module_names:
                yield item, top


def room_of(module: str) -> str:
    """Return the top-level room of a module, "" for the package itself."""
    return module.partition(".")[0]


def inside(module: str, rooms: Iterable[str]) -> bool:
    """Say whether a module is one of `rooms` or lies in one."""
    return any(module == room or module.startswith(room + ".") for room in rooms)


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(module: str, is_package: bool, text: str, modules: set[str]) -> Iterator[Import]:
    pending: list[tuple[ast.AST, bool]] = [(ast.parse(text), False)]
    while pending:
        node, lazy = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            for target in _targets(module, is_package, node, modules):
                yield Import(module, target, node.lineno, lazy)
        deeper = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending.extend((child, deeper) for child in ast.iter_child_nodes(node))


def _targets(module: str, is_package: bool, node: ast.ImportFrom, modules: set[str]) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parts = [PACKAGE, *filter(None, module.split("."))]
        up = parts[: len(parts) - node.level + is_package]
        base = ".".join([*up, *filter(None, [node.module])])
    for alias in node.names:
        deeper = f"{base}.{alias.name}"
        yield deeper if deeper.removeprefix(PACKAGE + ".") in modules else base


def unknown_rooms(source: Source) -> list[str]:
    """Name the modules whose room has no floor."""
    known = frozenset().union(*FLOORS)
    return sorted(module for module in source.modules if module and room_of(module) not in known)


def upward(source: Source) -> list[str]:
    """Name the imports that point upward, wherever they stand; `__init__`, the sign at the door, may name any room."""
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    found = []
    for item, target in source.inner():
        room, other = room_of(item.module), room_of(target)
        if not item.module or not target or room == other:
            continue
        if floor.get(other, 0) > floor.get(room, 99) or (room in KNOWS_ONLY and other not in KNOWS_ONLY[room]):
            found.append(str(item))
    return found


def cycles(source: Source) -> list[list[str]]:
    """Return the groups of modules that import one another, lazily and under TYPE_CHECKING too."""
    edges: dict[str, set[str]] = {module: set() for module in source.modules}
    for item, target in source.inner():
        if item.module and target and target != item.module and target in edges:
            edges[item.module].add(target)
    return [sorted(group) for group in _strong_components(edges) if len(group) > 1]


def _strong_components(edges: Mapping[str, set[str]]) -> Iterator[set[str]]:
    def reach(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
        seen, todo = {start}, [start]
        while todo:
            for after in arrows[todo.pop()] - seen:
                seen.add(after)
                todo.append(after)
        return seen

    back: dict[str, set[str]] = {module: set() for module in edges}
    for module, targets in edges.items():
        for target in targets:
            back[target].add(module)
    left = set(edges)
    while left:
        start = min(left)
        group = reach(start, edges) & reach(start, back)
        yield group
        left -= group


def front_door_leaks(source: Source) -> list[str]:
    """Name the imports of widget and server packages outside the front doors."""
    return [str(i) for i, top in source.outer() if top in FRONT_DOOR_PACKAGES and room_of(i.module) not in FRONT_DOORS]


def ipython_leaks(source: Source) -> list[str]:
    """Name the imports of IPython outside the front doors, the shell, and functions of capture."""
    found = []
    for item, top in source.outer():
        if top != "IPython" or room_of(item.module) in FRONT_DOORS or item.module in IPYTHON_MODULES:
            continue
        if not (inside(item.module, IPYTHON_ROOMS) and item.lazy):
            found.append(str(item))
    return found


def heavy_runtime(source: Source) -> list[str]:
    """Name the runtime's imports of more than the standard library and cloudpickle; core may not even do so lazily."""
    return [
        str(item)
        for item, top in source.outer()
        if top != "cloudpickle"
        and inside(item.module, RUNTIME)
        and item.module not in IPYTHON_MODULES | DASK_MODULES
        and not (item.lazy and not inside(item.module, ("core",)))
    ]
