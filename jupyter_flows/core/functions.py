"""Find the code that a live function was made from, and the names it reads."""

from __future__ import annotations

import ast
import copy
import dis
import functools
import inspect
import linecache
import types
from collections.abc import Iterator
from typing import Any

from jupyter_flows.core.canonical import canonical, parse

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def function_source(fn: types.FunctionType) -> str | None:
    """Return the canonical text of a function, ``@task`` left out; None when its source is not to be had."""
    node = _function_node(fn)
    if node is None:
        return None
    if isinstance(node, ast.Lambda):
        return canonical(node)
    kept = [d for d in node.decorator_list if not _is_task(d, fn.__globals__)]
    bare = copy.copy(node)
    bare.decorator_list = kept
    return canonical(bare)


def _function_node(fn: types.FunctionType) -> Function | None:
    code = fn.__code__
    lines = _lines(fn)
    if lines is None:
        return None
    found = [n for n in _nodes("".join(lines)).get(code.co_firstlineno, ()) if _name(n) == code.co_name]
    if len(found) > 1:
        found = [n for n in found if _spans(n, code)] or found
    # Of nested lambdas on one line the innermost that spans the code is the one.
    return found[-1] if found and all(_spans(n, code) for n in found[-1:]) else None


def _lines(fn: types.FunctionType) -> list[str] | None:
    filename = fn.__code__.co_filename
    linecache.checkcache(filename)
    return linecache.getlines(filename, fn.__globals__) or None


@functools.lru_cache(maxsize=64)
def _nodes(text: str) -> dict[int, list[Function]]:
    """Return a file's functions by the line that their code starts at: that of the first decorator."""
    by_line: dict[int, list[Function]] = {}
    try:
        tree = parse(text)
    except SyntaxError:
        return by_line
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
            by_line.setdefault(min(n.lineno for n in [node, *decorators]), []).append(node)
    return by_line


def _name(node: Function) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _spans(node: Function, code: types.CodeType) -> bool:
    """Tell whether code lies where a node does; a changed file then gives no source rather than a wrong one."""
    start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    start = min([start, *((d.lineno, 0) for d in decorators)])
    # Generated instructions (RESUME and the like) may point at the line only.
    at = [(p[0], p[2]) for p in code.co_positions() if p[0] is not None and p[2] is not None and p[3] != 0]
    return all(start <= (line, column or 0) <= end for line, column in at)


def _is_task(decorator: ast.expr, namespace: dict[str, Any]) -> bool:
    """Tell whether a decorator is ours: its options are the task's, not the function's."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    value: Any = None
    if isinstance(target, ast.Name):
        value = namespace.get(target.id)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        value = getattr(namespace.get(target.value.id), target.attr, None)
    if value is None:
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        return name == "task"
    return getattr(value, "__name__", "") == "task" and str(getattr(value, "__module__", "")).startswith(
        "jupyter_flows"
    )


def global_names(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code and the functions inside it read, each once, sorted."""
    found: set[str] = set()
    pending = [code]
    while pending:
        current = pending.pop()
        pending += [c for c in current.co_consts if inspect.iscode(c)]
        found |= {i.argval for i in dis.get_instructions(current) if _reads_global(i.opname)}
    return iter(sorted(found))


def _reads_global(opname: str) -> bool:
    return opname == "LOAD_NAME" or (opname.startswith("LOAD_") and "GLOBAL" in opname)
