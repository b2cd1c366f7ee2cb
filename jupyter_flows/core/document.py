"""``flow.json``: what a flow is, in JSON, readable by everything that must not unpickle."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_flows.core.artifact import sha256
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.flow import Flow, Origin
from jupyter_flows.core.labels import normalize
from jupyter_flows.core.parameter import Parameter, ParameterSpec
from jupyter_flows.core.rules import Rules, delays_of
from jupyter_flows.core.rules_json import cell_rules, rules_json
from jupyter_flows.core.secrets import tagged_secrets
from jupyter_flows.core.task import CellTask, Task, TaskOptions
from jupyter_flows.errors import ArtifactError

Document = dict[str, Any]

FORMAT = 1


def to_document(flow: Flow, *, labels: Iterable[str] = ()) -> Document:
    """Describe a flow, its environment and storage included; `labels` join the environment's."""
    tasks = flow.tasks if flow.of_cells else flow.sorted_tasks()
    number = {t: n for n, t in enumerate(tasks)}
    origin = flow.origin or Origin("")
    known: dict[int, Any] = {}
    document: Document = {
        "format": FORMAT,
        "name": flow.name,
        "kind": "cells" if flow.of_cells else "functions",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "tasks": [_task_json(flow, t, known) for t in tasks],
        "edges": [[number[e.upstream], number[e.downstream], e.key, sorted(e.names), e.why] for e in flow.edges],
        "reference": sorted(number[t] for t in flow.reference_tasks()),
        "parameters": [p.to_json() for p in flow.parameters()],
        "requirements": list(origin.requirements),
        "modules": {path: sha256(source) for path, source in sorted(origin.modules.items())},
        "environment": flow.environment.to_json() if flow.environment else None,
        "storage": flow.storage.to_json() if flow.storage else None,
        "labels": list(normalize([*(flow.environment.labels if flow.environment else ()), *normalize(labels)])),
        "shell": any(t.needs_shell for t in flow.cell_tasks),
        #: Names only: a run reads the values before it starts.
        "secrets": sorted({name for t in flow.cell_tasks for name in tagged_secrets(t.cell.tags)}),
    }
    document["digest"] = flow_digest(document, callbacks=callbacks_meaning(flow))
    return document


def _mapped_json(flow: Flow, task: Task) -> dict[str, Any]:
    """Name what a task is mapped over: arguments, and upstream tasks that are none."""
    if isinstance(task, CellTask) or not flow.is_mapped(task):
        return {}
    over = {e.key or f"upstream_tasks: {flow.slug(e.upstream)}" for e in flow.edges_to(task) if e.mapped}
    return {"mapped": sorted(over | flow.mapped_constants(task))}


def callbacks_meaning(flow: Flow) -> dict[str, str]:
    """Return the meaning of each callback that the flow or its environment carries."""
    from jupyter_flows.core.meaning import function_meaning  # A run reads flow.json, and starts sooner without.

    callbacks = (flow.environment.callbacks() if flow.environment else {}) | flow.handlers
    return {name: function_meaning(fn).text for name, fn in sorted(callbacks.items())}


