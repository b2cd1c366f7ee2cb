"""All that a piece of code names, whatever it does with it: found by looking, without following anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_flows.capture.scopes import FunctionNode, function_names


@dataclass(frozen=True, slots=True)
class Chain:
    """A dotted name such as ``np.random.seed``, and what the code does with it."""

    #: A name of the module, or the path of an import inside the code.
    root: str
    imported: bool
    attributes: tuple[str, ...]
    #: The call whose function it is.
    call: ast.Call | None
    #: The attribute of it that the code sets, ``"*"`` for an item, empty if none.
    sets: str = ""

    def path(self, start: str) -> str:
        """Return the dotted path from a given start."""
        return ".".join((start, *self.attributes))


@dataclass(slots=True)
class Mentions:
    """What one piece of code names."""

    #: Looked up in the notebook's module.
    names: set[str] = field(default_factory=set)
    #: Bound or deleted there, other than by import statements of the module itself.
    written: set[str] = field(default_factory=set)
    chains: list[Chain] = field(default_factory=list)
    #: Attributes of anything else.
    attributes: set[str] = field(default_factory=set)
    #: Calls of ``get_ipython().…``.
    shell: list[ast.Call] = field(default_factory=list)
    #: Calls of ``….query(…)`` and ``….eval(…)``, whose text may name things.
    queries: list[ast.Call] = field(default_factory=list)
    #: Import statements: of the module itself, and inside functions.
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    inner_imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    #: Functions and lazy code that the code itself makes, with the variables around them.
    functions: list[tuple[FunctionNode | ast.GeneratorExp, frozenset[str]]] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)


def mentions_of(body: Iterable[ast.AST]) -> Mentions:
    """Return what statements of a cell name."""
    finder = _Finder()
    for node in body:
        finder.visit(node)
    return finder.found


def mentions_of_function(node: FunctionNode | ast.GeneratorExp, around: frozenset[str]) -> Mentions:
    """Return what a function's or generator's code names when it runs; `around` are the variables it shares."""
    finder = _Finder(around)
    if isinstance(node, ast.GeneratorExp):
        finder.comprehension(node)
    else:
        finder.inside(node)
    return finder.found


def _local_imports(node: ast.AST) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Import, ast.ImportFrom)):
            for bound, path in imported_paths(inner):
                found.setdefault(bound, set()).add(path)
    return found


def imported_paths(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Give the names that an import binds, each with the path it stands for."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{node.module}.{alias.name}" if node.module else alias.name
        else:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, alias.name if alias.asname else top


class _Finder(ast.NodeVisitor):
    """Walk code with its scopes."""

    def __init__(self, bound: frozenset[str] = frozenset()) -> None:
        self.found = Mentions()
        #: Variables of the functions and comprehensions around.
        self.bound = bound
        #: What the function around declares ``global``; None in the module.
        self.globals: set[str] | None = None
        self.in_class = False
        #: Imports inside the functions around.
        self.local: dict[str, set[str]] = {}

    # ---- names

    def _bind(self, name: str) -> None:
        if name in self.globals if self.globals is not None else not (self.in_class or name in self.bound):
            self.found.written.add(name)

    def _look(self, name: str) -> None:
        if name not in self.bound:
            self.found.names.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._chain(node, None, "")
        else:
            self._bind(node.id)
            if isinstance(node.ctx, ast.Del):
                self._look(node.id)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._look(node.target.id)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs  # noqa: N815 -- names of the visitor's protocol

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        module = self.globals is None and not self.in_class
        (self.found.imports if module else self.found.inner_imports).append(node)
        for bound, _ in imported_paths(node) if not module else ():
            self._bind(bound)

    visit_ImportFrom = visit_Import  # noqa: N815

    # ---- dotted names

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self._dotted(node, None, "")
        else:
            self._dotted(node.value, None, node.attr)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._dotted(node.value, None, "*")
            self.visit(node.slice)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _asks_shell(node):
            self.found.shell.append(node)
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in ("query", "eval", "evaluate")
            and (node.args or node.keywords)
        ):
            self.found.queries.append(node)
        self._dotted(node.func, node, "")
        for part in (*node.args, *(word.value for word in node.keywords)):
            self.visit(part)

    def _dotted(self, node: ast.expr, call: ast.Call | None, sets: str) -> None:
        root = node
        while isinstance(root, ast.Attribute):
            self.found.attributes.add(root.attr)
            root = root.value
        if isinstance(root, ast.Name):
            self._chain(node, call, sets)
        else:
            self.visit(root)

    def _chain(self, node: ast.expr, call: ast.Call | None, sets: str) -> None:
        name, *rest = ast.unparse(node).split(".")
        self._look(name)
        if name not in self.bound:
            self.found.chains.append(Chain(name, False, tuple(rest), call, sets))
        for path in sorted(self.local.get(name, ())):
            self.found.chains.append(Chain(path, True, tuple(rest), call, sets))

    # ---- scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        if node.returns is not None:
            self.visit(node.returns)
        self._function(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def _function(self, node: FunctionNode) -> None:
        self.visit(node.args)  # defaults and annotations
        if self.globals is None:
            self.found.functions.append((node, self.bound))
        self.inside(node)

    def inside(self, node: FunctionNode) -> None:
        """Look at a function's body."""
        names = function_names(node)
        outer = self.bound, self.globals, self.in_class, self.local
        self.bound = (self.bound | names.own) - names.globals
        self.globals, self.in_class = set(names.globals), False
        self.local = self.local | _local_imports(node)
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(statement)
        self.bound, self.globals, self.in_class, self.local = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        for part in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
            self.visit(part)
        if self.globals is None:
            self.found.classes.append(node)
        outer, self.in_class = self.in_class, True
        for statement in node.body:
            self.visit(statement)
        self.in_class = outer

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Look at a comprehension's clauses."""
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.visit(node.generators[0].iter)
        outer, self.bound = self.bound, self.bound | targets
        for number, clause in enumerate(node.generators):
            for part in (clause.target, *([clause.iter] if number else []), *clause.ifs):
                self.visit(part)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self.bound = outer

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        if isinstance(node, ast.GeneratorExp) and self.globals is None:
            self.found.functions.append((node, self.bound))
        self.comprehension(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815


def _asks_shell(node: ast.Call) -> bool:
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and isinstance(function.value.func, ast.Name)
        and function.value.func.id == "get_ipython"
    )
