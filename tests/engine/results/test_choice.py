"""Which cells are kept, from what was stored: a case table."""

from __future__ import annotations

import pytest

from jupyter_flows.engine.results.choice import CellFacts, choose
from jupyter_flows.engine.results.journal import Holding, Step


def cell(name, after="", reads="", hidden=(), definition=False):
    """Describe a cell: one letter a name."""
    return CellFacts(name, definition, frozenset(reads), frozenset(reads), frozenset(hidden), frozenset(after))


def step(name, *holdings):
    """Say what was found after a cell: (names, data) each."""
    return Step({name: True}, [Holding(tuple(names), frozenset(name), data) for names, data in holdings])


def kept(cells, steps, again):
    """Return the cells that are kept, as one text, and what is put back."""
    chosen = choose(cells, steps, dict.fromkeys(again, "x"))
    return "".join(sorted(chosen.kept)), sorted(f"{''.join(h.names)}={h.data}" for h in chosen.holdings)


TABLE = {
    "what comes after runs again": (
        [cell("A"), cell("B", "A", "a"), cell("C", "B", "b")],
        [step("A", ("a", "1")), step("B", ("b", "2")), step("C", ("c", "3"))],
        "B",
        ("A", ["a=1"]),
    ),
    "only what is needed is put back": (
        [cell("A"), cell("B"), cell("C", "A", "a")],
        [step("A", ("a", "1")), step("B", ("b", "2")), step("C")],
        "C",
        ("AB", ["a=1"]),
    ),
    "a name is as the last kept cell left it": (
        [cell("A"), cell("B", "A", "a"), cell("C", "B", "a")],
        [step("A", ("a", "1")), step("B", ("a", "2")), step("C", ("a", "3"))],
        "C",
        ("AB", ["a=2"]),
    ),
    "what can't be stored makes its cell run again": (
        [cell("A"), cell("B"), cell("C", "AB", "ab")],
        [step("A", ("a", "1")), step("B", ("b", None)), step("C")],
        "C",
        ("A", ["a=1"]),
    ),
    "what can't be stored and is not needed does not": (
        [cell("A"), cell("B"), cell("C", "A", "a")],
        [step("A", ("a", "1")), step("B", ("b", None)), step("C")],
        "C",
        ("AB", ["a=1"]),
    ),
    "work that is stored only with another's runs again": (
        [cell("A"), cell("B", "A", "a"), cell("C", "A", "b"), cell("D", "C", "b")],
        [step("A", ("ab", "1")), step("B", ("ab", "2")), step("C", ("ab", "3")), step("D")],
        "B",
        ("A", ["ab=1"]),
    ),
    "unknown hidden state runs again with its user": (
        [cell("A", hidden=["use <file:x>"]), cell("B"), cell("C", hidden=["read <file:x>"])],
        [step("A", ("a", "1")), step("B"), step("C")],
        "C",
        ("B", []),
    ),
    "a barrier's doings are not stored": (
        [cell("A", hidden=["use <everything>"]), cell("B", "A"), cell("C", "A")],
        [step("A"), step("B"), step("C")],
        "C",
        ("", []),
    ),
    "hidden state with a snapshot is put back": (
        [cell("A", hidden=["new <random>"]), cell("B", "A", hidden=["use <random>"])],
        [Step({"A": True}, [Holding(("<random>",), frozenset("A"), "s")]), step("B")],
        "B",
        ("A", ["<random>=s"]),
    ),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_choice(case):
    """Kept is what need not run; put back is what the others need of it, and nothing that they made."""
    cells, steps, again, expected = case
    assert kept(cells, steps, again) == expected


def test_settings_are_made_again():
    """A cell that sets what has no snapshot, and binds nothing of weight, is executed once more instead of forgotten."""
    cells = [cell("A", hidden=["use <shell settings>"]), cell("B", "A", hidden=["read <shell settings>"])]
    chosen = choose(cells, [Step({"A": True}, []), Step({"B": True}, [])], {"B": "x"})
    assert (chosen.kept, chosen.replayed) == ({"A"}, ("A",))


def test_definitions_are_executed_again():
    """Kept definition cells are replayed, in order."""
    cells = [cell("A", definition=True), cell("B", definition=True), cell("C")]
    assert choose(cells, [], {"C": "x"}).replayed == ("A", "B")


def test_earlier_edges_count_too():
    """A cell that used what a deleted cell made does not keep its result."""
    chosen = choose([cell("A"), cell("B")], [step("A"), step("B")], {"\0gone": "it is gone"}, also=[("\0gone", "B")])
    assert chosen.kept == {"A"}


def test_names_of_the_kernels_are_not_stored():
    """A cell that reads a name such as ``_``, which kernels bind, makes the cell run again that bound it."""
    binds = CellFacts("A", False, frozenset(), frozenset("_"), frozenset(), frozenset(), frozenset("_"))
    chosen = choose([binds, cell("B", "A", "_"), cell("C")], [step("A"), step("B"), step("C")], {"B": "x"})
    assert chosen.kept == {"C"}
