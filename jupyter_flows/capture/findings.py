"""What can be found wrong with a captured flow by reading its cells."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from jupyter_flows.capture import source
from jupyter_flows.capture.checks import Finding, Level
from jupyter_flows.capture.code import SHELL_NAMES
from jupyter_flows.capture.dataflow import Dataflow
from jupyter_flows.capture.finders.chance import chance_findings
from jupyter_flows.capture.finders.installs import install_findings, unpinned_findings
from jupyter_flows.capture.finders.look import Look
from jupyter_flows.capture.finders.mutations import mutation_findings
from jupyter_flows.capture.finders.paths import path_findings
from jupyter_flows.capture.finders.secrets import secret_findings
from jupyter_flows.capture.finders.stars import star_findings
from jupyter_flows.capture.imports import cell_imports
from jupyter_flows.capture.markers import SHARED, strip_marker
from jupyter_flows.capture.mentions import mentions_of
from jupyter_flows.capture.modules import Modules, module_findings
from jupyter_flows.capture.notebook_file import Notebook
from jupyter_flows.capture.requirements import Requirements, requirement_findings
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import CellSyntaxError


def no_tasks(notebook: Notebook) -> Finding:
    """Say that there is nothing to run."""
    what = "none of its cells takes part" if notebook.cells else "it has no code cells"
    return Finding("F006", "error", None, None, f"the notebook gives no task ({what})", "write %%task above a cell")


def look_findings(look: Look) -> Iterator[Finding]:
    """Find what is worth saying of sound code: each finder's own."""
    for finder in (
        star_findings,
        path_findings,
        secret_findings,
        install_findings,
        unpinned_findings,
        chance_findings,
        mutation_findings,
    ):
        yield from finder(look)


def undefined_findings(cells: Sequence[Cell], look: Look, *, ignored: Collection[str]) -> Iterator[Finding]:
    """Find names that a cell reads and nothing above it defines; warnings where it is ready for a NameError."""
    members = look.cells
    for index, name, line in look.dataflow.undefined:
        if name not in ignored and not SHELL_NAMES.fullmatch(name):
            # A function's reading shows when a cell calls it; people look for the name where it is written.
            place = next((c for c in reversed(members[: index + 1]) if _reads(c, name, line)), members[index])
            level: Level = "warning" if _is_awaited(place, name, line) else "error"
            found = _undefined(cells, members, members[index], place, Finding("F001", level, place.ordinal, line, name))
            yield _alive(found, name) if found.code == "F001" and name in look.alive else found


def _alive(found: Finding, name: str) -> Finding:
    """Say of a name that no cell defines that the kernel has it all the same."""
    message = f"`{name}` is alive in this kernel only: {found.message}"
    return replace(found, code="F009", message=message)


def _undefined(cells: Sequence[Cell], members: Sequence[Cell], reader: Cell, place: Cell, found: Finding) -> Finding:
    """Say of a name that is undefined whether another cell has it."""
    name = found.message
    writer = next((c for c in cells if c.ordinal != place.ordinal and name in _written(c)), None)
    if writer is None:
        return replace(found, message=f"no cell defines `{name}`", fix="define it in a cell above")
    if writer.ordinal > reader.ordinal:
        message = f"`{name}` is defined only below, in cell {writer.ordinal}"
        return replace(found, code="F002", message=message, fix="move that cell up")
    if any(writer.ordinal == member.ordinal for member in members):
        why = "it is deleted since, or the function that defines it is never called"
        message = f"`{name}` is gone or not there yet: cell {writer.ordinal} may define it, but {why}"
        return replace(found, message=message, fix="define it in a cell above")
    message = f"`{name}` is defined in cell {writer.ordinal}, which takes no part"
    return replace(found, message=message, fix="remove its `skip`, or correct it")


def _reads(cell: Cell, name: str, line: int) -> bool:
    names = (n for n in ast.walk(_tree(cell)) if isinstance(n, ast.Name))
    return any(n.id == name and n.lineno == line for n in names)


def _tree(cell: Cell) -> ast.Module:
    return source.parse(strip_marker(cell.source), ordinal=cell.ordinal)


