"""Put what a run reported into the cells of its notebook."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FAILED
from jupyter_flows.executed.marks import mark_left_out, mark_notebook, mark_state, mark_waiting, state_of

JsonObject = dict[str, Any]
Kept = Literal["all", "errors", "none"]
#: Papermill's tag of the cell that holds the parameters given.
INJECTED = "injected-parameters"


def executed_notebook(
    notebook: str, document: Mapping[str, Any], events: Iterable[Event], run: Mapping[str, Any], *, keep: Kept = "all"
) -> str:
    """Return the notebook, as JSON text, with what a run did in it.

    `notebook` and `document` are the bundle's, `run` is `registry.Run.to_json()`. Sources are untouched; given
    parameters stand in a cell of their own below the parameters cell, as papermill has it, in the place of the cell
    that an earlier run put there. Cells that the run left out have no outputs. `keep` says which outputs are
    written: "all", "errors" or "none".
    """
    content: JsonObject = json.loads(notebook)
    replay = Replay(document, content)
    for event in events:
        replay.take(event)
    replay.finish(run, keep=keep)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


class Replay:
    """Put a run's events into the cells of its notebook, one after another."""

    def __init__(self, document: Mapping[str, Any], content: JsonObject):
        self._content, self._document = content, document
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            cell["outputs"], cell["execution_count"] = [], None
        places = {t["slug"]: t["cell"] for t in document["tasks"] if t.get("cell")}
        #: The cell of each task.
        self._cells: dict[str, JsonObject] = {
            slug: code[place["ordinal"] - 1] for slug, place in places.items() if 0 < place["ordinal"] <= len(code)
        }
        for cell in code:
            mark_left_out(cell.setdefault("metadata", {}))
        for slug, cell in self._cells.items():
            mark_waiting(cell["metadata"], slug)
        declaring = [slug for slug, place in places.items() if place["parameters"] and slug in self._cells]
        injected = [slug for slug in declaring if INJECTED in places[slug].get("tags", ())]
        #: The tasks of the cell that declares parameters, and of the one that an earlier run or papermill put below it.
        self._parameters = next((slug for slug in declaring if slug not in injected), None)
        self._injected = next(iter(injected), None)
        self._names = {slug: places[slug].get("writes", ()) for slug in injected}
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
        parameters = self._document.get("parameters", ())
        mark_notebook(self._content.setdefault("metadata", {}), run, parameters=parameters, notices=self._notices)

    # -- one kind of event each ----------------------------------------------------------------

    def _state(self, task: str, map_index: int | None, state: str, at: float, message: str) -> None:
        if task in self._cells and map_index is None:
            mark_state(self._cells[task]["metadata"], state, at, message)

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
        ours = state_of(cell)
        failed = ours.get("state") in FAILED and "started_at" in ours
        if failed and not any(output.get("output_type") == "error" for output in cell["outputs"]):
            message = ours.get("message") or f"task {slug!r} ended as {ours['state']}"
            error = {"output_type": "error", "ename": ours["state"], "evalue": message, "traceback": [message]}
            cell["outputs"].append(error)

    def _inject(self, parameters: Mapping[str, Any], *, name: str) -> None:
        if self._injected is not None:
            self._cells[self._injected]["source"] = _assignments(self._earlier(self._injected) | dict(parameters))
            return
        cell: JsonObject = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": [INJECTED]},
            "outputs": [],
            "source": _assignments(parameters),
        }
        content = self._content
        if (content["nbformat"], content["nbformat_minor"]) >= (4, 5):
            cell["id"] = uuid.uuid5(uuid.NAMESPACE_OID, name).hex[:8]
        content["cells"].insert(self._below_parameters(), cell)

    def _earlier(self, slug: str) -> dict[str, Any]:
        """Return the values that an injected cell gave, which count where the run was given no others."""
        names = self._names[slug]
        return {p["name"]: p["default"] for p in self._document.get("parameters", ()) if p["name"] in names}

    def _below_parameters(self) -> int:
        if self._parameters is None:
            return 0
        below = self._cells[self._parameters]
        return next(n for n, cell in enumerate(self._content["cells"], 1) if cell is below)


def _assignments(values: Mapping[str, Any]) -> str:
    return "\n".join(["# Parameters", *(f"{name} = {literal(value)}" for name, value in values.items())])


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
