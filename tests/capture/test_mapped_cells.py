"""Cells that run once for each element: marks, analysis, runs."""

from __future__ import annotations

import pytest

from jupyter_flows.capture.export.script import export_script
from jupyter_flows.capture.mapped_cells import as_loop
from jupyter_flows.capture.markers import read_marker
from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.core.bundle import pack_flow, unpack_flow
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.document import to_document
from jupyter_flows.engine.apart import run_apart
from jupyter_flows.errors import ExportRefused, MarkerError


def captured(*sources):
    return capture(from_sources([Cell(s, 1) for s in ("%flow f", *sources)]))


@pytest.mark.parametrize(
    "source",
    [
        "%%task s --map m\ny = m",
        "#| task: s --map m\ny = m",
        "#| task: s\n#| map: m\ny = m",
        "#| map: m\n#| task: s\ny = m",
    ],
)
def test_every_spelling_says_what_it_is_mapped_over(source):
    """In the magic, in the directive, or on a line of its own."""
    marker = read_marker(Cell(source, 1))
    assert (marker.kind, marker.options.name, marker.options.map) == ("task", "s", "m")


def test_metadata_and_a_line_alone():
    """The sidebar's way; and a map line makes a cell a task."""
    assert read_marker(Cell("y = m", 1, metadata={"task": {"name": "s", "map": "m"}})).options.map == "m"
    assert read_marker(Cell("#| map: m\ny = m", 1)).options.map == "m"
    assert read_marker(Cell("y = 1\n#| map: m", 1)).kind == "plain"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%task s --map a,b\ny = 1", "--map takes one name, not 'a,b'"),
        ("%%task s --map m\n%%time\ny = 1", "takes a cell of Python, and this one has a cell magic"),
        ("#| map:\ny = 1", "takes names such as a,b, not ''"),
    ],
)
def test_mistakes_are_said(source, message):
    """With the cell, the line and what to write."""
    with pytest.raises(MarkerError, match=message):
        read_marker(Cell(source, 1))


def test_the_analysis_sees_a_loop():
    """The cell reads and rebinds the value's name, writes lists, and stays at home."""
    flow = captured(
        "m = [1, 2]\nbase = 10", "#| task: s --map m\nimport math\ny = m * base", "#| task: z\nz = sum(y) + len(m)"
    ).flow
    load, score, _ = flow.tasks
    assert (score.gathers, score.portable, load.portable) == (("y",), False, True)
    assert (score.reads, score.writes) == ({"m", "base"}, {"m", "y", "math"})
    assert [(e.upstream.name, e.downstream.name, sorted(e.names)) for e in flow.edges] == [
        ("cell_2", "s", ["base", "m"]),
        ("s", "z", ["m", "y"]),
    ]


def test_a_mapped_cell_travels():
    """It is meaning, and it comes back from a bundle."""
    one = captured("m = [1]", "#| task: s --map m\ny = m").flow
    other = captured("m = [1]", "#| task: s\ny = m").flow
    assert to_document(one)["digest"] != to_document(other)["digest"]
    task = unpack_flow(pack_flow(one)).flow.tasks[1]
    assert (task.options.map, task.gathers) == ("m", ("y",))


def events_of(*sources):
    told = []
    state = run_apart(captured(*sources).flow, on_event=told.append)
    return state, told


def test_a_run_of_each_element():
    """Lists in order, outputs in order, a state for each element; each run begins with the names of before."""
    state, told = events_of(
        "m = [1, 2, 3]\nn = 5",
        "#| task: s --map m\nprint('for', m)\nn += m\nif m > 1:\n    late = m\nm * 10",
        "#| task: t\nprint(m, n, late)",
    )
    assert state.is_successful(), state.message
    s = next(t for t in state.result if t.name == "s")
    assert (state.result[s].name.value, [c.name.value for c in state.result[s].map_states]) == (
        "Mapped",
        ["Success"] * 3,
    )
    text = "".join(e.body["text"] for e in told if e.kind == "stream")
    assert text == "for 1\nfor 2\nfor 3\n[1, 2, 3] [6, 7, 8] [None, 2, 3]\n"
    shown = [e.body["output"]["data"]["text/plain"] for e in told if e.kind == "output"]
    assert shown == ["10", "20", "30"]


def test_elements_fail_and_are_tried_again_by_themselves():
    """Others go on; what takes the lists does not run; the message names element and line."""
    state, _ = events_of(
        "m = [1, 0, 4]\ntries = []",
        "#| task: s --map m --retries 1\ntries.append(m)\nif m == 4 and len(tries) < 5: raise OSError\ny = 1 // m",
        "#| task: t\nprint(y)",
    )
    names = {t.name: [c.name.value for c in s.map_states] or s.name.value for t, s in state.result.items()}
    assert (names["s"], names["t"]) == (["Success", "Failed", "Success"], "TriggerFailed")
    assert state.message == "s[1]: ZeroDivisionError integer division or modulo by zero (cell 3, line 4)"


@pytest.mark.parametrize(("value", "message"), [("5", "m is of type int"), ("[]", "")])
def test_what_has_no_elements(value, message):
    """A value that can't be looped over fails the cell; an empty list gives empty lists."""
    state, told = events_of(f"m = {value}", "#| task: s --map m\ny = m", "#| task: t\nprint(y)")
    assert message in state.message
    assert [e.body["text"] for e in told if e.kind == "stream"] == ([] if message else ["[]\n"])


def test_a_script_is_refused():
    """An exported function would run once: the cell is named instead."""
    with pytest.raises(ExportRefused, match=r"cell 3.*once for each element"):
        export_script(captured("m = [1]", "#| task: s --map m\ny = m"))


def test_texts_of_several_lines_are_not_indented():
    """What the analysis sees of a text is the text."""
    found = as_loop("#\nq = '''a\nb'''\nr = 1", "m", ["q", "r"], whole="w")
    assert found.split("\n") == ["for m in (w := m):", " q = '''a", "b'''", " r = 1", " q = [q]", " r = [r]", "m = w"]
