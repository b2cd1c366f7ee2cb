"""Marks are spelt in another way, and nothing else changes."""

from __future__ import annotations

import json

import pytest

from jupyter_flows.capture.converting import convert
from jupyter_flows.capture.markers import read_marker
from jupyter_flows.core.cell import Cell


def cell(source, tags=(), metadata=None):
    return Cell(source, 3, "id", frozenset(tags), metadata or {})


#: The same cell in the three spellings: magic, directive, and text, tags and metadata.
SPELLINGS = [
    ("%%task load\nx = 1", "#| task: load\nx = 1", ("x = 1", {"task"}, {"task": {"name": "load"}})),
    ("%%task\nx = 1", "#| task\nx = 1", ("x = 1", {"task"}, {})),
    (
        "%%task load --retries 2 --retry-delay 0.5\nx = 1\n",
        "#| task: load --retries 2 --retry-delay 0.5\nx = 1\n",
        ("x = 1\n", {"task"}, {"task": {"name": "load", "retries": 2, "retry_delay": 0.5}}),
    ),
    (
        "%%task --reads a,b --after x,y --requires 'pandas>=2' --no-run\nx = 1",
        "#| task: --reads a,b --after x,y --requires 'pandas>=2' --no-run\nx = 1",
        (
            "x = 1",
            {"task"},
            {"task": {"reads": ["a", "b"], "after": ["x", "y"], "requires": ["pandas>=2"], "no_run": True}},
        ),
    ),
    ("%%task 'load data'\nx = 1", "#| task: 'load data'\nx = 1", ("x = 1", {"task"}, {"task": {"name": "load data"}})),
    ("%%task 'a: b'\nx = 1", None, ("x = 1", {"task"}, {"task": {"name": "a: b"}})),
    ("%%parameters\nn = 1", "#| parameters\nn = 1", ("n = 1", {"parameters"}, {})),
    ("# Said first.\n%%task load\nx = 1", "# Said first.\n#| task: load\nx = 1", None),
]
ROWS = [
    (source, to, expected)
    for magic, directive, tagged in SPELLINGS
    for source, to, expected in (
        (magic, "directive", directive),
        (magic, "tags", tagged),
        (directive, "magic", magic),
        (directive, "tags", tagged),
        (tagged, "magic", magic),
        (tagged, "directive", directive),
    )
    if source is not None and expected is not None
]


def made(source):
    return cell(source) if isinstance(source, str) else cell(*source)


def spelt(new):
    return (new.source, set(new.tags), dict(new.metadata))


@pytest.mark.parametrize(("source", "to", "expected"), ROWS)
def test_a_mark_is_spelt_in_another_way(source, to, expected):
    """The mark means the same in its new spelling; the other lines are the author's."""
    new = convert(made(source), to)
    if isinstance(source, tuple) and "--" in str(expected):
        # Options that come from metadata are in their order, each with its value.
        assert read_marker(new.cell).options == read_marker(made(expected)).options
    else:
        expected = expected if isinstance(expected, tuple) else (expected, set(), {})
        assert spelt(new.cell) == expected
    assert read_marker(new.cell).options == read_marker(made(source)).options
    assert read_marker(new.cell).run == read_marker(made(source)).run


@pytest.mark.parametrize("source", ["x = 1", "%load_ext jupyter_flows", "", "%%time\nx = 1"])
@pytest.mark.parametrize("to", ["magic", "directive", "tags"])
def test_a_cell_without_a_mark_is_left_alone(source, to):
    """There is nothing to spell."""
    assert convert(cell(source), to) is None


def test_a_spelling_that_is_there_already_is_left_alone():
    """Its odd spaces stay, too."""
    assert convert(cell("%%task   load\nx = 1"), "magic") is None


def test_a_directive_stands_below_a_cell_magic():
    """A comment above it would break the magic in a kernel without this package."""
    assert convert(cell("%%task load\n%%time\nx = 1"), "directive").cell.source == "%%time\n#| task: load\nx = 1"


def test_what_can_not_be_spelt_so_stays():
    """A directive in a file's text would be written into the file."""
    new = convert(cell("%%task load\n%%writefile a.txt\nx = 1"), "directive")
    assert (new.cell.source, new.reason) == (
        "%%task load\n%%writefile a.txt\nx = 1",
        "its mark can't be written as a directive",
    )


def test_other_tags_and_metadata_are_kept():
    """Only what the mark brought goes."""
    new = convert(cell("x = 1", {"task", "mine"}, {"task": {"name": "load"}, "other": 1}), "magic").cell
    assert spelt(new) == ("%%task load\nx = 1", {"mine"}, {"other": 1})


def test_rules_survive_every_spelling():
    """A list of delays and a trigger with bounds are JSON in metadata, and the same options everywhere."""
    line = "load --retry-delay 1,10 --ignore-skips --trigger some_failed(at_least=2) --retry-on OSError,KeyError"
    old = Cell(f"#| task: {line}\nx = 1", 1)
    for spelling in ("tags", "magic"):
        new = convert(old, spelling).cell
        assert read_marker(new).options == read_marker(old).options
        assert json.loads(json.dumps(new.metadata)) == new.metadata
