"""Tasks of two versions are matched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows.core.pairing import moved, pair


def cells(text):
    return [
        {"slug": f"cell_{n}", "meaning": m, "cell": {"named": False, "id": None, "writes": []}}
        for n, m in enumerate(text)
    ]


def test_only_what_lost_its_order_has_moved():
    """Of three cells in another order, the one that jumped over the other two has moved."""
    assert moved({0: 1, 1: 2, 2: 0}) == {2}


def test_equal_cells_are_matched_in_their_order():
    """Of two cells with the same code, the one that stands where it stood is the old one."""
    assert pair(cells("ba"), cells("aba"), {}, {}) == {1: 0, 2: 1}


@given(old=st.text("abcd", max_size=8), new=st.text("abcd", max_size=8))
def test_pairs_are_one_to_one_and_equal_code_is_found(old, new):
    """No task is matched twice, and as many as are on both sides are matched, wherever they stand."""
    pairs = pair(cells(old), cells(new), {}, {})
    assert len(set(pairs.values())) == len(pairs)
    assert all(old[o] == new[n] for n, o in pairs.items())
    assert len(pairs) == sum(min(old.count(c), new.count(c)) for c in "abcd")


@given(text=st.text("abcd", max_size=8))
def test_the_same_notebook_has_not_moved(text):
    """Each cell is itself."""
    pairs = pair(cells(text), cells(text), {}, {})
    assert pairs == {n: n for n in range(len(text))}
    assert moved(pairs) == set()
