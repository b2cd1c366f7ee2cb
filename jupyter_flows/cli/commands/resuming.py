"""Go on from a run that failed, or whose notebook was edited since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jupyter_flows.cli.command import Status, command, run_argument
from jupyter_flows.cli.commands.running import run_here, takers_of, watched
from jupyter_flows.cli.console import Console
from jupyter_flows.errors import NoSuchError

if TYPE_CHECKING:
    from jupyter_flows.registry import Version


@command("resume", short_help="Run again what failed or changed.")
@run_argument
@click.option("--task", "again", metavar="T", multiple=True, help="Run this task again too; may be repeated.")
@click.option("--wait", is_flag=True, help="Show the run until it ends; its success is the exit status.")
@click.option("--timeout", metavar="S", type=click.FloatRange(0), help="With --wait: leave after S seconds, with 124.")
@click.option("--here", is_flag=True, help="Run it in this command, by no agent, and wait.")
def resume(
    console: Console, *, run_id: int, again: tuple[str, ...], wait: bool, timeout: float | None, here: bool
) -> Status:
    """Go on from RUN: run what failed in it or changed since, and what comes after that.

    The new run is of the flow's latest version, takes over what the other cells left behind in RUN, and has
    its parameters.
    """
    from jupyter_flows.agent.results import require_results
    from jupyter_flows.cli.watch import Watch
    from jupyter_flows.registry import Resume, open_registry

    if timeout is not None and not (wait or here):
        raise click.UsageError("--timeout needs --wait.")
    with open_registry() as registry:
        earlier = registry.runs.get(run_id)
        require_results(earlier)
        drawn = registry.runs.version(run_id)
        version = drawn if drawn.version is None else registry.flows.get(earlier.project, earlier.flow)
        check_tasks(version, again)
        made = registry.runs.create(
            version, parameters=earlier.parameters, labels=earlier.labels, resume=Resume(run_id, again)
        )
        if here:
            return run_here(console, registry, Watch(registry, version, made, console), timeout, strict=False)
        if wait:
            return watched(console, registry, Watch(registry, version, made, console), timeout)
        takers = takers_of(console, registry, made)
    number = f"v{made.version}" if made.version else "draft"
    said = f"run {made.id} · {made.project}/{made.flow} {number} · resumes run {run_id} · {made.state.value}"
    console.result({**made.to_json(), "agents": takers}, said)
    return None


def check_tasks(version: Version, names: tuple[str, ...]) -> None:
    """Raise `NoSuchError` for a task that a version does not have."""
    known = [str(task["slug"]) for task in version.document["tasks"]]
    for name in names:
        if name not in known:
            raise NoSuchError(f"Flow {version.flow!r} has no task {name!r}; it has {', '.join(known)}.")
