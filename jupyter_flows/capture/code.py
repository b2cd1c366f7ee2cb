"""What a cell's code tells by itself: its meaning, its name, whether it needs IPython's shell."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator

from jupyter_flows.capture import source
from jupyter_flows.capture.markers import PYTHON_MAGICS
from jupyter_flows.core.canonical import canonical, digest
from jupyter_flows.core.canonical import parse as parse_python
from jupyter_flows.errors import CellSyntaxError

#: Names that only a shell provides.
SHELL_NAMES = re.compile(r"display|get_ipython|In|Out|_{1,3}|_i{0,3}|_i?\d+|_[iod]h|exit|quit")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@functools.lru_cache(maxsize=1024)
def _tree(code: str, ordinal: int) -> ast.Module:
    """Parse a cell, once for all questions; nobody changes the tree."""
    return source.parse(code, ordinal=ordinal)


def cell_meaning(code: str, *, ordinal: int = 1) -> str:
    """Return a digest of the code's meaning; formatting, comments and marks don't change it.

    A semicolon at the end is meaning: it keeps the last value from being shown.
    """
    tree = _tree(code, ordinal)
    inner = _magic_body(tree)
    if inner is not None:
        name, line, body = inner
        return digest(f"%%{name} {line}\n{cell_meaning(body, ordinal=ordinal)}")
    try:
        text = canonical(tree)
    except RecursionError:
        raise CellSyntaxError(ordinal, 1, "the code is nested too deeply") from None
    silent = bool(tree.body) and isinstance(tree.body[-1], ast.Expr) and ends_silent(code)
    return digest(text + " silent" if silent else text)


def python_body(code: str, *, ordinal: int = 1) -> tuple[ast.Module, int]:
    """Return a cell's Python, that below a magic such as ``%%time`` too, and how many lines stand above it."""
    tree = _tree(code, ordinal)
    inner = _magic_body(tree)
    if inner is None:
        return tree, 0
    body, above = python_body(inner[2], ordinal=ordinal)
    return body, above + 1


def _magic_body(tree: ast.Module) -> tuple[str, str, str] | None:
    """Return name, line and body of a cell magic whose body is Python."""
    match tree.body:
        case [ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), args=[*args]))]:
            words = [a.value for a in args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if len(words) == len(args) == 3 and words[0] in PYTHON_MAGICS:  # noqa: PLR2004 - name, line, body
                return words[0], words[1], words[2]
    return None


def ends_silent(code: str) -> bool:
    """Tell whether code ends with a semicolon, comments aside, as IPython reads it."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return code.rstrip().endswith(";")
    blank = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT)
    last = next((t for t in reversed(tokens) if t.type not in blank), None)
    return last is not None and last.string == ";"


def needs_shell(code: str, *, ordinal: int = 1) -> bool:
    """Tell whether a cell runs only in IPython's shell: by its syntax, what it shows, or what it reads."""
    tree = _tree(code, ordinal)
    if not _is_python(code) or (tree.body and isinstance(tree.body[-1], ast.Expr)):
        return True
    return any(map(_is_of_shell, _own_scope(tree)))


def _is_python(code: str) -> bool:
    try:
        parse_python(code)
    except SyntaxError:
        return False
    return True


def _is_of_shell(node: ast.AST) -> bool:
    if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
        return True
    if isinstance(node, ast.comprehension) and node.is_async:
        return True
    if isinstance(node, _SCOPES):
        return any(isinstance(n, ast.Name) and _of_shell(n) for n in ast.walk(node))
    return isinstance(node, ast.Name) and _of_shell(node)


def _of_shell(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load) and SHELL_NAMES.fullmatch(name.id) is not None


def _own_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a cell, functions and classes as one each."""
    pending: list[ast.AST] = list(reversed(tree.body))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending += reversed(list(ast.iter_child_nodes(node)))


def first_written(code: str, *, ordinal: int = 1) -> str | None:
    r"""Return the first name that a cell assigns or defines: what an unnamed task is called.

    >>> first_written("import pandas as pd\nfor row in rows:\n    total = row")
    'total'
    """
    tree = _tree(code, ordinal)
    inner = _magic_body(tree)
    if inner is not None:
        return first_written(inner[2], ordinal=ordinal)
    loose = None
    for node in _own_scope(tree):
        for name in _bound(node):
            if not name.startswith("_"):
                return name
        if loose is None and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            loose = node.id
    return loose if loose and not loose.startswith("_") else None


def _bound(node: ast.AST) -> list[str]:
    """Return the names that a statement is written for."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        targets = [node.target]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
