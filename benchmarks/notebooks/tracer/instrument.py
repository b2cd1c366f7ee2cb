"""Rewrite a cell so that it tells, while it runs, which names it reads and binds and which objects it looks into.

Values pass through hooks that return them (`observer`): ``f(x)`` becomes
``callee(name("f", f), 7)(arg(name("x", x), 7))``, where 7 is the place of the call. No frame is added around a call, so
code that looks at frames sees the same as before.
"""

# ruff: noqa: D102, N815 -- the visitor's methods are named after the nodes that they rewrite
from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from benchmarks.notebooks.tracer import scopes
from benchmarks.notebooks.tracer.observer import HOOKS

#: Calls of these look at the frame that they are in, or read names by text.
_FRAMES = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec"})
_PLAIN_OPERATORS = (ast.Add, ast.Mult)
_PLACES = count()


class Instrument(ast.NodeTransformer):
    """Rewrites the modules that IPython is about to run; `bound` tells whether the notebook has a name."""

    def __init__(self, bound: Callable[[str], bool]):
        self._bound = bound
        self._scopes: list[scopes.Scope] = []
        self._stored: set[str] = set()

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self._scopes = []
        self._stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        last = node.body[-1] if node.body else None
        if isinstance(last, ast.Expr):
            last.value = _hook("show", last.value)
        node.body = self._block(node.body)
        return ast.fix_missing_locations(node)

    # -- names -------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load) or not scopes.in_module(node.id, self._scopes):
            return node
        if node.id in HOOKS.values():
            return node
        if hasattr(builtins, node.id) and node.id not in self._stored and not self._bound(node.id):
            return node
        return _hook("name", ast.Constant(node.id), node)

    def _global(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if scopes.in_module(name, self._scopes)]

    def _wrote(self, names: Iterable[str], at: ast.AST) -> list[ast.stmt]:
        found = self._global(names)
        if not found:
            return []
        note = ast.Expr(_hook("wrote", _names(found), ast.Constant(None)))
        return [ast.fix_missing_locations(ast.copy_location(note, at))]

    def _bind(self, names: Iterable[str], value: ast.expr) -> ast.expr:
        found = self._global(names)
        return _hook("wrote", _names(found), value) if found else value

    # -- statements --------------------------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            found += result if isinstance(result, list) else [result]
        return found

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        names = [name for target in node.targets for name in scopes.stored(target)]
        value = self.visit(node.value)
        node.targets = [self.visit(t) for t in node.targets]
        if any(isinstance(t, (ast.Tuple, ast.List)) for t in node.targets):
            value = _use("own", value)
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                place = ast.Constant(next(_PLACES))
                value = _hook("put", value, place)
                target.value = _hook("into", target.value, place)
        node.value = self._bind(names, value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        node.annotation = self.visit(node.annotation) if not self._scopes else node.annotation
        if node.value is not None:
            node.value = self._bind(scopes.stored(node.target), _use("own", self.visit(node.value)))
        node.target = self.visit(node.target)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self._bind(scopes.stored(node.target), self.visit(node.value))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        value = _use("own" if isinstance(node.op, _PLAIN_OPERATORS) else "deep", self.visit(node.value))
        names = self._global(scopes.stored(node.target))
        node.value = _hook("augment", ast.Constant(names[0]), value) if names else value
        node.target = self.visit(node.target)
        return node

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        self.generic_visit(node)
        return [node, *self._wrote(names, node)]

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        return [node, *self._wrote(scopes.imported(node), node)]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        return [node] if node.module == "__future__" else self.visit_Import(node)

    def visit_For(self, node: ast.For) -> ast.stmt:
        node.iter = _use("own", self.visit(node.iter))
        node.target = self.visit(node.target)
        node.body = [*self._wrote(scopes.stored(node.target), node), *self._block(node.body)]
        node.orelse = self._block(node.orelse)
        return node

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With) -> ast.stmt:
        names: list[str] = []
        for item in node.items:
            item.context_expr = _use("own", self.visit(item.context_expr))
            if item.optional_vars is not None:
                names += scopes.stored(item.optional_vars)
                item.optional_vars = self.visit(item.optional_vars)
        node.body = [*self._wrote(names, node), *self._block(node.body)]
        return node

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.type is not None:
            node.type = self.visit(node.type)
        node.body = [*self._wrote([node.name] if node.name else [], node), *self._block(node.body)]
        return node

    def visit_If(self, node: ast.If | ast.While) -> ast.stmt:
        node.test = _use("own", self.visit(node.test))
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    visit_While = visit_If

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        node.subject = _use("deep", self.visit(node.subject))
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.visit(case.guard)
            case.body = [*self._wrote(scopes.pattern_names(case.pattern), node), *self._block(case.body)]
        return node

    # -- definitions -------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> list[ast.stmt]:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self._defaults(node.args)
        self._scopes.append(scopes.of_function(node))
        body = self._block(node.body)
        self._scopes.pop()
        node.body = body
        return [node, *self._wrote([node.name], node)]

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self._defaults(node.args)
        self._scopes.append(scopes.of_function(node))
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(d) for d in arguments.defaults]
        arguments.kw_defaults = [d and self.visit(d) for d in arguments.kw_defaults]

    def visit_ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.bases = [self.visit(b) for b in node.bases]
        for word in node.keywords:
            word.value = self.visit(word.value)
        self._scopes.append(scopes.of_class(node))
        node.body = self._block(node.body)
        self._scopes.pop()
        return [node, *self._wrote([node.name], node)]

    # -- expressions -------------------------------------------------------------------------------

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = self.visit(node.value)
        node.value = _use("own", value) if isinstance(node.ctx, ast.Load) else value
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.visit(node.value)
        node.value = _use("own", value) if isinstance(node.ctx, ast.Load) else value
        index = self.visit(node.slice)
        node.slice = index if isinstance(index, (ast.Slice, ast.Tuple)) else _use("deep", index)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        value = self.visit(node.value)
        node.value = _use("own", value) if isinstance(node.ctx, ast.Load) else value
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        if isinstance(function, ast.Name) and (function.id in _FRAMES or function.id in HOOKS.values()):
            self.generic_visit(node)
            return node
        place = ast.Constant(next(_PLACES))
        if isinstance(function, ast.Attribute):
            function.value = _hook("method", self.visit(function.value), ast.Constant(function.attr), place)
        else:
            node.func = _hook("callee", self.visit(function), place)
        node.args = [self._argument(a, place) for a in node.args]
        for word in node.keywords:
            word.value = self._argument(word.value, place)
        return node

    def _argument(self, node: ast.expr, place: ast.Constant) -> ast.expr:
        if isinstance(node, ast.Starred):
            node.value = _hook("arg", self.visit(node.value), place)
            return node
        value = self.visit(node)
        return value if isinstance(value, ast.Constant) else _hook("arg", value, place)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        how = "own" if isinstance(node.op, _PLAIN_OPERATORS) else "deep"
        node.left, node.right = (_use(how, self.visit(v)) for v in (node.left, node.right))
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        node.operand = _use("own", self.visit(node.operand))
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        node.values = [_use("own", self.visit(v)) for v in node.values]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            self.generic_visit(node)
            return node
        node.left = _use("deep", self.visit(node.left))
        node.comparators = [_use("deep", self.visit(c)) for c in node.comparators]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test = _use("own", self.visit(node.test))
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        node.value = _use("deep", self.visit(node.value))
        if node.format_spec is not None:
            node.format_spec = self.visit(node.format_spec)
        return node

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> ast.expr:
        return self._comprehension(node, ["elt"])

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self._comprehension(node, ["key", "value"])

    def _comprehension(self, node: ast.expr, parts: Sequence[str]) -> ast.expr:
        """Visit the first iterable outside, as Python does, and the rest inside."""
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        first = self.visit(generators[0].iter)
        self._scopes.append(scopes.of_comprehension(generators))
        for index, part in enumerate(generators):
            part.iter = _use("own", self.visit(part.iter) if index else first)
            part.target = self.visit(part.target)
            part.ifs = [_use("own", self.visit(test)) for test in part.ifs]
        for name in parts:
            setattr(node, name, self.visit(getattr(node, name)))
        self._scopes.pop()
        return node


def _hook(hook: str, *values: ast.expr) -> ast.Call:
    made = ast.Call(ast.Name(HOOKS[hook], ast.Load()), list(values), [])
    for value in values:
        if hasattr(value, "lineno"):
            return ast.copy_location(made, value)
    return made


def _use(how: str, value: ast.expr) -> ast.expr:
    """Wrap a value in a hook, unless it can only be a number or text."""
    atomic = (ast.Constant, ast.JoinedStr, ast.Slice)
    return value if isinstance(value, atomic) else _hook(how, value)


def _names(names: Iterable[str]) -> ast.expr:
    return ast.Tuple([ast.Constant(name) for name in names], ast.Load())
