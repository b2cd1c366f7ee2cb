"""Find cells that install packages, and requirements that name no version."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Look, Reading

_COMMAND = re.compile(
    r"(?:^|[\s;&|/'\"])(?P<tool>(?:uv\s+pip|pip3?|conda|mamba|micromamba|apt-get|apt|easy_install))\s+"
    r"(?:-\S+\s+)*(?P<verb>install)?\b(?P<rest>[^\n;&|]*)"
)
_TOOLS = frozenset({"pip", "conda", "mamba", "micromamba"})
_NAME_END = re.compile(r"[<>!~;\[ ]")
_LONGEST = 50


def install_findings(look: Look) -> Iterator[Finding]:
    """Find cells that install packages: a flow would do so in each run."""
    for reading in look.readings:
        if "install" in reading.text:
            for command, line in installs(reading):
                shown = command if len(command) <= _LONGEST else command[: _LONGEST - 3] + "..."
                message = f"`{shown}` installs in every run of the flow"
                fix = "take it out: imports are pinned without it, and `#| task: --requires NAME` adds more"
                yield Finding("F017", "warning", reading.ordinal, line, message, fix)


def installs(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield the commands of a cell that install packages, and their lines."""
    for node, line in reading.nodes():
        if isinstance(node, ast.Call):
            for text, below in _texts(node):
                found = _COMMAND.search(text)
                if found and found["verb"]:
                    yield f"{found['tool']} install{found['rest']}".rstrip(" '\")"), line + below


def _texts(call: ast.Call) -> Iterator[tuple[str, int]]:
    """Yield the command lines that a call runs, and how many lines below the call each stands."""
    words = [a.value if isinstance(a, ast.Constant) else None for a in call.args]
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "run_line_magic" and words[:1] and words[0] in _TOOLS and isinstance(words[1], str):
        yield f"{words[0]} {words[1]}", 0
    elif name == "run_cell_magic" and words[:1] and words[0] in ("bash", "sh", "script", "!") and len(words) > 2:  # noqa: PLR2004
        yield from ((text, n) for n, text in enumerate(str(words[2]).split("\n"), start=1))
    elif name in ("system", "getoutput", "popen", "check_call", "check_output", "run", "call", "Popen"):
        yield from _commands(call)


def _commands(call: ast.Call) -> Iterator[tuple[str, int]]:
    for argument in call.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value, 0
        elif isinstance(argument, ast.List | ast.Tuple):
            words = [e.value for e in argument.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            yield shlex.join(words), 0


def unpinned_findings(look: Look) -> Iterator[Finding]:
    """Find requirements given with a task that leave the version to the day on which it is installed."""
    for reading in look.readings:
        for text in reading.marker.options.requires:
            if not re.search(r"===?|@", text):
                message = f"the requirement {text!r} leaves the version open, so that runs may differ"
                fix = f"name the version: {re.split(_NAME_END, text)[0]}==..."
                yield Finding("F016", "info", reading.ordinal, reading.marker.line, message, fix)
