"""The executed notebook is the notebook with what a run did in it, as valid as if a kernel had run it."""

from __future__ import annotations

import hashlib
import json
import math

import nbformat
import pytest

from jupyter_flows.capture.notebook_file import read_notebook
from jupyter_flows.core.events import Event
from jupyter_flows.executed.replay import executed_notebook, literal

START = "2027-01-15T08:00:00+00:00"
RUN = {"run_id": 7, "state": "Success", "message": "", "parameters": {}}


def code(source: str, **metadata: object) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": hashlib.sha256(source.encode()).hexdigest()[:8],
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, object], minor: int = 5) -> str:
    words = {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "# Words"}
    content = {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": [words, *cells]}
    if minor < 5:
        for cell in content["cells"]:
            del cell["id"]
    return json.dumps(content)


NOTEBOOK = notebook(code("%flow x"), code("n = 1"), code("n + 1"), code("print(n)"))


def task(slug: str, ordinal: int, *, parameters: bool = False) -> dict[str, object]:
    return {"slug": slug, "cell": {"ordinal": ordinal, "definition": False, "parameters": parameters}}


DOCUMENT = {"tasks": [task("setup", 2, parameters=True), task("a", 3), task("b", 4)]}


def executed(
    *events: tuple[str, dict[str, object]], run: dict[str, object] = RUN, text: str = NOTEBOOK, **options: object
):
    """Run events through the notebook; return it, checked by nbformat."""
    numbered = [Event(n, 1_800_000_000.0 + n, kind, body) for n, (kind, body) in enumerate(events, 1)]
    result = nbformat.reads(executed_notebook(text, DOCUMENT, numbered, run, **options), as_version=4)
    nbformat.validate(result)
    return result


def stream(slug: str | None, text: str, name: str = "stdout"):
    return "stream", {"task": slug, "name": name, "text": text}


def output(slug: str, kind: str, **body: object):
    return "output", {"task": slug, "output": {"output_type": kind, **body}}


def state(slug: str, name: str, at: float = 1_800_000_000.0, message: str = ""):
    return "tasks", {"rows": [[slug, None, name, at, message]]}


def shown(text: str, display_id: str | None = None, kind: str = "display_data"):
    transient = {"transient": {"display_id": display_id}} if display_id else {}
    return {"output_type": kind, "data": {"text/plain": text}, "metadata": {}, **transient}


def test_outputs_stand_in_their_own_cells():
    """Each output is in the cell that made it, sources are untouched, cells left out have none."""
    result = executed(
        ("source", {"task": "a", "execution_count": 3}),
        output("a", "execute_result", data={"text/plain": "2"}, metadata={}, execution_count=3),
        ("source", {"task": "b", "execution_count": 4}),
        stream("b", "1\n"),
        stream(None, "on_start said this\n"),
    )
    assert [cell.source for cell in result.cells] == ["# Words", "%flow x", "n = 1", "n + 1", "print(n)"]
    assert [cell.get("execution_count") for cell in result.cells] == [None, None, None, 3, 4]
    assert result.cells[1].outputs == []
    assert result.cells[3].outputs[0].data == {"text/plain": "2"}
    assert [(o.name, o.text) for o in result.cells[4].outputs] == [("stdout", "1\n")]


def test_streams_are_joined_as_a_notebook_shows_them():
    """Text of one stream in a row is one output; another stream or a display between parts it."""
    result = executed(
        stream("b", "one\n"), stream("b", "two\n"), stream("b", "oh\n", "stderr"), stream("b", "three\n"),
        output("b", "display_data", data={"text/plain": "x"}, metadata={}), stream("b", "four\n"),
    )  # fmt: skip
    found = [o.get("text") for o in result.cells[4].outputs]
    assert found == ["one\ntwo\n", "oh\n", "three\n", None, "four\n"]


def test_displays_are_updated_in_place():
    """A later update changes every display of its id, in whichever cell, and leaves no output of its own."""
    result = executed(
        ("output", {"task": "a", "output": shown("old", "d")}),
        ("output", {"task": "b", "output": shown("also old", "d")}),
        ("output", {"task": "b", "output": shown("new", "d", "update_display_data")}),
        ("output", {"task": "b", "output": shown("nobody's", "unknown", "update_display_data")}),
    )
    assert [o.data["text/plain"] for cell in result.cells[3:] for o in cell.outputs] == ["new", "new"]


def test_cleared_output_is_gone():
    """Outputs are cleared at once, or with the next one where that was asked for."""
    clear = output("b", "clear_output", wait=False)
    wait = output("b", "clear_output", wait=True)
    assert executed(stream("b", "x"), clear).cells[4].outputs == []
    assert executed(stream("b", "x"), wait).cells[4].outputs[0].text == "x"
    assert [o.text for o in executed(stream("b", "x"), wait, stream("b", "y")).cells[4].outputs] == ["y"]


def test_states_and_times_are_metadata():
    """A cell says what task it was, how that ended and when it ran: for us, for JupyterLab and as papermill does."""
    result = executed(state("a", "Running", 1_800_000_000.0), state("a", "Success", 1_800_000_002.5))
    begun, ended = "2027-01-15T08:00:00+00:00", "2027-01-15T08:00:02.500000+00:00"
    assert result.cells[3].metadata == {
        "jupyter_flows": {"run": {"task": "a", "state": "Success", "started_at": begun, "finished_at": ended}},
        "execution": {
            "iopub.status.busy": begun,
            "iopub.execute_input": begun,
            "shell.execute_reply.started": begun,
            "shell.execute_reply": ended,
            "iopub.status.idle": ended,
        },
        "papermill": {
            "start_time": begun,
            "end_time": ended,
            "duration": 2.5,
            "exception": False,
            "status": "completed",
        },
    }
    assert result.metadata.jupyter_flows.run == RUN


def test_cells_that_did_not_run_say_so():
    """A cell waiting for one that failed, one never reached, and one that takes no part are told apart."""
    result = executed(
        state("setup", "Running"), state("setup", "Failed", message="no"), state("a", "TriggerFailed", message="waits")
    )
    assert [cell.metadata.jupyter_flows.run for cell in result.cells[1:]] == [
        {"takes_part": False},
        {"task": "setup", "state": "Failed", "started_at": START, "finished_at": START, "message": "no"},
        {"task": "a", "state": "TriggerFailed", "message": "waits"},
        {"task": "b", "state": "Pending"},
    ]
    assert [cell.metadata.papermill.status for cell in result.cells[2:]] == ["failed", "pending", "pending"]
    assert "execution" not in result.cells[3].metadata


def test_what_the_notebook_had_stays():
    """Sources are the same to the last blank, and cells keep the metadata and tags that they had."""
    sources = ["%flow x", "n = 1  \n\n\t# \u00e9", "n + 1;", "print(n)\n"]
    cells = [code(source, tags=["mine"], slideshow={"slide_type": "skip"}) for source in sources]
    result = executed(state("a", "Running"), state("a", "Success"), text=notebook(*cells))
    assert [cell.source for cell in result.cells[1:]] == sources
    for cell in result.cells[1:]:
        assert cell.metadata.tags == ["mine"]
        assert cell.metadata.slideshow == {"slide_type": "skip"}


def test_the_notebook_says_what_papermill_says():
    """Who reads papermill's metadata finds parameters, times and the failure where papermill puts them."""
    specs = [{"name": "n", "default": 1}, {"name": "m", "default": None, "computed": True}]
    run = {**RUN, "parameters": {"n": 2}, "state": "Failed", "started_at": START, "finished_at": START}
    text = executed_notebook(NOTEBOOK, {**DOCUMENT, "parameters": specs}, [], run)
    assert json.loads(text)["metadata"]["papermill"] == {
        "default_parameters": {"n": 1},
        "parameters": {"n": 2},
        "start_time": START,
        "end_time": START,
        "duration": 0.0,
        "exception": True,
        "environment_variables": {},
    }


def test_an_injected_cell_is_replaced():
    """The cell that an earlier run injected holds the values that count now: those given, else its own."""
    old = code("# Parameters\nn = 5\nregion = 'EU'", tags=["injected-parameters"])
    text = notebook(code("n = 1\nregion = 'US'", tags=["parameters"]), old, code("n"))
    place = {**task("old", 2, parameters=True)["cell"], "tags": ["injected-parameters"], "writes": ["n", "region"]}
    document = {
        "tasks": [task("setup", 1, parameters=True), {"slug": "old", "cell": place}, task("a", 3)],
        "parameters": [{"name": "n", "default": 5}, {"name": "region", "default": "EU"}],
    }
    given = json.loads(executed_notebook(text, document, [], {**RUN, "parameters": {"n": 7}}))
    assert [cell["source"] for cell in given["cells"]] == [
        "# Words",
        "n = 1\nregion = 'US'",
        "# Parameters\nn = 7\nregion = 'EU'",
        "n",
    ]
    assert given["cells"][2]["metadata"]["tags"] == ["injected-parameters"]
    not_given = json.loads(executed_notebook(text, document, [], RUN))
    assert not_given["cells"][2]["source"] == old["source"]


def test_read_again_it_is_the_notebook_that_ran():
    """Nothing that a run left is in what is read of an executed notebook; what its author put beside it is."""
    own = {"skip": False}
    text = notebook(code("%flow x"), code("n = 1", jupyter_flows=own), code("n + 1"), code("print(n)"))
    document = json.loads(text)
    document["metadata"] = {"jupyter_flows": {"name": "x"}}
    text = json.dumps(document)
    happened = [state("a", "Running"), stream("a", "2"), state("a", "Success")]
    result = executed(*happened, run={**RUN, "started_at": START, "finished_at": START}, text=text)
    assert read_notebook(nbformat.writes(result)).text == read_notebook(text).text


def test_notices_are_kept():
    """What a person should know first of a run is in the notebook's metadata."""
    result = executed(("notice", {"message": "pandas 3.1 instead of 3.0"}))
    assert result.metadata.jupyter_flows.run.notices == ["pandas 3.1 instead of 3.0"]


@pytest.mark.parametrize("minor", [2, 4, 5])
def test_given_parameters_stand_below_the_defaults(minor):
    """Given parameters have a cell of their own below the parameters cell, tagged as papermill tags it."""
    text = notebook(code("%flow x"), code("n = 1"), code("n + 1"), code("print(n)"), minor=minor)
    result = executed(run={**RUN, "parameters": {"n": 2, "name": "it's", "on": True, "none": None}}, text=text)
    cell = result.cells[3]
    assert cell.source == '# Parameters\nn = 2\nname = "it\'s"\non = True\nnone = None'
    assert cell.metadata.tags == ["injected-parameters"]
    assert ("id" in cell) is (minor == 5)
    assert [c.source for c in result.cells if c.source == "n + 1"] == ["n + 1"]


@pytest.mark.parametrize(
    "value", [1, 2.5, "it's\n", True, None, [1, [2.0]], {"a": {"b": []}}, float("inf"), [-float("inf")]]
)
def test_literals_are_python(value):
    """A given parameter's text, run as Python, is the parameter again."""
    assert eval(literal(value)) == value
    assert math.isnan(eval(literal(float("nan"))))


def test_a_failed_cell_shows_its_traceback():
    """The failed cell holds its own error and nothing is added to it."""
    error = output("b", "error", ename="KeyError", evalue="'gross'", traceback=["Traceback", "KeyError: 'gross'"])
    result = executed(state("b", "Running"), error, state("b", "Failed", message="KeyError 'gross'"))
    assert [o.ename for o in result.cells[4].outputs] == ["KeyError"]


def test_a_cell_that_died_says_why():
    """A cell whose process was killed, or that ran out of time, shows its message as its error; one never begun none."""
    result = executed(
        state("a", "Running"),
        state("a", "Failed", message="its process was killed by SIGKILL"),
        state("b", "TriggerFailed", message="'a' failed"),
    )
    assert [(o.ename, o.evalue) for o in result.cells[3].outputs] == [("Failed", "its process was killed by SIGKILL")]
    assert result.cells[4].outputs == []


@pytest.mark.parametrize(("keep", "expected"), [("all", ["stream", "error"]), ("errors", ["error"]), ("none", [])])
def test_which_outputs_are_kept(keep, expected):
    """Outputs can be kept in full, for errors only, or not at all; states are there always."""
    error = output("b", "error", ename="E", evalue="e", traceback=["E: e"])
    result = executed(stream("b", "secret"), error, state("b", "Failed"), keep=keep)
    assert [o.output_type for o in result.cells[4].outputs] == expected
    assert result.cells[4].metadata.jupyter_flows.run.state == "Failed"


def test_earlier_outputs_do_not_stay():
    """What an earlier execution left in the notebook is not taken for this run's."""
    old = code("n + 1")
    old["outputs"], old["execution_count"] = [{"output_type": "stream", "name": "stdout", "text": "old"}], 9
    result = executed(text=notebook(code("%flow x"), code("n = 1"), old, code("print(n)")))
    assert (result.cells[3].outputs, result.cells[3].execution_count) == ([], None)


def test_unknown_tasks_leave_no_trace():
    """Events of tasks that are no cells of this notebook change nothing."""
    assert executed(stream("ghost", "x"), state("ghost", "Failed")).cells == executed().cells
