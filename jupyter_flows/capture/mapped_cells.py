"""Cells that run once for each element: which names become lists, and how the analysis sees them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from jupyter_flows.capture.source import transform
from jupyter_flows.capture.trees import walk

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def written_names(tree: ast.Module) -> tuple[str, ...]:
    """Return the names that a cell's own statements bind, sorted; those of imports, functions and classes apart.

    >>> written_names(ast.parse("import math; a, (b, *c) = x; d = [j for j in y if (i := j)]"))
    ('a', 'b', 'c', 'd', 'i')
    """
    return tuple(sorted(set(_bound(tree.body))))


def _bound(nodes: Iterable[ast.AST], *, inside: bool = False) -> Iterator[str]:
    """Yield names that are bound; `inside` a comprehension only those of ``:=``."""
    for node in nodes:
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.NamedExpr):
            yield node.target.id
            yield from _bound([node.value], inside=inside)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not inside:
            yield node.id
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        if isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        yield from _bound(ast.iter_child_nodes(node), inside=inside or isinstance(node, _COMPREHENSIONS))


def whole_of(ordinal: int) -> str:
    """Return what in the analysis a cell's value is called while its name stands for one element."""
    return f"__jupyter_flows_whole_{ordinal}__"


def as_loop(source: str, over: str, written: Iterable[str], *, whole: str) -> str:
    """Return a mapped cell as the loop that it is to the analysis, line numbers kept where the first line is free.

    >>> print(as_loop("y = f(x)", "x", ["y"], whole="all_x"))
    for x in (all_x := x):
     y = f(x)
     y = [y]
    x = all_x
    """
    lines = transform(source).split("\n")
    tree = ast.parse("\n".join(lines))
    texts = {line for node in walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr) for line in _later(node)}
    body = [line if number in texts else f" {line}" for number, line in enumerate(lines, 1)]
    header = f"for {over} in ({whole} := {over}):"
    free = not lines[0].strip() or lines[0].startswith("#")
    body = [header, *body[1:]] if free else [header, *body]
    if not tree.body:
        body.append(" pass")
    restored = [] if over in written else [f"{over} = {whole}"]
    # The lists are made inside, where each name has just been bound: below, an earlier one might be meant.
    return "\n".join([*body, *(f" {name} = [{name}]" for name in written), *restored])


def _later(node: ast.expr) -> range:
    """Return the lines on which a text goes on, which an indent would change."""
    return range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
