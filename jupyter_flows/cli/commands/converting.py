"""Spell the marks of a notebook in another way."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_flows.cli.command import Status, command
from jupyter_flows.cli.console import Console
from jupyter_flows.widgets.words import counted


@command("convert", short_help="Spell a notebook's marks in another way.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(["magic", "directive", "tags"]), help="The spelling.")
def convert(console: Console, *, path: Path, to: str) -> Status:
    """Spell the marks of the notebook at PATH as %%task, as #| task, or as tags; the flow stays the same version.

    Nothing else in the file changes. A cell whose mark can't be spelt so stays as it is.
    """
    from jupyter_flows.cli.captured import check_file
    from jupyter_flows.cli.converting import convert_file

    check_file(path)
    done = convert_file(path, to)  # type: ignore[arg-type] # click's choice
    for cell, reason in done.kept:
        console.say(f"cell {cell}: {reason}")
    document = {
        "path": str(path),
        "to": to,
        "converted": done.converted,
        "kept": [{"cell": cell, "reason": reason} for cell, reason in done.kept],
    }
    what = counted(len(done.converted), "mark")
    console.result(document, f"{path}: {what} spelt as {to}" if done.converted else f"{path}: nothing to convert")
    return None
