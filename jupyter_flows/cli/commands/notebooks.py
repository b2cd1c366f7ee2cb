"""Look at a notebook's flow, or a registered one: its tasks and edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jupyter_flows.cli.command import Status, command, project_option
from jupyter_flows.cli.console import Console


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
        "trigger": task.get("trigger", "all_successful"),
        "skip_on_upstream_skip": task.get("skip_on_upstream_skip", True),
        "retry_on": task.get("retry_on", []),
        "requirements": cell.get("requirements", []),
    }
