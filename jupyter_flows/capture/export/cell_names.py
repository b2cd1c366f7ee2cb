"""The names of a cell, as somebody sees them who wants to write it as a function."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_flows.capture.scopes import FUNCTIONS, function_names

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: What takes all of a generator before it gives anything back.
_CONSUMERS = frozenset(
    {"sum", "any", "all", "min", "max", "list", "set", "dict", "tuple", "sorted", "frozenset", "len"}
)
#: Managers that let no exception through, so that what their body binds is bound.
_HONEST = frozenset(
    {"open", "catch_warnings", "errstate", "option_context", "rc_context", "no_grad", "style", "context"}
)
#: Calls by which code reaches names that it does not spell.
DYNAMIC = frozenset({"globals", "locals", "vars", "exec", "eval", "dir"})


@dataclass(slots=True)
class CellNames:
    """Names of the notebook's module, by what one cell does with them."""

    #: Read before the cell has surely bound them, by code that runs with the cell itself.
    needs: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    #: Surely bound when the cell has ended.
    sure: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    #: Used by code that may live on: functions, classes, lambdas, generators.
    late: set[str] = field(default_factory=set)
    #: Bound by functions that say ``global``.
    late_binds: set[str] = field(default_factory=set)
    #: Bound by ``import``, and what each import says.
    imports: dict[str, str] = field(default_factory=dict)
    #: Bound by ``def`` and ``class``.
    defines: set[str] = field(default_factory=set)
    #: Whether code reaches names that it does not spell.
    dynamic: bool = False


def cell_names(body: Iterable[ast.stmt]) -> CellNames:
    """Read the statements of a cell in the order they run."""
    reader = _Reader()
    reader.names.sure = set(reader.block(body, frozenset())) - reader.names.deletes
    return reader.names


Sure = frozenset[str]


class _Reader:
    """Follow one cell; what is surely bound travels from statement to statement."""

    def __init__(self) -> None:
        self.names = CellNames()
        #: Generators that the call around them takes whole, while this call is read.
        self._consumed: set[int] = set()

    def block(self, body: Iterable[ast.stmt], sure: Sure) -> Sure:
        for node in body:
            if isinstance(node, _DEFINITIONS):
                sure = self._define(node, sure)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                sure = self._import(node, sure)
            elif isinstance(node, ast.If):
                self._read([node.test], sure)
                sure = self.block(node.body, sure) & self.block(node.orelse, sure)
            elif isinstance(node, ast.For | ast.AsyncFor):
                self._read([node.iter], sure)
                self.block(node.body, self._bind(node.target, sure))
                self.block(node.orelse, sure)
            elif isinstance(node, ast.While):
                self._read([node.test], sure)
                self.block(node.body, sure)
                self.block(node.orelse, sure)
            elif isinstance(node, ast.Try | ast.TryStar):
                sure = self._try(node, sure)
            elif isinstance(node, ast.With | ast.AsyncWith):
                sure = self._with(node, sure)
            elif isinstance(node, ast.Match):
                self._match(node, sure)
            else:
                sure = self._simple(node, sure)
        return sure

    def _simple(self, node: ast.stmt, sure: Sure) -> Sure:  # noqa: C901 - as above
        if isinstance(node, ast.Assign):
            self._read([node.value], sure)
            for target in node.targets:
                sure = self._bind(target, sure)
        elif isinstance(node, ast.AugAssign):
            self._read([_as_read(node.target), node.value], sure)
            sure = self._bind(node.target, sure)
        elif isinstance(node, ast.AnnAssign):
            self._read([node.annotation, *([node.value] if node.value else [])], sure)
            if node.value is not None:
                sure = self._bind(node.target, sure)
            elif isinstance(node.target, ast.Name):
                self.names.binds.add(node.target.id)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                for part in ast.walk(target):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Del):
                        self._read([ast.Name(part.id, ast.Load())], sure)
                        self.names.deletes.add(part.id)
                        sure -= {part.id}
                self._read([target], sure)
        else:
            self._read(list(ast.iter_child_nodes(node)), sure)
        return sure

    def _bind(self, target: ast.expr, sure: Sure) -> Sure:
        """Bind a target; what its subscripts and attributes stand on is read."""
        found = set(_targets(target))
        self._read([target], sure)
        self.names.binds |= found
        return sure | found

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, sure: Sure) -> Sure:
        self._nested(node, sure)
        self.names.binds.add(node.name)
        self.names.defines.add(node.name)
        return sure | {node.name}

    def _import(self, node: ast.Import | ast.ImportFrom, sure: Sure) -> Sure:
        for alias in (a for a in node.names if a.name != "*"):
            name = alias.asname or alias.name.split(".")[0]
            module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else None
            self.names.imports[name] = (
                f"{module}:{alias.name}:{alias.asname}" if module else alias.name + str(alias.asname)
            )
            self.names.binds.add(name)
            sure |= {name}
        return sure

    def _try(self, node: ast.Try | ast.TryStar, sure: Sure) -> Sure:
        done = self.block(node.orelse, self.block(node.body, sure))
        for handler in node.handlers:
            inner = sure
            if handler.type is not None:
                self._read([handler.type], sure)
            if handler.name:
                self.names.binds.add(handler.name)
                self.names.deletes.add(handler.name)
                inner |= {handler.name}
            done &= self.block(handler.body, inner)
        return done | self.block(node.finalbody, sure)

    def _with(self, node: ast.With | ast.AsyncWith, sure: Sure) -> Sure:
        inside = sure
        for item in node.items:
            self._read([item.context_expr], inside)
            if item.optional_vars is not None:
                inside = self._bind(item.optional_vars, inside)
        entered = inside
        inside = self.block(node.body, inside)
        return inside if all(_honest(item.context_expr) for item in node.items) else entered

    def _match(self, node: ast.Match, sure: Sure) -> None:
        self._read([node.subject], sure)
        for case in node.cases:
            found = {n.name for n in ast.walk(case.pattern) if isinstance(n, ast.MatchAs | ast.MatchStar) and n.name}
            found |= {n.rest for n in ast.walk(case.pattern) if isinstance(n, ast.MatchMapping) and n.rest}
            self.names.binds |= found
            self._read([n for n in ast.walk(case.pattern) if isinstance(n, ast.expr)], sure)
            self._read([case.guard] if case.guard else [], sure | found)
            self.block(case.body, sure | found)

    # -- expressions ---------------------------------------------------------------------------------

    def _read(self, nodes: Iterable[ast.AST | None], sure: Sure, *, hidden: Sure = frozenset()) -> None:
        """Note what expressions use, at the cell's own level; `hidden` are a comprehension's own names."""
        for node in nodes:
            if node is None:
                continue
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load) and node.id not in sure | hidden:
                    self.names.needs.add(node.id)
            elif isinstance(node, ast.NamedExpr):
                self._read([node.value], sure, hidden=hidden)
                self.names.binds.add(node.target.id)
            elif isinstance(node, FUNCTIONS):
                self._nested(node, sure, hidden)
            elif isinstance(node, _COMPREHENSIONS):
                self._comprehension(node, sure, hidden)
            else:
                if isinstance(node, ast.Call):
                    self._call(node)
                self._read(ast.iter_child_nodes(node), sure, hidden=hidden)

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in DYNAMIC:
            self.names.dynamic |= node.func.id != "vars" or not node.args
        if _consumes(node):
            self._consumed |= {id(argument) for argument in node.args if isinstance(argument, ast.GeneratorExp)}

    def _comprehension(self, node: ast.expr, sure: Sure, hidden: Sure) -> None:
        assert isinstance(node, _COMPREHENSIONS)  # noqa: S101 - for the type checker
        own = frozenset(n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name))
        self._read([node.generators[0].iter], sure, hidden=hidden)
        rest: list[ast.AST | None] = [g.iter for g in node.generators[1:]]
        rest += [condition for g in node.generators for condition in g.ifs]
        rest += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._read(rest, sure, hidden=hidden | own)
        if isinstance(node, ast.GeneratorExp) and id(node) not in self._consumed:
            self.names.late |= free_names(rest, hidden | own)

    def _nested(self, node: ast.AST, sure: Sure, hidden: Sure = frozenset()) -> None:
        """Note a function or class: what it evaluates now, and what its code may use later."""
        self._read(_now(node), sure, hidden=hidden)
        free = _Free()
        free.scope(node, hidden)
        self.names.late |= free.found
        self.names.late_binds |= free.globals
        self.names.dynamic |= free.dynamic
        if isinstance(node, ast.ClassDef):
            # Its body runs now: a function in its place would find the names of the cell all the same.
            self.names.needs |= free.found - sure


