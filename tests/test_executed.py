"""The executed notebook is the notebook with what a run did in it, as valid as if a kernel had run it."""

from __future__ import annotations

import hashlib
import json
import math
import stat

import nbformat
import pytest

from jupyter_flows.core.events import Event
from jupyter_flows.executed import executed_notebook, executed_path, keep_executed, literal

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
    """A cell says what task it was, how that ended and when it ran, for us and for JupyterLab."""
    result = executed(state("a", "Running", 1_800_000_000.0), state("a", "Success", 1_800_000_002.5))
    assert result.cells[3].metadata == {
        "jupyter_flows": {
            "task": "a",
            "state": "Success",
            "started_at": "2027-01-15T08:00:00+00:00",
            "finished_at": "2027-01-15T08:00:02.500000+00:00",
        },
        "execution": {
            "iopub.execute_input": "2027-01-15T08:00:00+00:00",
            "shell.execute_reply": "2027-01-15T08:00:02.500000+00:00",
        },
    }
    assert result.metadata.jupyter_flows.run == RUN


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
    assert result.cells[4].metadata.jupyter_flows.state == "Failed"


def test_earlier_outputs_do_not_stay():
    """What an earlier execution left in the notebook is not taken for this run's."""
    old = code("n + 1")
    old["outputs"], old["execution_count"] = [{"output_type": "stream", "name": "stdout", "text": "old"}], 9
    result = executed(text=notebook(code("%flow x"), code("n = 1"), old, code("print(n)")))
    assert (result.cells[3].outputs, result.cells[3].execution_count) == ([], None)


def test_unknown_tasks_leave_no_trace():
    """Events of tasks that are no cells of this notebook change nothing."""
    assert executed(stream("ghost", "x"), state("ghost", "Failed")).cells == executed().cells


@pytest.mark.parametrize(
    ("project", "flow"),
    [
        ("P", "etl"),
        ("a/b", "c/d"),
        ("..", "."),
        ("../..", "x"),
        (".hidden", "~"),
        ("Ü ber", "naïve\n"),
        ("a\0b", "x" * 80),
    ],
)
def test_kept_privately_inside_the_folder(project, flow, private_places):
    """Whatever a project or flow is called, its notebooks lie inside the notebooks' folder, for its user alone."""
    from jupyter_flows.places import notebooks_folder

    path = keep_executed(project, flow, 3, "{}", keep_notebooks=5)
    assert path == executed_path(project, flow, 3)
    assert path.resolve().relative_to(notebooks_folder().resolve()).parts[2:] == ("3.ipynb",)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_different_names_have_different_folders():
    """Names that differ only in what a path can't hold are still kept apart."""
    names = ["a/b", "a%2Fb", "a_b", "a b", "A", "a"]
    assert len({executed_path("P", name, 1) for name in names}) == len(names)


def test_the_oldest_go():
    """Beyond the number kept, a flow's notebooks of the lowest runs go; another flow's stay."""
    keep_executed("P", "other", 1, "{}", keep_notebooks=2)
    for run_id in (8, 9, 10, 11):
        path = keep_executed("P", "etl", run_id, "{}", keep_notebooks=2)
    assert sorted(p.name for p in path.parent.iterdir()) == ["10.ipynb", "11.ipynb"]
    assert executed_path("P", "other", 1).exists()
