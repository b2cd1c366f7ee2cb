"""Secret cells: the values that they give in the notebook stay there; a run reads its own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.lines import blank_controls
from jupyter_flows.capture.markers import strip_marker
from jupyter_flows.capture.notebook_file import Notebook
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.secrets import TAG_PREFIX, is_secret_name, tagged_secrets

_DIRECTIVE = re.compile(r"#\|\s*secret\s*:\s*(\S.*)")
_EXPRESSION = re.compile(r"__import__\(\"jupyter_flows\"\)\.secret\(\"\w+\"\)")
#: A shorter text in the notebook may be anything; from this length on the same text is the same secret.
TELLING_CHARACTERS = 8
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A notebook without the values of its secrets."""

    notebook: Notebook
    findings: tuple[Finding, ...] = ()
    #: What was taken out: name, text. Never to be shown or stored.
    taken: tuple[tuple[str, str], ...] = ()


def hide_secrets(notebook: Notebook) -> Hidden:
    """Replace what cells tagged ``secret:NAME`` assign to NAME by reading the secret of that name where the flow runs.

    Lines keep their numbers. What can't be done is a finding of level "error".
    """
    cells, sources, findings, taken = list(notebook.cells), {}, [], []
    for index, cell in enumerate(notebook.cells):
        tags = cell.tags | {TAG_PREFIX + name for name in _directives(cell.source)}
        names = tagged_secrets(tags)
        if not names or "skip" in tags:
            continue
        cells[index] = replace(cell, tags=tags)
        text, trouble, literals = _replaced(cell, names)
        findings += trouble
        taken += literals
        sources[index] = text
    if not sources:
        return Hidden(notebook)
    hidden = replace(notebook, cells=tuple(cells)).with_sources(sources)
    return Hidden(hidden, tuple(findings), tuple(taken))


def leaks(hidden: Hidden, modules: Mapping[str, bytes]) -> Iterator[Finding]:
    """Find secrets whose text stands elsewhere too, in another cell or in a module that is packed with the flow."""
    for name, text in hidden.taken:
        if len(text) < TELLING_CHARACTERS:
            continue
        written = json.dumps(text, ensure_ascii=False)[1:-1]
        places = [f"cell {cell.ordinal}" for cell in hidden.notebook.cells if text in cell.source]
        places += [path for path, source in modules.items() if text.encode() in source]
        if not places and written in hidden.notebook.text:
            places = ["the notebook's other cells or metadata"]
        if places:
            message = f"the value of secret {name!r} also stands in {', '.join(places)}"
            yield Finding("F026", "error", None, None, message, f"use {name} there, and change the secret")


def as_text(code: str) -> str:
    """Return a cell's code with a text where it reads a secret, which is all that the analysis has to know."""
    return _EXPRESSION.sub('""', code)


def _expression(name: str) -> str:
    return f'__import__("jupyter_flows").secret("{name}")'


def _directives(source: str) -> Iterator[str]:
    """Yield the names in ``#| secret: NAME`` lines above a cell's first statement."""
    for line in source.split("\n"):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match:
            yield from (name.strip() for name in match[1].split(",") if name.strip())
        elif line.strip() and not line.startswith(("#", "%%")):
            return


def _replaced(cell: Cell, names: tuple[str, ...]) -> tuple[str, list[Finding], list[tuple[str, str]]]:
    try:
        tree = ast.parse(blank_controls(strip_marker(cell.source)))
    except SyntaxError:
        return "", [_wrong(cell, f"is tagged {TAG_PREFIX}{names[0]} and is no plain Python", "only assign it")], []
    trouble, literals, text = [], [], cell.source
    edits = {}
    for name in names:
        values = [v for node in _own_scope(tree) for v in _assigned(node, name)] if is_secret_name(name) else []
        if not values:
            what = f"is tagged {TAG_PREFIX}{name} and does not assign {name!r}"
            trouble.append(_wrong(cell, what, f'write {name} = "..." in it'))
        for value in values:
            edits[value] = _expression(name)
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                literals.append((name, value.value))
    for value in sorted(edits, key=lambda v: (v.lineno, v.col_offset), reverse=True):
        text = _edit(text, value, edits[value])
    return text, trouble, literals


def _wrong(cell: Cell, what: str, fix: str) -> Finding:
    return Finding("F025", "error", cell.ordinal, None, f"the cell {what}", fix)


def _assigned(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """Yield the values that a statement assigns to a name."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if _is(target, name):
                yield node.value
            elif isinstance(target, ast.Tuple | ast.List) and isinstance(node.value, ast.Tuple | ast.List):
                pairs = zip(target.elts, node.value.elts, strict=False)
                yield from (value for one, value in pairs if _is(one, name))
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and _is(node.target, name) and node.value is not None:
        yield node.value


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _own_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what runs when the cell runs, the bodies of its functions left out."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending += ast.iter_child_nodes(node)


def _edit(text: str, node: ast.expr, new: str) -> str:
    """Put another expression in a node's place; lines below keep their numbers."""
    lines = [line.encode() for line in text.split("\n")]
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    filled = f"({new}{chr(10) * (last - first)})" if last > first else new
    lines[first : last + 1] = (before + filled.encode() + after).split(b"\n")
    return b"\n".join(lines).decode()
