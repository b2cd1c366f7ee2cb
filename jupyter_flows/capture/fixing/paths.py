"""Shorten absolute paths into the notebook's folder."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from jupyter_flows.capture.finders.look import Reading
from jupyter_flows.capture.finders.paths import inside
from jupyter_flows.capture.fixing.draft import Draft

_MOVES = re.compile(r"\bchdir\b|^\s*%cd\b", re.MULTILINE)


def fix_paths(draft: Draft, folder: Path) -> None:
    """Write literal paths into `folder` relative to it, in which runs start; not where cells change the folder."""
    readings = list(draft.readings())
    moves = any(_MOVES.search(r.text) for r in readings)
    for reading in readings:
        for node, value, line in _literals(reading):
            relative = inside(value, folder) if value.startswith(("/", "~")) else None
            if relative is None:
                continue
            if moves:
                place = f"cell {reading.ordinal}, line {line}"
                draft.changes.left.append(f"{place}: {value!r} stays, because a cell changes the working folder")
            else:
                _shorten(draft, reading.ordinal, node, line, (value, relative))


def _literals(reading: Reading) -> list[tuple[ast.Constant, str, int]]:
    """Return the texts that stand alone, the last of a line first: not those inside f-strings, nor docstrings."""
    tree, above = reading.body()
    inner = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    inner |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in inner]
    found = [(n, n.value, n.lineno + above) for n in constants if isinstance(n.value, str)]
    return sorted(found, key=lambda f: (f[2], -f[0].col_offset))


def _shorten(draft: Draft, ordinal: int, node: ast.Constant, line: int, paths: tuple[str, str]) -> None:
    value, relative = paths
    lines = draft.lines(ordinal)
    text = lines[line - 1].encode()
    old = text[node.col_offset : node.end_col_offset].decode(errors="replace")
    if not _is_literal(old, value) or old.count(value) != 1:
        return
    new = old.replace(value, relative)
    lines[line - 1] = (text[: node.col_offset] + new.encode() + text[node.end_col_offset :]).decode()
    draft.write(ordinal, lines)
    draft.changes.fixed.append(f"cell {ordinal}, line {line}: {old} is {new} now")


def _is_literal(text: str, value: str) -> bool:
    try:
        return bool(ast.literal_eval(text) == value)
    except (SyntaxError, ValueError):
        return False
