"""Register a notebook's flow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_flows.cli.command import Status, command, label_option, pairs
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.kernel import other_python
from jupyter_flows.cli.outline import origin, outline
from jupyter_flows.core.place import Place
from jupyter_flows.widgets.words import duration, joined

if TYPE_CHECKING:
    from jupyter_flows.cli.captured import Reading
    from jupyter_flows.register import Preview, Registration


@command("register", short_help="Register a notebook's flow.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--project", metavar="P", help="The project; without, the one of the notebook's %flow line.")
@click.option("--name", metavar="N", help="The flow's name; without, that of the %flow line, or of the file.")
@label_option
@click.option("--storage", metavar="S", help="Where it is kept, such as local.")
@click.option("-o", "--option", "options", metavar="KEY=VALUE", multiple=True, help="An option of the storage.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def register(
    console: Console,
    *,
    path: Path,
    project: str | None,
    name: str | None,
    labels: tuple[str, ...],
    storage: str | None,
    options: tuple[str, ...],
    dry_run: bool,
) -> Status:
    """Check the notebook at PATH, pack its flow and record a version of it. No cell is run.

    A flow that means the same as its latest version keeps that version.
    """
    from jupyter_flows.capture.checks import remarks
    from jupyter_flows.cli.captured import Wishes, option_value, read
    from jupyter_flows.register import preview
    from jupyter_flows.register import register as record

    given = {key: option_value(value) for key, value in pairs(options, "-o").items()}
    reading = read(path, Wishes(project, name, storage, given, labels))
    if advice := other_python(reading.captured.notebook):
        console.say(advice)
    about = {"joined": reading.captured.joined, "left_out": reading.captured.left_out, "dry_run": dry_run}
    if dry_run:
        would = preview(reading.flow, reading.project, labels=reading.labels, findings=reading.captured.findings)
        findings = [f.to_json() for f in reading.captured.findings]
        known = {**asdict(would), "changes": [str(change) for change in would.changes]}
        console.result({**known, "artifact": None, "findings": findings, **about}, lambda: _would(would, console))
        return None
    labelled = reading.labels
    done = record(reading.flow, reading.project, labels=labelled, findings=reading.captured.findings, say=console.say)
    for sentence in remarks(reading.captured.findings, listed_by=f"jupyter flows check {path}"):
        console.say(sentence)
    console.result({**done.to_json(), **about}, lambda: _done(done, reading))
    return None


def _would(would: Preview, console: Console) -> str:
    from jupyter_flows.widgets.differences import lines_of

    name = f"{would.project}/{would.flow}"
    if not would.created:
        return f"{name} means the same as v{would.version}: nothing would be recorded."
    return "\n".join([f"{name} would be v{would.version}:", *lines_of(would.changes, console.ink)])


def _done(done: Registration, reading: Reading) -> str:
    lines = [outline(reading)]
    if done.created:
        lines += [f"  {change}" for change in done.changes if done.version > 1]
    news = "" if done.created else "nothing changed"
    kept = reading.flow.storage.summary() if reading.flow.storage else ""
    where = origin(Place.here(notebook=reading.path))
    lines.append(joined([f"{done.project}/{done.flow} v{done.version}", news, kept, where, duration(done.seconds)]))
    return "\n".join(lines)
