"""Find the code that a live function was made from, and the names it reads."""

from __future__ import annotations

import ast
import copy
import dis
import functools
import inspect
import linecache
import types
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from jupyter_flows.core.canonical import canonical, digest, parse

T = TypeVar("T")
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class _Remembered(Generic[T]):
    """What is known of code objects, by identity: equal ones may come from different sources."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[types.CodeType], T]] = {}

    def get(self, code: types.CodeType, make: Callable[[], T]) -> T:
        """Return what is known of code, made the first time."""
        known = self._known.get(id(code))
        if known is not None and known[0]() is code:
            return known[1]
        made = make()
        self._known[id(code)] = weakref.ref(code, functools.partial(self._forget, id(code))), made
        return made

    def _forget(self, key: int, _gone: object) -> None:
        self._known.pop(key, None)


_SOURCES: _Remembered[str | None] = _Remembered()
_GLOBALS: _Remembered[tuple[str, ...]] = _Remembered()


def function_source(fn: types.FunctionType) -> str | None:
    """Return the digest of a function's canonical text, ``@task`` left out; None when its source is not to be had."""
    return _SOURCES.get(fn.__code__, lambda: _source_digest(fn))


def _source_digest(fn: types.FunctionType) -> str | None:
    text = _canonical_source(fn)
    return None if text is None else digest(text)


def _canonical_source(fn: types.FunctionType) -> str | None:
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


def global_names(code: types.CodeType) -> tuple[str, ...]:
    """Return the global names that code and the functions inside it read, each once, sorted."""
    return _GLOBALS.get(code, lambda: tuple(sorted(_find_globals(code))))


def _find_globals(code: types.CodeType) -> set[str]:
    found: set[str] = set()
    pending = [code]
    while pending:
        current = pending.pop()
        pending += [c for c in current.co_consts if inspect.iscode(c)]
        found |= {i.argval for i in dis.get_instructions(current) if _reads_global(i.opname)}
    return found


def _reads_global(opname: str) -> bool:
    return opname == "LOAD_NAME" or (opname.startswith("LOAD_") and "GLOBAL" in opname)
