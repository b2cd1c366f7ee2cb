"""The executed notebook: a run's notebook, each output in its own cell, as if a kernel had run it there."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FAILED, FINISHED, StateName
from jupyter_flows.places import notebooks_folder, private_folder, write_private

JsonObject = dict[str, Any]
Kept = Literal["all", "errors", "none"]


def executed_notebook(
    notebook: str, document: Mapping[str, Any], events: Iterable[Event], run: Mapping[str, Any], *, keep: Kept = "all"
) -> str:
    """Return the notebook, as JSON text, with what a run did in it.

    `notebook` and `document` are the bundle's, `run` is `registry.Run.to_json()`. Sources are untouched; given
    parameters stand in a cell of their own below the parameters cell, as papermill has it. Cells that the run
    left out have no outputs. `keep` says which outputs are written: "all", "errors" or "none".
    """
    content: JsonObject = json.loads(notebook)
    replay = Replay(document, content)
    for event in events:
        replay.take(event)
    replay.finish(run, keep=keep)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def executed_path(project: str, flow: str, run_id: int) -> Path:
    """Return where a run's executed notebook is kept, whether or not it is there."""
    return notebooks_folder() / _plain(project) / _plain(flow) / f"{run_id}.ipynb"


def keep_executed(project: str, flow: str, run_id: int, text: str, *, keep_notebooks: int) -> Path:
    """Write an executed notebook for its user alone and return its path; the flow's oldest beyond the number go."""
    path = executed_path(project, flow, run_id)
    private_folder(path.parent.parent)
    private_folder(path.parent)
    write_private(path, text.encode())
    numbered = sorted((int(p.stem), p) for p in path.parent.glob("*.ipynb") if p.stem.isdigit())
    for _, old in numbered[: max(0, len(numbered) - keep_notebooks)]:
        old.unlink(missing_ok=True)
    return path


def _plain(name: str) -> str:
    """Make a name one part of a path: nothing climbs out of the folder, names stay readable and different."""
    part = quote(name, safe=" @+,=()[]")
    return part.replace(".", "%2E") if part.strip(".") == "" or part.startswith(".") else part


