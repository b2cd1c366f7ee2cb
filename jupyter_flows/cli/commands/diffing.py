"""Say what changed between two versions of a flow."""

from __future__ import annotations

from dataclasses import asdict

import click

from jupyter_flows.cli.command import Status, command, project_option
from jupyter_flows.cli.console import Console


@command("diff", short_help="Say what changed, task by task.")
@click.argument("what", metavar="PATH|FLOW")
@project_option
@click.option("--version", metavar="V", type=click.IntRange(1), help="Compare with this version.")
def diff(console: Console, *, what: str, project: str | None, version: int | None) -> Status:
    """Say what changed since registration, task by task; comments and formatting are no change.

    The notebook at PATH is compared with its flow's latest version, a registered FLOW's latest
    version with the one before; --version chooses another to compare with.
    """
    from jupyter_flows.cli.versions import before, differences, side_of

    new = side_of(what, project)
    old = before(new, version)
    found = differences(old, new)
    known = {"project": new.project, "flow": new.flow, "old": old.version if old else None, "new": new.version}
    console.result({**known, "changes": [asdict(c) for c in found.changes]}, lambda: found.text(console.ink))
    return None
