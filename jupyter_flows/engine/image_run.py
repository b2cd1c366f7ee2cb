"""``jupyter-flows-run``: what a container of a flow's image starts.

It starts the run's process as a local agent would and passes on what it says, so that deaths, limits and cancels
are the same in a container as elsewhere. With ``--job``, an agent's way, the first line of standard input is the
job, later ones are commands, and its end means stop; events go to standard output as JSON lines. Without, it runs
the flow with the parameters given, for a person to read.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.bundle import IMAGE_FOLDER, Bundle
from jupyter_flows.core.events import Event
from jupyter_flows.core.state import StateName
from jupyter_flows.engine.control import Control
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.launcher import Launcher
from jupyter_flows.errors import FlowsError, ParameterError

#: How long a run may take to end once its container is told to stop; engines kill after ten seconds.
STOP_SECONDS = 8.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the flow of this image; exit with 0 once an agent's run has reported its end, or a person's succeeded."""
    parser = argparse.ArgumentParser(prog="jupyter-flows-run", description="Run the flow that this image holds.")
    parser.add_argument("--job", action="store_true", help="take a job from standard input, write events")
    parser.add_argument("-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[], help="a parameter")
    parser.add_argument("--bundle", metavar="FOLDER", default=IMAGE_FOLDER, help="where the flow's files lie")
    options = parser.parse_args(arguments)
    try:
        if options.job:
            _for_agent()
        else:
            sys.exit(_for_person(options.bundle, options.parameters))
    except FlowsError as error:
        sys.exit(f"jupyter-flows-run: {error}")


def _for_agent() -> None:
    """Run the job that standard input names; events go to what was standard output, all else to standard error."""
    events_fd = os.dup(1)
    os.dup2(2, 1)

    def send(event: Event) -> None:
        data = memoryview(event.to_line().encode())
        while data:
            data = data[os.write(events_fd, data) :]

    control = Control()
    line = control.first_line()
    if line:
        _run(Job.from_line(line), send, control)
    # Not by the interpreter's own end, which stumbles over the thread that waits for commands.
    os._exit(0)


def _for_person(bundle_folder: str, parameters: Sequence[str]) -> int:
    """Run the flow of a bundle, print what it prints, and return the exit code."""
    document = Bundle.from_folder(bundle_folder).document
    job = Job(
        run_id=0,
        flow_name=str(document["name"]),
        storage={},
        artifact=Artifact("", "", 0),
        parameters=dict(map(_parameter, parameters)),
        bundle_folder=bundle_folder,
        needs_shell=bool(document["shell"]),
    )
    ends: list[str] = []
    _run(job, lambda event: _print(event, ends))
    return 0 if ends[-1:] == [StateName.SUCCESS.value] else 1


def _parameter(word: str) -> tuple[str, Any]:
    """Read ``n=5``; a value that is no JSON is a text."""
    name, equals, value = word.partition("=")
    if not equals:
        raise ParameterError(f"-p takes NAME=VALUE, not {word!r}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _run(job: Job, take: Callable[[Event], None], control: Control | None = None) -> None:
    """Run a job to its end, with this interpreter, in this folder unless the job names one; follow commands."""
    here = replace(job, python=sys.executable, folder=job.folder or str(Path.cwd()))
    with Launcher(spares=False) as launcher:
        process = launcher.start(here, take)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: process.cancel(grace_seconds=STOP_SECONDS))
        if control:
            control.listen(process.cancel)
        process.wait()


def _print(event: Event, ends: list[str]) -> None:
    """Show an event as a terminal can: text as it is, displays as their text."""
    body = event.body
    if event.kind == "stream":
        print(body["text"], end="", file=sys.stderr if body["name"] == "stderr" else sys.stdout, flush=True)
    elif event.kind == "output":
        output = body["output"]
        text = "\n".join(output.get("traceback", ())) or output.get("data", {}).get("text/plain", "")
        print("".join(text), flush=True)  # noqa: T201
    elif event.kind in ("log", "notice"):
        print(body["message"], file=sys.stderr)  # noqa: T201
    elif event.kind == "run":
        ends.append(body["state"])
        print(body["state"], body["message"], sep=": " if body["message"] else "", file=sys.stderr)  # noqa: T201
