"""Which names of a piece of code live in the notebook's module: those that no function around them binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: What has names of its own: walks of a scope stop there.
_INNER = (*FUNCTIONS, ast.ClassDef, *COMPREHENSIONS)


@dataclass(slots=True)
class Scope:
    """One function, comprehension or class body around the code that is being visited."""

    is_class: bool = False
    own: set[str] = field(default_factory=set)
    #: Declared ``global``.
    module: set[str] = field(default_factory=set)


def of_function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Scope:
    """Return the scope of a function's body."""
    scope = _of_body(node.body if isinstance(node.body, list) else [node.body])
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    scope.own.update(a.arg for a in given if a is not None)
    return scope


def of_class(node: ast.ClassDef) -> Scope:
    """Return the scope of a class body."""
    scope = _of_body(node.body)
    scope.is_class = True
    return scope


def of_comprehension(generators: Iterable[ast.comprehension]) -> Scope:
    """Return the scope of a comprehension."""
    return Scope(own={name for part in generators for name in stored(part.target)})


def in_module(name: str, scopes: list[Scope]) -> bool:
    """Tell whether a name, used inside `scopes` (outermost first), is the module's."""
    for depth, scope in enumerate(reversed(scopes)):
        if name in scope.module:
            return True
        if name in scope.own and (depth == 0 or not scope.is_class):
            return False
    return True


def stored(node: ast.AST) -> Iterator[str]:
    """Give the names that an assignment's target binds."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


def pattern_names(pattern: ast.pattern) -> Iterator[str]:
    """Give the names that a pattern of ``match`` binds."""
    for part in ast.walk(pattern):
        if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
            yield part.name
        elif isinstance(part, ast.MatchMapping) and part.rest:
            yield part.rest


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the names that an import binds."""
    return [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]


def _of_body(body: Iterable[ast.AST]) -> Scope:
    scope = Scope()
    outer: set[str] = set()
    for node in _walk(body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            scope.own.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.own.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            scope.own.update(imported(node))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.own.add(node.name)
        elif isinstance(node, ast.pattern):
            scope.own.update(pattern_names(node))
        elif isinstance(node, ast.Global):
            scope.module.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            outer.update(node.names)
    scope.own -= outer | scope.module
    return scope


def _walk(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Give the nodes that bind names in this scope; of comprehensions only what ``:=`` binds."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, COMPREHENSIONS):
            stack += [n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
        elif not isinstance(node, _INNER):
            stack += list(ast.iter_child_nodes(node))
