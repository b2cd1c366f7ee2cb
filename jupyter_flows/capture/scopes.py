"""Python's scopes: which names a function, class or comprehension keeps to itself."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_flows.capture.heap import NOTHING, Value
from jupyter_flows.capture.trees import walk

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NESTED = (*FUNCTIONS, ast.ClassDef, ast.GeneratorExp)


@dataclass(slots=True)
class Names:
    """The names of one scope, found without running it."""

    own: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    #: Own names that code living on after the scope may use.
    captured: set[str] = field(default_factory=set)
    generator: bool = False


class Scope:
    """The variables of one function activation, class body or comprehension; without parent: the notebook's module."""

    __slots__ = (
        "accumulate", "base", "cell", "changed", "inner", "is_class", "is_comprehension", "names", "parent", "recursed",
        "returns", "vars", "yields",
    )  # fmt: skip

    def __init__(
        self, names: Names, parent: Scope | None, *, is_class: bool = False, is_comprehension: bool = False
    ) -> None:
        self.names = names
        self.parent = parent
        self.is_class = is_class
        self.is_comprehension = is_comprehension
        self.vars: dict[str, Value] = {}
        #: The comprehensions that run in it.
        self.inner: dict[Hashable, Scope] = {}
        self.returns: Value = NOTHING
        self.yields: Value = NOTHING
        #: Keep all that a variable ever was (the scope is resumed later, or entered again).
        self.accumulate = False
        #: Recursive calls gave the parameters new values.
        self.changed = False
        #: The function called itself, or was called by what it calls.
        self.recursed = False
        #: How many branches were open when it began: those do not undo its variables.
        self.base = 0
        #: The object that stands for the variables which outliving functions share.
        self.cell: int | None = None


@dataclass(slots=True, eq=False)
class Code:
    """A function as written, and where it was defined."""

    node: FunctionNode
    names: Names
    parent: Scope
    #: The object of the class in whose body it stands.
    owner: int | None = None
    #: ``staticmethod``, ``classmethod``, ``property``, ``cached``...
    marks: frozenset[str] = frozenset()

    @property
    def parameters(self) -> list[ast.arg]:
        """Return the positional parameters."""
        return [*self.node.args.posonlyargs, *self.node.args.args]


@lru_cache(maxsize=512)
def function_names(node: FunctionNode) -> Names:
    """Find a function's own names, declarations and what escapes from it; not to be changed."""
    names = Names()
    arguments = node.args
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if arg is not None:
            names.own.add(arg.arg)
    _collect(node.body if isinstance(node.body, list) else [node.body], names)
    return names


def class_names(node: ast.ClassDef) -> Names:
    """Find the names that a class body binds."""
    names = Names()
    _collect(node.body, names)
    names.captured.clear()
    return names


def _collect(body: list[ast.stmt] | list[ast.expr], names: Names) -> None:
    """Walk one scope, not the ones nested in it, whose uses of names are noted as captures."""
    inner: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        _note(node, names)
        if isinstance(node, _NESTED):
            inner |= {n.id for n in walk(node) if isinstance(n, ast.Name)}
            inner |= {name for n in walk(node) if isinstance(n, ast.Nonlocal) for name in n.names}
            if isinstance(node, ast.GeneratorExp):
                _collect_children(node, names)
            stack.extend(_outside(node))
        elif isinstance(node, _COMPREHENSIONS):
            inner_targets = {n.id for g in node.generators for n in walk(g.target) if isinstance(n, ast.Name)}
            local = Names()
            _collect_children(node, local)
            names.own |= local.own - inner_targets
            inner |= {n.id for f in walk(node) if isinstance(f, _NESTED) for n in walk(f) if isinstance(n, ast.Name)}
            names.generator |= local.generator
        else:
            stack.extend(ast.iter_child_nodes(node))
    names.own -= names.globals | names.nonlocals
    names.captured = names.own & inner


def _collect_children(node: ast.AST, names: Names) -> None:
    for child in walk(node):
        if isinstance(child, ast.NamedExpr):
            _note(child.target, names)
        elif isinstance(child, (ast.Yield, ast.YieldFrom)):
            names.generator = True


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """Give the parts of a nested definition that run in the enclosing scope."""
    if isinstance(node, FUNCTIONS):
        yield from (d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield from node.decorator_list
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.keywords)
    if isinstance(node, ast.GeneratorExp):
        yield node.generators[0].iter


def _note(node: ast.AST, names: Names) -> None:
    """Note what one node binds or declares."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            names.own.add(node.id)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        names.own.add(node.name)
    elif isinstance(node, ast.Global):
        names.globals.update(node.names)
    elif isinstance(node, ast.Nonlocal):
        names.nonlocals.update(node.names)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        names.own.update((a.asname or a.name.split(".")[0]) for a in node.names)
    elif (isinstance(node, ast.ExceptHandler) and node.name) or (
        isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
    ):
        names.own.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        names.own.add(node.rest)
    elif isinstance(node, (ast.Yield, ast.YieldFrom)):
        names.generator = True