def _as_read(target: ast.expr) -> ast.expr:
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target


def _consumes(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id in _CONSUMERS
    return (
        isinstance(node.func, ast.Attribute) and node.func.attr == "join" and isinstance(node.func.value, ast.Constant)
    )


def _honest(manager: ast.expr) -> bool:
    function = manager.func if isinstance(manager, ast.Call) else manager
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    return name in _HONEST


def _now(node: ast.AST) -> list[ast.AST | None]:
    """Return what a definition evaluates where it stands."""
    found: list[ast.AST | None] = []
    if isinstance(node, FUNCTIONS):
        found += [*node.args.defaults, *node.args.kw_defaults]
        found += [a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)]
    if isinstance(node, _DEFINITIONS):
        found += node.decorator_list
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        found.append(node.returns)
    if isinstance(node, ast.ClassDef):
        found += [*node.bases, *(k.value for k in node.keywords)]
    return found


def _targets(target: ast.expr) -> Iterator[str]:
    """Give the names that an assignment binds: not those of comprehensions that its subscripts stand on."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from _targets(item)


def free_names(nodes: Iterable[ast.AST | None], bound: frozenset[str] = frozenset()) -> set[str]:
    """Return the module's names that code uses, itself or in functions of its own."""
    free = _Free()
    free.read(nodes, bound)
    return free.found


class _Free:
    """Gather what nested code takes from the module."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.globals: set[str] = set()
        self.dynamic = False

    def scope(self, node: ast.AST, bound: frozenset[str]) -> None:
        """Read the body of a function or class."""
        if isinstance(node, FUNCTIONS):
            names = function_names(node)
            self.found |= names.globals
            self.globals |= names.globals
            own = (bound | names.own) - names.globals
            self.read(node.body if isinstance(node.body, list) else [node.body], own)
        elif isinstance(node, ast.ClassDef):
            # A class body looks up what it has not bound yet outside, and its functions never see its names.
            self.read(node.body, bound)

    def read(self, nodes: Iterable[ast.AST | None], bound: frozenset[str]) -> None:
        """Read code of one scope, whose own names are among `bound`."""
        for node in nodes:
            if isinstance(node, ast.Name):
                self.found |= {node.id} - bound if isinstance(node.ctx, ast.Load) else set()
                self.dynamic |= node.id in ("globals", "exec", "eval")
            elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                self.read(_now(node), bound)
                self.scope(node, bound)
            elif isinstance(node, _COMPREHENSIONS):
                own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
                self.read(ast.iter_child_nodes(node), bound | own)
                self.read([node.generators[0].iter], bound)
            elif isinstance(node, ast.Global):
                self.found |= set(node.names)
                self.globals |= set(node.names)
            elif node is not None:
                self.read(ast.iter_child_nodes(node), bound)