class Replay:
    """Put a run's events into the cells of its notebook, one after another."""

    def __init__(self, document: Mapping[str, Any], content: JsonObject):
        self._content = content
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            cell["outputs"], cell["execution_count"] = [], None
        places = {t["slug"]: t["cell"] for t in document["tasks"] if t.get("cell")}
        #: The cell of each task.
        self._cells: dict[str, JsonObject] = {
            slug: code[place["ordinal"] - 1] for slug, place in places.items() if 0 < place["ordinal"] <= len(code)
        }
        self._parameters = next((s for s, place in places.items() if place["parameters"]), None)
        self._displays: dict[str, list[JsonObject]] = {}
        #: Tasks whose outputs go when the next one comes (``clear_output(wait=True)``).
        self._clearing: set[str] = set()
        self._notices: list[str] = []

    def take(self, event: Event) -> None:
        """Take in one event; those of no cell leave no trace but notices."""
        body = event.body
        slug = body.get("task")
        if event.kind == "notice":
            self._notices.append(str(body["message"]))
        elif event.kind == "tasks":
            for row in body["rows"]:
                self._state(*row)
        elif slug in self._cells:
            if event.kind == "source":
                self._cells[slug]["execution_count"] = body["execution_count"]
            elif event.kind == "stream":
                self._stream(slug, str(body["name"]), str(body["text"]))
            elif event.kind == "output":
                self._output(slug, dict(body["output"]))

    def finish(self, run: Mapping[str, Any], *, keep: Kept) -> None:
        """Complete the notebook: parameters, the run itself, and only the outputs that are kept."""
        for slug, cell in self._cells.items():
            self._explain(slug, cell)
            cell["outputs"] = [_clean(output) for output in cell["outputs"] if _kept(output, keep)]
        if run["parameters"]:
            self._inject(run["parameters"], name=f"run {run['run_id']}")
        metadata = self._content.setdefault("metadata", {}).setdefault("jupyter_flows", {})
        metadata["run"] = {**run, **({"notices": self._notices} if self._notices else {})}

    # -- one kind of event each ----------------------------------------------------------------

    def _state(self, task: str, map_index: int | None, state: str, at: float, message: str) -> None:
        if task not in self._cells or map_index is not None:
            return
        metadata = self._cells[task].setdefault("metadata", {})
        ours = metadata.setdefault("jupyter_flows", {})
        ours |= {"task": task, "state": state}
        if message:
            ours["message"] = message
        time = datetime.fromtimestamp(at, UTC).isoformat()
        if state == StateName.RUNNING:
            ours["started_at"] = time
            # What JupyterLab shows as a cell's execution time.
            metadata["execution"] = {"iopub.execute_input": time}
        elif state in FINISHED and "started_at" in ours:
            ours["finished_at"] = time
            metadata["execution"]["shell.execute_reply"] = time

    def _stream(self, slug: str, name: str, text: str) -> None:
        outputs = self._outputs(slug)
        last = outputs[-1] if outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            outputs.append({"output_type": "stream", "name": name, "text": text})

    def _output(self, slug: str, output: JsonObject) -> None:
        kind = output.get("output_type")
        display_id = output.get("transient", {}).get("display_id")
        if kind == "clear_output":
            self._clearing.add(slug)
            if not output.get("wait"):
                self._outputs(slug)
        elif kind == "update_display_data":
            for shown in self._displays.get(display_id, ()):
                shown["data"], shown["metadata"] = output.get("data", {}), output.get("metadata", {})
        else:
            if display_id is not None:
                self._displays.setdefault(display_id, []).append(output)
            self._outputs(slug).append(output)

    def _outputs(self, slug: str) -> list[JsonObject]:
        """Return a task's outputs to add to, cleared where that was asked for before."""
        outputs: list[JsonObject] = self._cells[slug]["outputs"]
        if slug in self._clearing:
            self._clearing.discard(slug)
            outputs.clear()
        return outputs

    # -- at the end ----------------------------------------------------------------------------

    def _explain(self, slug: str, cell: JsonObject) -> None:
        """Show why a task failed where no traceback does: its process was killed, or ran out of time."""
        ours = cell.get("metadata", {}).get("jupyter_flows", {})
        failed = ours.get("state") in FAILED and "started_at" in ours
        if failed and not any(output.get("output_type") == "error" for output in cell["outputs"]):
            message = ours.get("message") or f"task {slug!r} ended as {ours['state']}"
            error = {"output_type": "error", "ename": ours["state"], "evalue": message, "traceback": [message]}
            cell["outputs"].append(error)

    def _inject(self, parameters: Mapping[str, Any], *, name: str) -> None:
        lines = ["# Parameters", *(f"{name} = {literal(value)}" for name, value in parameters.items())]
        source = "\n".join(lines)
        cell: JsonObject = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": ["injected-parameters"]},
            "outputs": [],
            "source": source,
        }
        content = self._content
        if (content["nbformat"], content["nbformat_minor"]) >= (4, 5):
            cell["id"] = uuid.uuid5(uuid.NAMESPACE_OID, name).hex[:8]
        content["cells"].insert(self._below_parameters(), cell)

    def _below_parameters(self) -> int:
        if self._parameters is None:
            return 0
        below = self._cells[self._parameters]
        return next(n for n, cell in enumerate(self._content["cells"], 1) if cell is below)


def literal(value: Any) -> str:
    """Write a JSON value as Python, infinite and undefined numbers included."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {literal(item)}" for name, item in value.items()) + "}"
    return repr(value)


def _kept(output: Mapping[str, Any], keep: Kept) -> bool:
    return keep == "all" or (keep == "errors" and output["output_type"] == "error")


def _clean(output: JsonObject) -> JsonObject:
    """Leave out what a notebook file has no place for."""
    output.pop("transient", None)
    if output["output_type"] in ("display_data", "execute_result"):
        output.setdefault("metadata", {})
    return output