def _is_awaited(cell: Cell, name: str, line: int) -> bool:
    """Tell whether a name is read in a ``try`` that a missing name does not stop."""
    for node in ast.walk(_tree(cell)):
        if isinstance(node, ast.Try) and any(_catches(h.type) for h in node.handlers):
            inside = (n for part in node.body for n in ast.walk(part) if isinstance(n, ast.Name))
            if any(n.id == name and n.lineno == line for n in inside):
                return True
    return False


def _catches(caught: ast.expr | None) -> bool:
    names = {n.id for n in ast.walk(caught) if isinstance(n, ast.Name)} if caught is not None else {"BaseException"}
    return bool(names & {"NameError", "Exception", "BaseException"})


def _written(cell: Cell) -> set[str]:
    """Return the names that a cell binds at its top level; nothing if it can't be parsed."""
    try:
        tree = _tree(cell)
    except CellSyntaxError:
        return set()
    found = mentions_of(tree.body)
    imported = {alias.asname or alias.name.partition(".")[0] for node in found.imports for alias in node.names}
    return found.written | imported


def barrier_findings(members: Sequence[Cell], dataflow: Dataflow) -> Iterator[Finding]:
    """Say which cells wait for everything above them and hold up everything below."""
    for index, reason in sorted(dataflow.barriers.items()):
        if reason.startswith("imports all names"):  # F013 says so.
            continue
        message = f"what this cell does can't be told from its code ({reason}), so it runs alone"
        yield Finding("F003", "info", members[index].ordinal, None, message)


def tag_findings(members: Sequence[Cell], dataflow: Dataflow) -> Iterator[Finding]:
    """Say which cells do more than their tag promises; a tag changes nothing of what a cell means."""
    for index, cell in enumerate(members):
        tags = SHARED & cell.tags
        if tags and index not in dataflow.definitions:
            message = f"this cell is tagged `{min(tags)}` but does more than import and define, so it runs as a task"
            yield Finding("F030", "info", cell.ordinal, None, message, "move what it does into a cell of its own")


_INSTALLS = re.compile(r"^\s*[!%].*\b(?:pip3?|conda|mamba|uv)\b.*\binstall\b", re.MULTILINE)
_FETCHES = re.compile(r"^\s*[!%].*\b(?:git\s+clone|unzip|tar)\b", re.MULTILINE)
_PATH = re.compile(r"\bsys\.path\b|\bsite\.addsitedir\b|^\s*%cd\b|\bos\.chdir\b", re.MULTILINE)


def _is_made(name: str, above: Sequence[str]) -> str:
    """Say what above a missing import may make it: a cell that writes or fetches the module, or installs it."""
    top = re.escape(name.partition(".")[0])
    written = re.compile(rf"^%%(?:writefile|file)\b.*\b{top}(?:\.py|/\S+)\s*$|[/'\" ]{top}\.py\b", re.MULTILINE)
    if any(written.search(text) for text in above):
        return "a cell above"
    if any(_INSTALLS.search(text) for text in above):
        return "the install command above"
    if any(_FETCHES.search(text) or _PATH.search(text) for text in above):
        return "a cell above, by what it fetches or adds to the path, perhaps"
    return ""


def import_findings(
    members: Sequence[Cell], codes: Sequence[str], modules: Modules, requirements: Requirements
) -> Iterator[Finding]:
    """Find imports that fail here, and requirements that can't be installed elsewhere."""
    missing = set(requirements.missing)
    for index, (cell, text) in enumerate(zip(members, codes, strict=True)):
        said: set[str] = set()
        for found in cell_imports(text, ordinal=cell.ordinal):
            name = found.module
            if name.partition(".")[0] in missing and name not in said and not found.optional:
                said.add(name)
                made = _is_made(name, codes[:index])
                level: Level = "error" if found.sure and not made else "warning"
                fix = f"{made} makes it in the run" if made else "install it here, or correct the name"
                yield Finding("F004", level, cell.ordinal, found.line, f"there is no module {name!r} here", fix)
    tops = {(name.partition(".")[0], file) for name, file in modules.through.items()}
    for name, file in sorted(tops):
        if name in missing:
            yield Finding("F004", "warning", None, None, f"{file} imports {name!r}, which is not installed here")
    yield from requirement_findings(requirements)
    yield from module_findings(modules)
