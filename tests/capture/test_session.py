from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.capture.session import Execution, merge
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.document import to_document

SAVED = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
BEFORE = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
AFTER = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def saved(*sources, ids=True):
    notebook = from_sources(Cell(s, 1, f"id{n}" if ids else None) for n, s in enumerate(sources, start=1))
    return dataclasses.replace(notebook, saved_at=SAVED)


def ran(source, cell_id=None, at=AFTER, *, ok=True):
    return Execution(source, cell_id, at, ok)


def sources(merged):
    return [c.source for c in merged.notebook.cells]


NEWER = {
    "the document's, if nothing ran": (["x = 1"], [], ["x = 1"], ()),
    "the document's, if it ran as it is": (["x = 1"], [ran("x = 1", "id1")], ["x = 1"], ()),
    "the run's, if newer": (["x = 1"], [ran("x = 2", "id1")], ["x = 2"], ("cell 1 was run since: newer text used",)),
    "the document's, if newer": (
        ["x = 1"],
        [ran("x = 2", "id1", BEFORE)],
        ["x = 1"],
        ("cell 1 was saved after its last run: saved text used",),
    ),
    "the last run's": (
        ["x = 1"],
        [ran("x = 2", "id1"), ran("x = 3", "id1")],
        ["x = 3"],
        ("cell 1 was run since: newer text used",),
    ),
    "a failed run's too": (
        ["x = 1"],
        [ran("x = 1/0", "id1", ok=False)],
        ["x = 1/0"],
        ("cell 1 was run since: newer text used",),
    ),
    "by the task's name": (
        ["%%task a\nx = 1"],
        [ran("%%task a\nx = 2")],
        ["%%task a\nx = 2"],
        ("cell 1 was run since: newer text used",),
    ),
    "by name, whatever the spelling": (
        ["%%task a\nx = 1"],
        [ran("#| task: a\nx = 2", "unknown")],
        ["#| task: a\nx = 2"],
        ("cell 1 was run since: newer text used",),
    ),
    "the document's, if the run's time is not known": (["x = 1"], [ran("x = 2", "id1", None)], ["x = 1"], ()),
    "a last line feed is no difference": (["x = 1"], [ran("x = 1\n", "id1")], ["x = 1"], ()),
    "control cells change in silence": (["%flow a"], [ran("%flow b", "id1")], ["%flow b"], ()),
}


@pytest.mark.parametrize(("document", "executions", "expected", "said"), NEWER.values(), ids=NEWER.keys())
def test_which_text_counts(document, executions, expected, said):
    """A cell's text is the newer of document and last run; a difference is said."""
    merged = merge(saved(*document), executions)
    assert (sources(merged), merged.differences) == (expected, said)


def test_the_document_decides_membership_and_order():
    """Cells run in another order stand in the document's; a cell that is gone from it leaves no ghost."""
    executions = [ran("b = 2", "id2", BEFORE), ran("ghost = 1", "gone", BEFORE), ran("a = 1", "id1", BEFORE)]
    merged = merge(saved("a = 1", "b = 2"), executions)
    assert (sources(merged), merged.differences) == (["a = 1", "b = 2"], ())


def test_a_renamed_task_leaves_no_ghost():
    """The cell's id tells that the new name took the old one's place."""
    merged = merge(saved("%%task a\nx = 1"), [ran("%%task a\nx = 1", "id1"), ran("%%task b\nx = 1", "id1")])
    assert sources(merged) == ["%%task b\nx = 1"]


def test_a_cell_run_since_and_not_saved_is_missed():
    """What the document does not have takes no part, and that is said; deleted and control cells are not missed."""
    executions = [
        ran("%%task new\nx = 1", "n1"),
        ran("y = 2\nz = 3", "n2"),
        ran("%flow_register", "n3"),
        ran("d = 4", "n4"),
        ran("old = 5", "n5", BEFORE),
    ]
    merged = merge(saved("a = 1"), executions, deleted={"n4"})
    assert sources(merged) == ["a = 1"]
    assert merged.differences == (
        "the cell of task 'new' was run but is not in the saved notebook: save it to take the cell in",
        "the cell of `y = 2` was run but is not in the saved notebook: save it to take the cell in",
    )


