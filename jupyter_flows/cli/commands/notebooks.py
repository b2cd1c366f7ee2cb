"""Look at a notebook's flow, or a registered one: its graph, its findings, what changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import Status, command, project_option
from jupyter_flows.cli.console import Console
from jupyter_flows.widgets.words import counted

if TYPE_CHECKING:
    from jupyter_flows.capture.checks import Finding

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


@command("show", short_help="Show a flow's tasks and edges.")
@click.argument("what", metavar="PATH|FLOW")
@project_option
@click.option("--version", metavar="V", type=click.IntRange(1), help="This version of a registered flow.")
@click.option("--why", is_flag=True, help="Say what each edge is there for.")
@click.option("--definitions", is_flag=True, help="Also the cells that only import and define.")
def show(
    console: Console, *, what: str, project: str | None, version: int | None, why: bool, definitions: bool
) -> Status:
    """Show the tasks and edges of the notebook at PATH, or of a registered FLOW. No cell is run."""
    from jupyter_flows.widgets.graph import FlowGraph

    document, about = _document(what, project, version)
    text = FlowGraph.from_document(document, why=why, definitions=definitions).text
    console.result({**about, **_graph_json(document)}, text)
    return None


def _document(what: str, project: str | None, version: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the flow.json of a notebook or of a registered flow, and which one it is."""
    from jupyter_flows.cli.captured import Wishes, is_path, read
    from jupyter_flows.core.document import to_document
    from jupyter_flows.registry import open_registry

    if is_path(what):
        reading = read(Path(what), Wishes(project=project))
        return to_document(reading.flow, labels=reading.labels), {
            "project": reading.project,
            "flow": reading.flow.name,
            "version": None,
            "joined": reading.captured.joined,
            "left_out": reading.captured.left_out,
        }
    with open_registry() as registry:
        found = registry.flows.find(what, project=project, version=version)
    return found.document, {"project": found.project, "flow": found.flow, "version": found.version}


def _graph_json(document: dict[str, Any]) -> dict[str, Any]:
    names = [task["slug"] for task in document["tasks"]]
    return {
        "digest": document["digest"],
        "parameters": document["parameters"],
        "requirements": document["requirements"],
        "tasks": [_task_json(task) for task in document["tasks"]],
        "edges": [
            {"upstream": names[u], "downstream": names[d], "names": carried or ([key] if key else []), "why": why}
            for u, d, key, carried, why in document["edges"]
        ],
    }


def _task_json(task: dict[str, Any]) -> dict[str, Any]:
    cell = task.get("cell") or {}
    return {
        "name": task["slug"],
        "cell": cell.get("ordinal"),
        "reads": cell.get("reads", []),
        "writes": cell.get("writes", []),
        "definition": cell.get("definition", False),
        "parameters": cell.get("parameters", task["kind"] == "parameter"),
        "max_retries": task["max_retries"],
        "retry_delay_seconds": task["retry_delay_seconds"],
        "timeout_seconds": task["timeout_seconds"],
        "requirements": cell.get("requirements", []),
    }


@command("check", short_help="Check a notebook.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
def check(console: Console, *, path: Path) -> Status:
    """Report what would keep the notebook at PATH from being registered, or make it surprise. No cell is run."""
    from jupyter_flows.cli.checked import findings_of

    found = findings_of(path)
    errors = sum(f.level == "error" for f in found)
    console.result([f.to_json() for f in found], lambda: _findings_text(found, console))
    return 1 if errors else None


def _findings_text(found: tuple[Finding, ...], console: Console) -> str:
    if not found:
        return "Nothing to report."
    lines = [f"{console.ink(_COLOURS[f.level], f.level)}: {f}" for f in found]
    counts = {level: sum(f.level == level for f in found) for level in _COLOURS}
    return "\n".join([*lines, ", ".join(counted(n, level) for level, n in counts.items() if n) + "."])
