"""Run a registered flow, and watch it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import INTERRUPTED, Status, command, label_option, pairs, project_option
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.states import status_of
from jupyter_flows.errors import TransitionError

if TYPE_CHECKING:
    from jupyter_flows.cli.watch import Watch
    from jupyter_flows.registry import Registry, Run

TIMED_OUT = 124


@command("run", short_help="Run a registered flow.")
@click.argument("flow", metavar="FLOW")
@project_option
@click.option("--version", metavar="V", type=click.IntRange(1), help="This version; the latest without.")
@click.option("-p", "--parameter", "given", metavar="NAME=VALUE", multiple=True, help="A parameter's value.")
@label_option
@click.option("--wait", is_flag=True, help="Show the run until it ends; its success is the exit status.")
@click.option("--timeout", metavar="S", type=click.FloatRange(0), help="With --wait: leave after S seconds, with 124.")
@click.option("--here", is_flag=True, help="Run it in this command, by no agent, and wait.")
@click.option("--strict", is_flag=True, help="With --here: fail if packages are not of the registered versions.")
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
    strict: bool,
) -> Status:
    """Ask for a run of FLOW, which is a name or PROJECT/NAME. Agents whose labels match take it."""
    from jupyter_flows.cli.watch import Watch
    from jupyter_flows.registry import open_registry

    if timeout is not None and not (wait or here):
        raise click.UsageError("--timeout needs --wait.")
    if strict and not here:
        raise click.UsageError("--strict needs --here; for runs that agents take, start these with --strict.")
    values = pairs(given, "-p")
    with open_registry() as registry:
        chosen = registry.flows.find(flow, project=project, version=version)
        made = registry.runs.create(chosen, parameters=parameters(chosen.document, values), labels=labels)
        if here:
            return run_here(console, registry, Watch(registry, chosen, made, console), timeout, strict=strict)
        if wait:
            return watched(console, registry, Watch(registry, chosen, made, console), timeout)
        takers = takers_of(console, registry, made)
    said = f"run {made.id} · {made.project}/{made.flow} v{made.version} · {made.state.value}"
    console.result({**made.to_json(), "agents": takers}, said)
    return None


def parameters(document: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Read values as the flow's parameters are typed; raise `ParameterError` for one that it does not take."""
    from jupyter_flows.core.parameter import ParameterSpec, resolve

    specs = {data["name"]: ParameterSpec.from_json(data) for data in document["parameters"]}
    read = {name: specs[name].parse(text) if name in specs else text for name, text in given.items()}
    resolve(specs.values(), read)
    return read


def takers_of(console: Console, registry: Registry, made: Run) -> list[str]:
    """Return the names of the agents that take the run; where there are none, say how to start one."""
    takers = [a.name for a in registry.agents.would_take(made.labels)]
    if not takers:
        console.say(nobody_takes(made.labels))
    return takers


def nobody_takes(labels: tuple[str, ...]) -> str:
    """Say that no agent takes runs of these labels, and how to start one."""
    command_line = " ".join(["jupyter flows agent start", *(f"--label {label}" for label in labels)])
    what = "offers " + " and ".join(map(repr, labels)) if labels else "takes runs without labels"
    return f'No agent {what}: start one with "{command_line}".'


def watched(console: Console, registry: Registry, watch: Watch, timeout: float | None) -> Status:
    """Show a run until it ends, and return its success; Ctrl-C leaves it to go on."""
    number = watch.run.id
    try:
        takers_of(console, registry, watch.run)
        ended = watch.until_finished(timeout)
    except KeyboardInterrupt:
        console.say(f'Run {number} goes on: "jupyter flows logs {number} --follow" or "jupyter flows cancel {number}".')
        watch.report()
        return INTERRUPTED
    watch.report()
    if not ended:
        console.say(f"Run {number} has not ended after {timeout:g} s; it goes on.")
        return TIMED_OUT
    return status_of(watch.run.state)


def run_here(console: Console, registry: Registry, watch: Watch, timeout: float | None, *, strict: bool) -> Status:
    """Run a run in this command, by no agent, and show it until it ends; Ctrl-C cancels it."""
    from jupyter_flows.cli.here import RunHere

    number, status = watch.run.id, 0
    with RunHere(number, strict=strict) as here:
        try:
            if not watch.until_finished(timeout, give_up=here.stopped) and not here.stopped():
                status = TIMED_OUT
        except KeyboardInterrupt:
            status = INTERRUPTED
        if status:
            console.say(f"Run {number} runs in this command and is cancelled with it.")
            with suppress(TransitionError):  # It may have ended just now.
                registry.runs.cancel(number)
            watch.until_finished(give_up=here.stopped)
    if not status and not watch.run.finished:
        # An agent was quicker than this command.
        return watched(console, registry, watch, timeout)
    watch.report()
    return status or status_of(watch.run.state)
