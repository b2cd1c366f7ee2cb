"""Registered flows: list them, list their projects, delete one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from jupyter_flows.cli.command import Status, command, project_option
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.times import moment
from jupyter_flows.errors import FlowsError
from jupyter_flows.widgets.words import counted

if TYPE_CHECKING:
    from jupyter_flows.registry import Version

EMPTY = 'No flows yet. Register one with "jupyter flows register NOTEBOOK.ipynb --project P".'


@command("list", short_help="List registered flows.")
@project_option
def list_(console: Console, *, project: str | None) -> Status:
    """List registered flows, each with its latest version."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        found = sorted(registry.flows.list(project=project), key=lambda v: (v.project, v.flow))
    empty = f"Project {project!r} has no flows." if project else EMPTY
    console.result([flow_json(v) for v in found], lambda: _flows_table(found, console) if found else empty)
    return None


def flow_json(version: Version) -> dict[str, Any]:
    """Return what `list --json` says of a flow."""
    document = version.document
    return {
        "project": version.project,
        "flow": version.flow,
        "version": version.version,
        "digest": version.digest,
        "labels": list(version.labels),
        "tasks": len(task_names(document)),
        "parameters": document["parameters"],
        "storage": (document["storage"] or {}).get("class"),
        "environment": (document["environment"] or {}).get("class"),
        "place": version.place.to_json(),
        "created_at": version.created_at,
    }


def task_names(document: dict[str, Any]) -> list[str]:
    """Return the names of the tasks that people see: no definitions, no parameters."""
    hidden = ("definition", "parameters")
    return [
        t["slug"]
        for t in document["tasks"]
        if t["kind"] != "parameter" and not any((t.get("cell") or {}).get(key) for key in hidden)
    ]


def _flows_table(found: list[Version], console: Console) -> str:
    rows = [
        [
            f"{v.project}/{v.flow}",
            f"v{v.version}",
            counted(len(task_names(v.document)), "task"),
            ", ".join(p["name"] for p in v.document["parameters"]),
            ", ".join(v.labels),
            moment(v.created_at),
            v.place.notebook or "",
        ]
        for v in found
    ]
    head = ["flow", "version", "tasks", "parameters", "labels", "registered", "notebook"]
    return console.table(rows, head)


@command("projects", short_help="List projects.")
def projects(console: Console) -> Status:
    """List the projects that hold flows."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        number = Counter(v.project for v in registry.flows.list())
        names = sorted({*registry.flows.projects(), *number})
    document = [{"project": name, "flows": number[name]} for name in names]
    rows = [[name, counted(number[name], "flow")] for name in names]
    console.result(document, lambda: console.table(rows, ["project", "flows"]) if rows else EMPTY)
    return None


@command("delete", short_help="Delete a flow and its runs.")
@click.argument("flow", metavar="FLOW")
@project_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def delete(console: Console, *, flow: str, project: str | None, yes: bool) -> Status:
    """Delete FLOW with all its versions and runs; on a terminal, ask first."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        version = registry.flows.find(flow, project=project)
        versions = len(registry.flows.versions(version.project, version.flow))
        runs = len(registry.runs.list(project=version.project, flow=version.flow, limit=None))
        name = f"{version.project}/{version.flow}"
        what = f"{name}: {counted(versions, 'version')}, {counted(runs, 'run')}"
        asks = not yes and not console.as_json and console.out.isatty()
        if asks and not click.confirm(f"Delete {what}?", err=True):
            raise FlowsError("Nothing was deleted.")
        registry.flows.delete(version.project, version.flow)
    document = {"project": version.project, "flow": version.flow, "versions": versions, "runs": runs}
    console.result(document, f'Deleted {what}. Its files go with "jupyter flows gc".')
    return None
