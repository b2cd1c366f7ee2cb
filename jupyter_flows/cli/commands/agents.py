"""Agents: start one here, list those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jupyter_flows.cli.command import Status, command, label_option
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.times import ago

if TYPE_CHECKING:
    from jupyter_flows.registry import Agent

NONE = 'No agent is at work. Start one with "jupyter flows agent start".'


@click.group("agent", short_help="Start an agent.", no_args_is_help=False)
def agent() -> None:
    """Start an agent, which takes the runs whose labels are among its own."""


@command("start", short_help="Take runs until stopped.")
@click.argument("kind", metavar="[KIND]", type=click.Choice(["local"]), default="local")
@label_option
@click.option("--max-runs", metavar="N", type=click.IntRange(1), help="How many runs at once.")
@click.option("--name", metavar="NAME", help="What it is called in lists.")
@click.option("--once", is_flag=True, help="Leave when nothing waits for it any more.")
@click.option("--strict", is_flag=True, help="Fail runs whose packages are not of the registered versions.")
def start(
    console: Console,
    *,
    kind: str,
    labels: tuple[str, ...],
    max_runs: int | None,
    name: str | None,
    once: bool,
    strict: bool,
) -> Status:
    """Take runs whose labels are all among this agent's; one without labels takes runs without labels.

    It stays until Ctrl-C or SIGTERM, and lets its runs end before it leaves. KIND is local: each run is
    a process on this machine.
    """
    from jupyter_flows.cli.working import work

    del kind  # The only one so far.
    done = work(console, labels=labels, max_runs=max_runs, name=name, once=once, strict=strict)
    if console.as_json:
        console.result(done.to_json(), "")
    return None


agent.add_command(start)


@command("agents", short_help="List agents at work.")
@click.option("--all", "everyone", is_flag=True, help="Also those that are gone.")
def agents(console: Console, *, everyone: bool) -> Status:
    """List the agents at work, and what each takes."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        found = registry.agents.list(everyone=everyone)
    console.result([a.to_json() for a in found], lambda: _agents_table(found, console) if found else NONE)
    return None


def _agents_table(found: list[Agent], console: Console) -> str:
    rows = [
        [
            a.name,
            a.kind,
            _takes(a),
            f"{a.load} of {a.max_runs}" if a.max_runs else str(a.load),
            ago(a.beat_at) if a.alive else f"gone, last heard {ago(a.beat_at)}",
            f"pid {a.pid} on {a.host}",
        ]
        for a in found
    ]
    return console.table(rows, ["agent", "kind", "takes", "runs", "heard", "where"])


def _takes(agent: Agent) -> str:
    if not agent.max_runs:
        return "the run it was started for"
    return ", ".join(agent.labels) or "runs without labels"
