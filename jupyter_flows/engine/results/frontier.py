"""What a failed run of functions leaves for the next: who had ended well, and results that tasks still waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cloudpickle

from jupyter_flows.core.state import SUCCESSFUL, State, StateName
from jupyter_flows.engine.results.journal import Journal
from jupyter_flows.engine.task_runner import TaskRunner

_SHORT_ROW = 3


def save(runner: TaskRunner, document: Mapping[str, Any], parameters: Mapping[str, Any], journal: Journal) -> None:
    """Write down what a run has left; a result that can't be pickled is left out, and its task runs again."""
    slugs = runner.plan.slugs
    done = [slugs[n] for n in _done(runner)]
    values = {}
    for number, value in runner.held().items():
        try:
            values[slugs[number]] = journal.store(cloudpickle.dumps(value))
        except Exception:  # noqa: BLE001, S112 - whatever an object's own pickling raises
            continue
    # Last: what a run finds here is whole.
    journal.begin(
        {"kind": "functions", "parameters": dict(parameters), "tasks": _tasks(document), "done": done, "values": values}
    )


def settled(
    document: Mapping[str, Any], parameters: Mapping[str, Any], earlier: Journal, again: frozenset[str]
) -> dict[str, State]:
    """Return the tasks that need not run again, with their results as far as others take these."""
    about = earlier.about()
    now, old = _tasks(document), about["tasks"]
    kept = {
        slug
        for slug, task in now.items()
        if old.get(slug) == task and slug in about["done"] and slug not in again and about["parameters"] == parameters
    }
    values = about.get("values", {})
    while True:
        fewer = {s for s in kept if all(u in kept or now[u]["kind"] == "parameter" for u, _ in now[s]["upstream"])}
        taken = {u for slug, task in now.items() if slug not in fewer for u, key in task["upstream"] if key is not None}
        fewer -= {s for s in fewer & taken if s not in values and now[s]["kind"] != "parameter"}
        if fewer == kept:
            break
        kept = fewer
    told = "its result is that of an earlier run"
    return {
        s: State(StateName.CACHED, told, cloudpickle.loads(earlier.load(values[s])) if s in taken else None)
        for s in kept
        if now[s]["kind"] != "parameter"
    }


def _done(runner: TaskRunner) -> list[int]:
    """Return the tasks that ended well; not the mapped ones: they run again, with what they are mapped over."""
    last = {row[0]: StateName.SUCCESS if len(row) == _SHORT_ROW else row[1] for row in runner.rows}
    well = (number for number, state in last.items() if state in SUCCESSFUL and state is not StateName.SKIPPED)
    return [n for n in well if not runner.is_child(n) and not runner.is_mapped(n)]


def _tasks(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return by slug what a task means and what it takes from which."""
    tasks = document["tasks"]
    found: dict[str, Any] = {
        t["slug"]: {"kind": t["kind"], "meaning": t["meaning"], "constants": t.get("constants", {}), "upstream": []}
        for t in tasks
    }
    for upstream, downstream, key, *_ in document["edges"]:
        found[tasks[downstream]["slug"]]["upstream"].append([tasks[upstream]["slug"], key])
    return found
