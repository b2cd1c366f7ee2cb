"""Names in groups that share objects, and what of them changed."""

from __future__ import annotations

import types

import pytest

from jupyter_flows.engine.results.groups import Groups, is_kept
from jupyter_flows.engine.results.references import References


@pytest.fixture
def names():
    """Give the names of an empty module."""
    return types.ModuleType("__main__").__dict__


@pytest.fixture
def groups(names):
    """Give the groups of that module."""
    return Groups(References(names))


def look(groups, touched=()):
    """Return the names of changed groups, and those that are gone."""
    changed, gone = groups.look(touched, seconds=60)
    return sorted("".join(sorted(g.names)) for g in changed), sorted(gone)


def test_names_that_share_an_object_are_one_group(names, groups):
    """Two names of one list go together, others stay apart."""
    names |= {"a": [1], "c": [1], "x": 1}
    names["b"] = {"k": names["a"]}
    assert look(groups) == (["ab", "c", "x"], [])


def test_only_what_was_touched_is_looked_at(names, groups):
    """A change shows in the group of the touched name, and only there."""
    names |= {"a": [1], "c": [2]}
    look(groups)
    names["a"].append(3)
    assert look(groups, {"c"}) == ([], [])
    assert look(groups, {"a"}) == (["a"], [])


def test_names_that_are_bound_need_not_be_told(names, groups):
    """Binding and deleting are seen by themselves."""
    names |= {"a": [1], "b": [2]}
    look(groups)
    names["a"] = [5]
    del names["b"]
    assert look(groups) == (["a"], ["b"])


def test_a_link_to_an_untouched_name_joins_it(names, groups):
    """A list that took another name's list in makes one group of both."""
    names |= {"a": [1], "b": [2]}
    look(groups)
    names["b"].append(names["a"])
    assert look(groups, {"b"}) == (["ab"], [])


def test_a_group_that_falls_apart_changes_for_all_its_names(names, groups):
    """When a shared list is dropped from one name, both names are told of anew."""
    names["a"] = [1]
    names["b"] = [names["a"]]
    look(groups)
    names["b"].clear()
    assert look(groups, {"b"}) == (["a", "b"], [])


def test_a_group_says_with_whom_it_was_before(names, groups):
    """Who binds one of two names that shared a list has changed the other's group too."""
    names["a"] = [1]
    names["b"] = [names["a"]]
    look(groups)
    names["b"] = 5
    changed, _ = groups.look((), seconds=60)
    assert {"".join(g.names): "".join(sorted(g.before)) for g in changed} == {"a": "ab", "b": "ab"}


def test_what_can_not_be_stored_keeps_its_ties(names, groups):
    """A generator that holds a list goes with the list's other name."""
    names["a"] = [1]
    names["g"] = (item for item in names["a"])
    changed, _ = groups.look((), seconds=60)
    assert [(sorted(g.names), g.data) for g in changed] == [(["a", "g"], None)]


@pytest.mark.parametrize(
    ("name", "kept"), [("x", True), ("_x", True), ("_", False), ("_12", False), ("_ih", False), ("In", False)]
)
def test_kernels_names_are_left_out(name, kept):
    """What a kernel binds by itself is not the notebook's."""
    assert is_kept(name) is kept
