"""Runs that are recorded: list them, look into one, cancel it, get what it left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_flows.cli.command import Status, command, project_option, run_argument
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.states import paint, state_named
from jupyter_flows.cli.times import moment
from jupyter_flows.errors import RunError
from jupyter_flows.widgets.words import duration

if TYPE_CHECKING:
    from jupyter_flows.registry import Run, TaskRun

SHOWN = 50


@command("runs", short_help="List runs, the newest first.")
@project_option
@click.option("--flow", metavar="F", help="Only this flow's.")
@click.option("--state", metavar="S", help="Only those in this state, such as Failed.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help=f"At most N; {SHOWN} unless --json.")
def runs(console: Console, *, project: str | None, flow: str | None, state: str | None, limit: int | None) -> Status:
    """List runs, the newest first."""
    from jupyter_flows.registry import open_registry

    if flow and "/" in flow and project is None:
        project, flow = flow.split("/", 1)
    wanted = state_named(state) if state else None
    most = limit or (None if console.as_json else SHOWN)
    with open_registry() as registry:
        found = registry.runs.list(project=project, flow=flow, state=wanted, limit=most)
    empty = "No such runs." if project or flow or state else 'No runs yet. Make one with "jupyter flows run FLOW".'
    console.result([r.to_json() for r in found], lambda: _runs_table(found, console, limit) if found else empty)
    return None


def _runs_table(found: list[Run], console: Console, limit: int | None) -> str:
    head = ["run", "flow", "state", "when", "took", "labels", "message"]
    shown = console.table([_run_row(r, console) for r in found], head)
    return shown + (f"\nThe newest {SHOWN}; --limit N shows more." if len(found) == SHOWN and not limit else "")


def _run_row(run: Run, console: Console) -> list[str]:
    version = f"v{run.version}" if run.version else "draft"
    when = moment(run.finished_at or run.started_at or run.created_at)
    labels, message = ", ".join(run.labels), " ".join(run.message.split())
    return [
        str(run.id),
        f"{run.project}/{run.flow} {version}",
        paint(run.state, console),
        when,
        _took(run),
        labels,
        message,
    ]


def _took(row: Run | TaskRun) -> str:
    if row.started_at is None:
        return ""
    return duration(((row.finished_at or datetime.now(UTC)) - row.started_at).total_seconds())


@command("tasks", short_help="List a run's tasks with their states.")
@run_argument
def tasks(console: Console, *, run_id: int) -> Status:
    """List the tasks of RUN with their states, in the flow's order."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        registry.runs.get(run_id)
        found = registry.runs.tasks(run_id)
    empty = f"Run {run_id} has not started a task yet."
    console.result([t.to_json() for t in found], lambda: _tasks_table(found, console) if found else empty)
    return None


def _tasks_table(found: list[TaskRun], console: Console) -> str:
    rows = []
    for row in found:
        name = row.task if row.map_index is None else f"{row.task}[{row.map_index}]"
        cell = "" if row.cell is None else str(row.cell)
        rows.append([cell, name, paint(row.state, console), _took(row), " ".join(row.message.split())])
    return console.table(rows, ["cell", "task", "state", "took", "message"])


@command("cancel", short_help="Ask for a run to stop.")
@run_argument
def cancel(console: Console, *, run_id: int) -> Status:
    """Ask for RUN to stop: at once if it waits, as soon as its agent hears of it if it runs."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        run = registry.runs.get(run_id)
        if run.finished:
            raise RunError(f"Run {run_id} is {run.state.value} already: there is nothing to cancel.")
        run = registry.runs.cancel(run_id)
    console.result(run.to_json(), f"run {run_id} · {run.project}/{run.flow} · {paint(run.state, console)}")
    return None


@command("notebook", short_help="Write the notebook that a run left behind.")
@run_argument
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
def notebook(console: Console, *, run_id: int, output: Path | None) -> Status:
    """Write the executed notebook of RUN and print its path.

    Without -o it is the one kept among jupyter_flows' own files. A run at work gives what it has so far.
    """
    from jupyter_flows.cli.executed import left_behind

    left = left_behind(run_id, output)
    console.result(left.to_json(), str(left.path))
    return None


@command("open", short_help="Open a run's notebook in JupyterLab.")
@run_argument
@click.option("--print", "only_print", is_flag=True, help="Print its path and open nothing.")
def open_(console: Console, *, run_id: int, only_print: bool) -> Status:
    """Open the executed notebook of RUN in JupyterLab; without a terminal only print its path."""
    from jupyter_flows.cli.executed import left_behind, open_in_lab

    left = left_behind(run_id)
    console.result(left.to_json(), str(left.path))
    if only_print or console.as_json or not console.out.isatty():
        return None
    return open_in_lab(left.path)
