"""What cells import, and what of it a task's code reaches."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_flows.capture.code import python_body
from jupyter_flows.capture.dataflow import Dataflow

#: What statements stand in; expressions import nothing.
_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class CellImport:
    """One module that a cell imports, or imports from."""

    #: Its full dotted name.
    module: str
    #: What of it: names that may be modules too.
    names: tuple[str, ...]
    line: int
    #: Whether the cell always imports it: not in a branch or a function.
    sure: bool
    #: Whether the code goes on without it.
    optional: bool

    @property
    def is_outside(self) -> bool:
        """Whether it is more than the standard library that is imported."""
        return self.module.partition(".")[0] not in sys.stdlib_module_names

    @property
    def deepest(self) -> frozenset[str]:
        """The names of modules that it may import: of ``from google.cloud import storage`` the one with storage."""
        return frozenset(f"{self.module}.{name}" for name in self.names) or frozenset({self.module})


def cell_imports(code: str, *, ordinal: int = 1) -> tuple[CellImport, ...]:
    """Return the absolute imports of a cell, in their order; those for type checkers alone are none."""
    if "import" not in code:
        return ()
    tree, below = python_body(code, ordinal=ordinal)
    found = tuple(tree_imports(tree, below=below))
    return tuple(sorted(found, key=lambda i: (i.line, i.module)))


def tree_imports(tree: ast.Module, *, below: int = 0) -> Iterator[CellImport]:
    """Yield the absolute imports of a module whose text stands `below` lines further down."""
    pending: list[tuple[ast.AST, bool, bool]] = [(statement, True, False) for statement in tree.body]
    while pending:
        node, sure, optional = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield CellImport(alias.name, (), node.lineno + below, sure, optional)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                names = tuple(alias.name for alias in node.names if alias.name != "*")
                yield CellImport(node.module, names, node.lineno + below, sure, optional)
        elif isinstance(node, ast.Try):
            may_fail = optional or any(_catches(handler.type) for handler in node.handlers)
            pending += [(child, False, may_fail) for child in (*node.body, *node.handlers)]
            pending += [(child, False, optional) for child in (*node.orelse, *node.finalbody)]
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            pending += [(child, False, optional) for child in node.orelse]
        else:
            inner = (child for child in ast.iter_child_nodes(node) if isinstance(child, _BLOCKS))
            pending += [(child, False, optional) for child in inner]


def _catches(caught: ast.expr | None) -> bool:
    names = {n.id for n in ast.walk(caught) if isinstance(n, ast.Name)} if caught is not None else _CAUGHT
    return bool(names & _CAUGHT)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


class Reach:
    """Which modules the code of each cell reaches, through the functions and values that it uses."""

    def __init__(self, dataflow: Dataflow, imports: Sequence[Sequence[CellImport]]):
        self._dataflow, self._imports = dataflow, imports
        #: Name to the cells that an import binds it in, and what that may import.
        self._bound: dict[str, list[tuple[int, str]]] = {}
        for cell, refs in enumerate(dataflow.refs):
            for found in refs.imports:
                if not found.level:
                    deepest = f"{found.module}.{found.name}" if found.name else found.module
                    self._bound.setdefault(found.bound, []).append((cell, deepest.removesuffix(".*")))
        self._own = [self._of_its_own(cell) for cell in range(len(imports))]

    def of(self, cell: int) -> frozenset[str]:
        """Return the deepest names of what a cell may need, by its position.

        That is what it imports, what the names that it reads were imported from, also inside the functions that it
        calls, and the same of the tasks that made its values: a data frame needs pandas wherever it goes.
        """
        makers = self._dataflow.needs(cell) - self._dataflow.definitions
        return self._own[cell].union(*{self._own[maker] for maker in makers})

    def _of_its_own(self, cell: int) -> frozenset[str]:
        own = {name for imported in self._imports[cell] for name in imported.deepest}
        # A cell whose effects can't be told may use whatever there is.
        reads = self._bound if cell in self._dataflow.barriers else {*self._dataflow.refs[cell].reads, "*"}
        names = self._bound.keys() & reads
        return frozenset(own.union(m for name in names for where, m in self._bound[name] if where <= cell))
