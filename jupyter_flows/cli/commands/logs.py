"""What a run printed and logged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import INTERRUPTED, Status, command, run_argument
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.loglines import LogLines, Said
from jupyter_flows.cli.times import moment

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run

#: How often a followed run is looked at.
POLL_SECONDS = 0.1


@command("logs", short_help="Print what a run printed and logged.")
@run_argument
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends.")
@click.option("--task", metavar="T", help="Only this task's.")
def logs(console: Console, *, run_id: int, follow: bool, task: str | None) -> Status:
    """Print what RUN printed and logged, with the task that said it; with --json, all of it at the end."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        run = registry.runs.get(run_id)
        names = {t.task for t in registry.runs.tasks(run_id)}
        if task and names and task not in names:
            raise click.UsageError(f"Run {run_id} has no task {task!r}; it has {', '.join(sorted(names))}.")
        said: list[dict[str, Any]] = []
        status = 0
        wide = max(map(len, names), default=0)
        try:
            for line in _lines(registry, run, follow=follow):
                if task in (None, line.task):
                    said.append(line.to_json())
                    console.lines(_shown(line, console, wide))
        except KeyboardInterrupt:
            status = INTERRUPTED
            console.say(f"No longer following; run {run_id} goes on.")
    if console.as_json:
        console.result(said, "")
    elif not said and not status:
        console.say(f"Run {run_id} has said nothing{'' if run.finished or follow else ' so far'}.")
    return status


def _lines(
    registry: Registry, run: Run, *, follow: bool, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Said]:
    """Yield whole lines as they come; those of a run that is followed until it has ended."""
    lines, after = LogLines(), 0
    while True:
        finished = registry.runs.get(run.id).finished
        for event in registry.runs.events(run.id, after=after):
            after = event.seq
            yield from lines.take(event)
        if finished or not follow:
            break
        sleep(POLL_SECONDS)
    yield from lines.rest()


def _shown(line: Said, console: Console, wide: int) -> str:
    clock = console.ink("dim", moment(datetime.fromtimestamp(line.at, UTC)).rpartition(" ")[2])
    colour = {"stderr": "yellow", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}.get(line.source)
    text = console.ink(colour, line.text) if colour else line.text
    return f"{clock}  {line.task or '':<{wide}}  {text}\n"
