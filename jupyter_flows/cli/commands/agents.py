"""Agents: start one here, list those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import Status, command, label_option, pairs
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.times import ago

if TYPE_CHECKING:
    from jupyter_flows.registry import Agent

NONE = 'No agent is at work. Start one with "jupyter flows agent start".'


#: Parameters that only a Docker agent takes, with the options that give them.
OF_DOCKER: dict[str, str] = {
    "base_url": "--base-url",
    "volumes": "--volume",
    "networks": "--network",
    "no_pull": "--no-pull",
    "registry_allow_list": "--allow-registry",
    "mem_limit": "--memory",
    "cpus": "--cpus",
}


@click.group("agent", short_help="Start an agent.", no_args_is_help=False)
def agent() -> None:
    """Start an agent, which takes the runs whose labels are among its own."""


@command("start", short_help="Take runs until stopped.")
@click.argument("kind", metavar="[KIND]", type=click.Choice(["local", "docker"]), default="local")
@label_option
@click.option("--max-runs", metavar="N", type=click.IntRange(1), help="How many runs at once.")
@click.option("--name", metavar="NAME", help="What it is called in lists.")
@click.option("--once", is_flag=True, help="Leave when nothing waits for it any more.")
@click.option("--strict", is_flag=True, help="Fail runs whose packages are not of the registered versions.")
@click.option("--env", "env_vars", metavar="NAME=VALUE", multiple=True, help="A variable that runs see.")
@click.option("--base-url", metavar="URL", help="The engine; by default the one that docker would use.")
@click.option("--volume", "volumes", metavar="HERE:THERE[:ro]", multiple=True, help="A folder that runs see.")
@click.option("--network", "networks", metavar="NAME", multiple=True, help="A network that runs are in, or none.")
@click.option("--no-pull", is_flag=True, help="Run only images that are there.")
@click.option(
    "--allow-registry", "registry_allow_list", metavar="HOST[/GROUP]", multiple=True, help="Take images from here only."
)
@click.option("--memory", "mem_limit", metavar="SIZE", help="The most that a run may hold, as 2g.")
@click.option("--cpus", metavar="N", type=click.FloatRange(0.01), help="How many processors a run may use.")
def start(console: Console, *, kind: str, once: bool, env_vars: tuple[str, ...], **options: Any) -> Status:
    """Take runs whose labels are all among this agent's; one without labels takes runs without labels.

    It stays until Ctrl-C or SIGTERM, and lets its runs end before it leaves. KIND is local, where each run is a
    process on this machine, or docker, where each is a container of the flow's image.
    """
    from jupyter_flows.cli.working import work

    of_docker_only = {name: options.pop(name) for name in OF_DOCKER}
    given = {name: value for name, value in of_docker_only.items() if value}
    if given and kind != "docker":
        words = ", ".join(OF_DOCKER[name] for name in given)
        raise click.UsageError(f"{words}: only a docker agent takes that, and this is a {kind} one.")
    done = work(console, kind, once=once, env_vars=pairs(env_vars, "--env"), **options, **given)
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