def _task_json(flow: Flow, task: Task, known: dict[int, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "slug": flow.slug(task),
        "kind": "cell" if isinstance(task, CellTask) else "parameter" if isinstance(task, Parameter) else "function",
        "max_retries": task.max_retries,
        "retry_delay_seconds": task.retry_delay_seconds,
        "timeout_seconds": task.timeout_seconds,
        "tags": sorted(task.tags),
        **rules_json(task.rules),
        **_mapped_json(flow, task),
    }
    if isinstance(task, CellTask):
        return data | {"meaning": task.meaning, "cell": _cell_json(task)}
    from jupyter_flows.core.meaning import task_meaning, value_meaning

    constants = {k: value_meaning(v).text for k, v in sorted(flow.constants(task).items())}
    return data | {"meaning": task_meaning(task, known).text, "constants": constants}


def _cell_json(task: CellTask) -> dict[str, Any]:
    return {
        "ordinal": task.cell.ordinal,
        "named": task.options.name is not None,
        "id": task.cell.id,
        "file": cell_file(task),
        "tags": sorted(task.cell.tags),
        "reads": sorted(task.reads),
        "writes": sorted(task.writes),
        "definition": task.definition,
        "parameters": task.parameters,
        "needs_shell": task.needs_shell,
        "portable": task.portable,
        "requirements": list(task.requirements),
        "touches": sorted(task.touches),
        "changes": task.changes,
        "hidden": sorted(task.hidden),
        "may_fail": task.may_fail,
        "after": list(task.options.after),
        "requires": list(task.options.requires),
        **({"map": task.options.map, "gathers": list(task.gathers)} if task.options.map else {}),
    }


def cell_file(task: CellTask) -> str:
    """Return where a cell's code lies in a bundle."""
    word = re.sub(r"[^0-9A-Za-z_-]+", "_", task.name)[:40]
    return f"cells/{task.cell.ordinal:04d}_{word}.py"


#: What of a task is its meaning; ordinals, ids and file names move when other cells come and go.
_TASK_MEANING = (
    "slug",
    "kind",
    "max_retries",
    "retry_delay_seconds",
    "timeout_seconds",
    "tags",
    "meaning",
    "constants",
)
#: Meaning where it is there: `rules_json` names only what is not usual, and few tasks are mapped.
_RULES_MEANING = (*Rules.__dataclass_fields__, "mapped")
_CELL_MEANING = ("definition", "parameters", "after", "requires")
_FLOW_MEANING = (
    "name",
    "kind",
    "python",
    "reference",
    "parameters",
    "requirements",
    "modules",
    "environment",
    "labels",
)


def flow_digest(document: Mapping[str, Any], *, callbacks: Mapping[str, str] | None = None) -> str:
    """Return ``v1:`` and 64 hex digits that change exactly when what the flow means changes."""
    meaning = {key: document[key] for key in _FLOW_MEANING}
    meaning["callbacks"] = dict(callbacks or {})
    meaning["storage"] = (document.get("storage") or {}).get("meaning")
    meaning["edges"] = sorted([u, d, k or "", names] for u, d, k, names, _ in document["edges"])
    meaning["tasks"] = [
        {k: t.get(k) for k in _TASK_MEANING if _means(t, k)}
        | {k: t[k] for k in _RULES_MEANING if k in t}
        | _cell_meaning(t.get("cell"))
        for t in document["tasks"]
    ]
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "v1:" + hashlib.sha256(text.encode()).hexdigest()


def _cell_meaning(cell: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what of a cell is meaning; what not every version knew is named only where it is given."""
    if cell is None:
        return {}
    given = {"may_fail": cell.get("may_fail"), "map": cell.get("map")}
    return {k: cell[k] for k in _CELL_MEANING} | {k: value for k, value in given.items() if value}


def _means(task: Mapping[str, Any], key: str) -> bool:
    """Tell whether a key is meaning; the slug of a cell that nobody named counts cells, so it is none."""
    return key != "slug" or "cell" not in task or bool(task["cell"].get("named", True))


def cells_flow(document: Mapping[str, Any], read: Mapping[str, bytes]) -> Flow:
    """Build the flow of cells that a document describes; `read` maps bundle paths to bytes."""
    flow = Flow(
        document["name"],
        origin=Origin(
            notebook=read.get("notebook.ipynb", b"").decode(),
            modules={path: read[f"modules/{path}"] for path in document["modules"]},
            requirements=tuple(document["requirements"]),
            parameters=tuple(map(ParameterSpec.from_json, document["parameters"])),
        ),
    )
    tasks = [flow.add_task(_cell_task(data, read)) for data in document["tasks"]]
    for u, d, key, names, why in document["edges"]:
        flow.add_edge(tasks[u], tasks[d], key, names=names, why=why)
    return flow


def _cell_task(data: Mapping[str, Any], read: Mapping[str, bytes]) -> CellTask:
    cell = data["cell"]
    if cell["file"] not in read:
        raise ArtifactError(f"The bundle lacks {cell['file']!r}, the code of task {data['slug']!r}: register again.")
    code = read[cell["file"]].decode()
    options = TaskOptions(
        name=data["slug"] if cell.get("named", True) else None,
        retries=data["max_retries"],
        retry_delay_seconds=delays_of(data["retry_delay_seconds"]),
        timeout_seconds=data["timeout_seconds"],
        after=tuple(cell["after"]),
        requires=tuple(cell["requires"]),
        rules=cell_rules(data),
        map=cell.get("map"),
    )
    return CellTask(
        data["slug"],
        Cell(code, cell["ordinal"], cell["id"], frozenset(cell["tags"])),
        code=code,
        meaning=data["meaning"],
        options=options,
        reads=cell["reads"],
        writes=cell["writes"],
        definition=cell["definition"],
        parameters=cell["parameters"],
        needs_shell=cell["needs_shell"],
        portable=cell.get("portable", False),
        requirements=cell.get("requirements", ()),
        gathers=cell.get("gathers", ()),
        touches=cell.get("touches", ()),
        changes=cell.get("changes", True),
        hidden=cell.get("hidden", ()),
    )
