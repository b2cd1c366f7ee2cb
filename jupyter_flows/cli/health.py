"""What `doctor` looks at: each check names its trouble and the remedy."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows import __version__
from jupyter_flows.cli.commands.running import nobody_takes
from jupyter_flows.cli.table import size
from jupyter_flows.core.state import StateName
from jupyter_flows.errors import ArtifactError, FlowsError
from jupyter_flows.widgets.words import counted

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Version

#: With less room than this on the disk, runs soon fail to report.
LITTLE_BYTES = 500_000_000
#: Variables that are read, but set no setting.
_OTHER_VARIABLES = frozenset({"JUPYTER_FLOWS_HOME"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    #: "ok", "warning" or "error".
    level: str
    message: str
    #: What to do about it.
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


def examine() -> list[Check]:
    """Look at everything; a check that can't be made is an error of its own."""
    found = [*_program(), *_settings(), *_disk()]
    with ExitStack() as stack:
        try:
            from jupyter_flows.registry import open_registry

            registry = stack.enter_context(open_registry())
            found += [*_registry(registry), *_agents(registry), *_flows(registry)]
        except FlowsError as error:
            found.append(Check("registry", "error", str(error)))
    return found


def _program() -> Iterator[Check]:
    yield Check("program", "ok", f"jupyter_flows {__version__}, Python {platform.python_version()} at {sys.executable}")


def _settings() -> Iterator[Check]:
    from jupyter_flows.settings import PREFIX, Flows, read_settings

    try:
        settings = read_settings()
    except FlowsError as error:
        yield Check("settings", "error", str(error))
        return
    given = sum(settings.source(name) != "the default" for name in Flows.names())
    yield Check("settings", "ok", f"{counted(given, 'setting')} given, the rest as by default")
    known = {PREFIX + name.upper() for name in Flows.names()} | _OTHER_VARIABLES
    for name in sorted(n for n in os.environ if n.startswith(PREFIX) and n not in known):
        yield Check("settings", "warning", f"The environment variable {name} sets nothing.", "Correct or unset it.")


def _disk() -> Iterator[Check]:
    from jupyter_flows.places import data_folder

    try:
        folder = data_folder()
        free = shutil.disk_usage(folder).free
    except (FlowsError, OSError) as error:
        yield Check("files", "error", str(error))
        return
    if free < LITTLE_BYTES:
        yield Check("files", "warning", f"Only {size(free)} are free at {folder}.", '"jupyter flows gc" makes room.')
    else:
        yield Check("files", "ok", f"{folder}, {size(free)} free")


def _registry(registry: Registry) -> Iterator[Check]:
    yield Check("registry", "ok", f"{registry.path}, {counted(len(registry.flows.list()), 'flow')}")
    if registry.advice:
        yield Check("registry", "warning", registry.advice)


def _agents(registry: Registry) -> Iterator[Check]:
    alive = registry.agents.list()
    names = ", ".join(a.name for a in alive)
    yield Check("agents", "ok", f"{counted(len(alive), 'agent')} at work{': ' if names else ''}{names}")
    waiting = registry.runs.list(state=StateName.SCHEDULED, limit=None)
    for labels in sorted({run.labels for run in waiting}):
        if not registry.agents.would_take(labels):
            number = sum(run.labels == labels for run in waiting)
            problem, _, remedy = nobody_takes(labels).partition(": ")
            yield Check("agents", "warning", f"{counted(number, 'run')} waiting. {problem}.", remedy.capitalize())


def _flows(registry: Registry) -> Iterator[Check]:
    for version in registry.flows.list():
        yield from _flow(version)


def _flow(version: Version) -> Iterator[Check]:
    from jupyter_flows.environments.storage import storage_from_json

    name, place = f"{version.project}/{version.flow} v{version.version}", version.place
    again = f'Register it again: "jupyter flows register {place.notebook or "NOTEBOOK"} --project {version.project}".'
    if place.host == socket.gethostname():
        for what, path in (("interpreter", place.python), ("folder", place.folder)):
            if not Path(path).exists():
                yield Check(name, "error", f"The {what} it was registered with is gone: {path}", again)
    try:
        storage_from_json(version.document["storage"]).load(version.artifact)
    except ArtifactError as error:
        yield Check(name, "error", str(error), again)
    except FlowsError as error:
        yield Check(name, "warning", str(error))
