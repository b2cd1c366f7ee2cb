"""Write the names that are used in the place of ``import *``."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable

from jupyter_flows.capture.finders.look import Reading
from jupyter_flows.capture.fixing.draft import Draft
from jupyter_flows.capture.installed import distributions_of

#: Lets a module be imported, and tells the names that ``import *`` takes from it.
_EXPORTS = "import json, sys; names = {}; exec(f'from {sys.argv[1]} import *', names); print(json.dumps(sorted(names)))"
_SECONDS = 60
#: With these a name may be used that no reader sees.
_BY_TEXT = re.compile(r"\b(eval|exec|globals|locals|vars)\s*\(|^\s*(%run)\b", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")
_WIDTH = 100


def fix_stars(draft: Draft) -> None:
    """Write out each ``from module import *`` of an installed module, unless names may be used by text."""
    readings = list(draft.readings())
    found = [(r, node, line) for r in readings for node, line in r.nodes() if _is_star(node)]
    by_text = next((m for r in readings if (m := _BY_TEXT.search(r.text))), None)
    used = used_names(readings) if found else set()
    for reading, node, line in sorted(found, key=lambda f: (f[0].ordinal, -f[2])):
        place, module = f"cell {reading.ordinal}, line {line}", node.module or ""
        exported = [] if by_text or node.level else exported_names(module)
        if by_text:
            draft.changes.left.append(f"{place}: `import *` stays, because `{by_text[0].strip(' (')}` may use any name")
        elif not exported:
            draft.changes.left.append(f"{place}: {module!r} can't be asked here for its names")
        else:
            _write_out(draft, reading.ordinal, node, line, sorted(used.intersection(exported)))


def _is_star(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _write_out(draft: Draft, ordinal: int, node: ast.ImportFrom, line: int, names: list[str]) -> None:
    lines = draft.lines(ordinal)
    before = lines[line - 1][: node.col_offset]
    old = re.match(r"from\s+[\w.]+\s+import\s*\*", lines[line - 1][node.col_offset :])
    if old is None or not lines[line - 1].isascii() or not names:
        draft.changes.left.append(f"cell {ordinal}, line {line}: `import *` stays, none of its names is seen in use")
        return
    after = lines[line - 1][node.col_offset + old.end() :]
    new = _import(str(node.module), names, before, after)
    draft.write(ordinal, [*lines[: line - 1], *(before + new + after).split("\n"), *lines[line:]])
    shown = " ".join(new.split()).replace("( ", "(").replace(", )", ")")
    draft.changes.fixed.append(f"cell {ordinal}, line {line}: `{old[0]}` is `{shown}` now")


def _import(module: str, names: list[str], before: str, after: str) -> str:
    one = f"from {module} import {', '.join(names)}"
    if len(before + one + after) <= _WIDTH or before.strip():
        return one
    inner = textwrap.wrap(", ".join(names) + ",", _WIDTH - len(before) - 4)
    return "\n".join([f"from {module} import (", *(f"{before}    {line}" for line in inner), f"{before})"])


def exported_names(module: str) -> list[str]:
    """Return the names that ``from module import *`` brings; nothing for a module that is not installed.

    A process of its own imports it; a module next to the notebook would be the user's code, and is not run.
    """
    top = module.partition(".")[0]
    if top not in sys.stdlib_module_names and not distributions_of(module):
        return []
    command = [sys.executable, "-P", "-c", _EXPORTS, module]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
        names: list[str] = json.loads(done.stdout.strip().split("\n")[-1])
    except (subprocess.SubprocessError, ValueError):
        return []
    return [name for name in names if name != "__builtins__"]


def used_names(readings: Iterable[Reading]) -> set[str]:
    """Return every name that cells may look up: those written, and those in magics, commands and texts of code."""
    found: set[str] = set()
    for reading in readings:
        for node, _ in reading.nodes():
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_prose(node.value):
                found.update(_WORD.findall(node.value))
            elif isinstance(node, ast.Global | ast.Nonlocal):
                found.update(node.names)
    return found


def _is_prose(text: str) -> bool:
    """Tell a text for people from one that code may be in: a command, a query, an expression."""
    return len(text.split()) != 1 and not re.search(r"[@$(){}=<>+*/-]", text)
