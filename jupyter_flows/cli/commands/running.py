"""Run a registered flow, and watch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import Status, command, label_option, pairs, project_option
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.states import status_of

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run, Version

TIMED_OUT = 124
INTERRUPTED = 130


@command("run", short_help="Run a registered flow.")
@click.argument("flow", metavar="FLOW")
@project_option
@click.option("--version", metavar="V", type=click.IntRange(1), help="This version; the latest without.")
@click.option("-p", "--parameter", "given", metavar="NAME=VALUE", multiple=True, help="A parameter's value.")
@label_option
@click.option("--wait", is_flag=True, help="Show the run until it ends; its success is the exit status.")
@click.option("--timeout", metavar="S", type=click.FloatRange(0), help="With --wait: leave after S seconds, with 124.")
@click.option("--here", is_flag=True, help="Run it in this command, by no agent, and wait.")
def run(
    console: Console,
    *,
    flow: str,
    project: str | None,
    version: int | None,
    given: tuple[str, ...],
    labels: tuple[str, ...],
    wait: bool,
    timeout: float | None,
    here: bool,
) -> Status:
    """Ask for a run of FLOW, which is a name or PROJECT/NAME. Agents whose labels match take it."""
    from jupyter_flows.registry import open_registry

    if timeout is not None and not (wait or here):
        raise click.UsageError("--timeout needs --wait.")
    values = pairs(given, "-p")
    with open_registry() as registry:
        chosen = registry.flows.find(flow, project=project, version=version)
        made = registry.runs.create(chosen, parameters=parameters(chosen.document, values), labels=labels)
        if here:
            return _here(console, registry, chosen, made, timeout)
        return _by_agents(console, registry, chosen, made, timeout, wait=wait)


def parameters(document: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Read values as the flow's parameters are typed; raise `ParameterError` for one that it does not take."""
    from jupyter_flows.core.parameter import ParameterSpec, resolve

    specs = {data["name"]: ParameterSpec.from_json(data) for data in document["parameters"]}
    read = {name: specs[name].parse(text) if name in specs else text for name, text in given.items()}
    resolve(specs.values(), read)
    return read


def _by_agents(
    console: Console, registry: Registry, version: Version, made: Run, timeout: float | None, *, wait: bool
) -> Status:
    takers = [a.name for a in registry.agents.would_take(made.labels)]
    if not takers:
        console.say(nobody_takes(made.labels))
    if wait:
        return _watched(console, registry, version, made, timeout)
    said = f"run {made.id} · {made.project}/{made.flow} v{made.version} · {made.state.value}"
    console.result({**made.to_json(), "agents": takers}, said)
    return None


def nobody_takes(labels: tuple[str, ...]) -> str:
    """Say that no agent takes runs of these labels, and how to start one."""
    command_line = " ".join(["jupyter flows agent start", *(f"--label {label}" for label in labels)])
    what = "offers " + " and ".join(map(repr, labels)) if labels else "takes runs without labels"
    return f'No agent {what}: start one with "{command_line}".'


def _watched(console: Console, registry: Registry, version: Version, made: Run, timeout: float | None) -> Status:
    from jupyter_flows.cli.watch import Watch

    watch = Watch(registry, version, made, console)
    try:
        ended = watch.until_finished(timeout)
    except KeyboardInterrupt:
        console.say(
            f'Run {made.id} goes on: "jupyter flows logs {made.id} --follow" or "jupyter flows cancel {made.id}".'
        )
        watch.report()
        return INTERRUPTED
    watch.report()
    if not ended:
        console.say(f"Run {made.id} has not ended after {timeout:g} s; it goes on.")
        return TIMED_OUT
    return status_of(watch.run.state)


def _here(console: Console, registry: Registry, version: Version, made: Run, timeout: float | None) -> Status:
    from jupyter_flows.cli.here import RunHere
    from jupyter_flows.cli.watch import Watch

    watch = Watch(registry, version, made, console)
    status = 0
    with RunHere(made.id) as here:
        try:
            if not watch.until_finished(timeout, give_up=here.stopped) and not here.stopped():
                status = TIMED_OUT
        except KeyboardInterrupt:
            status = INTERRUPTED
        if status:
            console.say(f"Run {made.id} runs in this command and is cancelled with it.")
            registry.runs.cancel(made.id)
            watch.until_finished(give_up=here.stopped)
    watch.report()
    return status or status_of(watch.run.state)
