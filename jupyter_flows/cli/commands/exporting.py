"""Write a notebook's flow as a Python script."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_flows.cli.command import Status, command
from jupyter_flows.cli.console import Console
from jupyter_flows.errors import FlowsError


@command("export", short_help="Write a notebook's flow as a Python script.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("-o", "output", metavar="FILE", type=click.Path(path_type=Path), help="Write here, not to the terminal.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def export(console: Console, *, path: Path, output: Path | None, force: bool) -> Status:
    """Write the notebook at PATH as a script of @task functions that runs by itself and gives the same results.

    What can't be written so is refused, with the cell and the reason. No cell is run.
    """
    from jupyter_flows.capture.export.script import export_script
    from jupyter_flows.cli.captured import read

    reading = read(path)
    script = export_script(reading.captured)
    for finding in reading.captured.findings:
        if finding.level == "error":
            console.say(f"{finding.level}: {finding}")
    if output is None:
        console.result({"flow": reading.flow.name, "path": None, "script": script}, script)
        return None
    write_script(output, script, force=force)
    console.result(
        {"flow": reading.flow.name, "path": str(output), "script": script}, f"{output}: python {output} runs it"
    )
    return None


def write_script(path: Path, script: str, *, force: bool = False) -> None:
    """Write a new file; raise `FlowsError` for one that is there, unless forced, or that can't be written."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(script)
    except FileExistsError:
        raise FlowsError(f"{path} is there already: --force writes over it, or take another name.") from None
    except OSError as error:
        raise FlowsError(f"{path} can't be written ({error.strerror}): name another file.") from None