def test_cells_without_ids_are_known_by_name_or_text():
    """A notebook of format 4.4 has no ids, the front end's own are no use: names and texts tell."""
    document = saved("import json", "%%task a\nx = 1", ids=False)
    merged = merge(document, [ran("import json", "made-up"), ran("%%task a\nx = 2", "made-up-2")])
    assert sources(merged) == ["import json", "%%task a\nx = 2"]
    assert merged.differences == ("cell 2 was run since: newer text used",)


UNSAVED = ("there is no saved notebook: cells in the order they were first run",)

WITHOUT_DOCUMENT = {
    "first run gives the place, last the text": (
        [ran("a = 1", "1"), ran("b = 1", "2"), ran("a = 2", "1")],
        ["a = 2", "b = 1"],
    ),
    "a renamed task is one cell": ([ran("%%task a\nx = 1", "1"), ran("%%task b\nx = 1", "1")], ["%%task b\nx = 1"]),
    "an old name may be used again": (
        [ran("%%task a\nx = 1", "1"), ran("%%task b\nx = 1", "1"), ran("%%task a\ny = 1", "2")],
        ["%%task b\nx = 1", "%%task a\ny = 1"],
    ),
    "a cell made anew replaces its namesake": (
        [ran("%%task a\nx = 1", "1"), ran("%%task a\nx = 2", "2")],
        ["%%task a\nx = 2"],
    ),
    "without ids, the same text is the same cell": ([ran("a = 1"), ran("b = 1"), ran("a = 1")], ["a = 1", "b = 1"]),
    "without ids, failures are passed over": ([ran("a = = 1", ok=False), ran("a = 1")], ["a = 1"]),
    "with an id, the failed text is the cell's": ([ran("a = 1", "1"), ran("a = 1/0", "1", ok=False)], ["a = 1/0"]),
    "history and later runs meet": ([ran("import json", None, None), ran("import json", "1")], ["import json"]),
    "two cells of one text are two": ([ran("step()", "1"), ran("step()", "2")], ["step()", "step()"]),
    "blank cells are none": ([ran("  \n", "1"), ran("a = 1", "2")], ["a = 1"]),
}


@pytest.mark.parametrize(("executions", "expected"), WITHOUT_DOCUMENT.values(), ids=WITHOUT_DOCUMENT.keys())
def test_without_a_document_the_order_of_first_runs_counts(executions, expected):
    """An unsaved notebook is what was run; that is said."""
    merged = merge(None, executions)
    assert (sources(merged), merged.differences) == (expected, UNSAVED)


def test_without_a_document_deleted_cells_are_left_out():
    """A front end that tells which cells are gone is heard."""
    merged = merge(None, [ran("a = 1", "1"), ran("b = 1", "2")], deleted={"1"})
    assert sources(merged) == ["b = 1"]


def test_a_mark_that_can_not_be_read_is_still_a_cell():
    """Reading the session never fails: capturing reports the mark."""
    assert sources(merge(None, [ran("%%task a --retries x\ny = 1", "1")])) == ["%%task a --retries x\ny = 1"]


CELLS = ["%flow f", "import json", "%%task a\nx = [1]", "%%task b --retries 2\nprint(x)"]


def digest(notebook):
    return to_document(capture(notebook).flow)["digest"]


@pytest.mark.parametrize(
    "merged",
    [
        merge(saved(*CELLS), []),
        merge(saved(*CELLS), [ran(c, f"id{n}") for n, c in reversed(list(enumerate(CELLS, start=1)))]),
        merge(saved(*CELLS, ids=False), [ran(c, f"x{n}") for n, c in enumerate(CELLS)]),
        merge(saved(*CELLS[:2], "%%task a\nx = [0]", CELLS[3]), [ran(CELLS[2], "id3")]),
        merge(None, [ran(c, f"x{n}") for n, c in enumerate(CELLS)]),
        merge(None, [*(ran(c, None, None) for c in CELLS[:2]), *(ran(c) for c in CELLS[2:])]),
    ],
    ids=["fresh kernel", "run backwards", "no ids", "run since", "unsaved", "unsaved, from history"],
)
def test_every_way_in_gives_the_digest_of_the_file(merged):
    """Kernel and command line, saved or not, with ids or without, register one version."""
    assert digest(merged.notebook) == digest(saved(*CELLS))


def test_newer_texts_are_in_the_packed_notebook():
    """The notebook that travels in the bundle is the one that was registered."""
    merged = merge(saved("x = 1", "y = 1"), [ran("x = 2", "id1")])
    assert '"source": "x = 2"' in merged.notebook.text
    assert '"source": "x = 1"' not in merged.notebook.text
