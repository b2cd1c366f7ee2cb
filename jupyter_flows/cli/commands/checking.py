"""Check a notebook: by reading it, and if asked by running it both ways; put right what can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_flows.cli.checked import DEEP_SECONDS
from jupyter_flows.cli.command import Status, command
from jupyter_flows.cli.console import Console
from jupyter_flows.widgets.words import counted

if TYPE_CHECKING:
    from jupyter_flows.capture.checks import Finding

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


@command("check", short_help="Check a notebook.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="First change in the file what is surely meant otherwise, and say what.")
@click.option("--deep", is_flag=True, help="Also run it, top to bottom and as a flow, in a copy, and compare.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(0, min_open=True),
    default=DEEP_SECONDS,
    show_default=True,
    metavar="S",
    help="With --deep: seconds that one execution may take.",
)
def check(console: Console, *, path: Path, fix: bool, deep: bool, timeout_seconds: float) -> Status:
    """Report what would keep the notebook at PATH from being registered, or make it surprise.

    No cell is run, except with --deep. A name that no cell defines, a cell that shows something else as a
    flow and the like are errors.
    """
    from jupyter_flows.capture.notebook import read_notebook
    from jupyter_flows.cli.checked import findings_of, with_deep

    if fix:
        _fix(console, path)
    found = findings_of(path)
    if deep:
        found = with_deep(found, read_notebook(path), seconds=timeout_seconds, say=console.say)
    errors = sum(f.level == "error" for f in found)
    console.result([f.to_json() for f in found], lambda: findings_text(found, console))
    return 1 if errors else None


def _fix(console: Console, path: Path) -> None:
    from jupyter_flows.cli.captured import check_file
    from jupyter_flows.cli.fixing import fix_file

    check_file(path)
    done = fix_file(path)
    for sentence in done.fixed:
        console.say(f"{console.ink('green', 'fixed')}: {sentence}")
    for sentence in done.left:
        console.say(f"not fixed: {sentence}")
    if not done.fixed:
        console.say(f"{path} is unchanged: there is nothing that can be fixed safely.")


def findings_text(found: tuple[Finding, ...], console: Console) -> str:
    """Return findings for people, what is found in several cells as one line, and how many lines there are."""
    from jupyter_flows.capture.checks import grouped

    groups = grouped(found)
    if not groups:
        return "Nothing to report."
    lines = [f"{console.ink(_COLOURS[g.level], g.level)}: {g}" for g in groups]
    counts = {level: sum(g.level == level for g in groups) for level in _COLOURS}
    return "\n".join([*lines, ", ".join(counted(n, level) for level, n in counts.items() if n) + "."])
