from __future__ import annotations

import functools
import json
import threading

import pytest

from jupyter_flows.comparison.probing import report, show
from jupyter_flows.core.unpicklable import failing_path, pickled_size


class Model:
    """A value of somebody's own."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    """A value without a `__dict__`."""

    __slots__ = ("lock",)

    def __init__(self):
        self.lock = threading.Lock()


class Careful:
    """A value that leaves out what can't be pickled."""

    def __init__(self):
        self.lock = threading.Lock()

    def __getstate__(self):
        return {}


def closing_over(value):
    """Return a function that holds a value."""
    return lambda: value


PATHS = {
    "itself": (threading.Lock(), "v", "_thread.lock"),
    "an attribute": (Model(_lock=threading.Lock()), "v._lock", "_thread.lock"),
    "deep inside": (Model(callbacks=[1, 2, Model(_lock=threading.Lock())]), "v.callbacks[2]._lock", "_thread.lock"),
    "by a key": ({"a": {"b": (x for x in [])}}, "v['a']['b']", "generator"),
    "in a tuple": ((1, (2, threading.Lock())), "v[1][1]", "_thread.lock"),
    "in a slot": (Slotted(), "v.lock", "_thread.lock"),
    "in a closure": (closing_over(threading.Lock()), "v.<value>", "_thread.lock"),
    "of a method": (Model(a=Model(lock=threading.Lock()).__eq__), "v.a", "method-wrapper"),
}


@pytest.mark.parametrize(("value", "path", "kind"), PATHS.values(), ids=PATHS)
def test_what_can_not_be_pickled_is_named(value, path, kind):
    """The way leads to the innermost part that fails."""
    assert pickled_size(value)[1] != ""
    found, of = failing_path(value, "v")
    assert (found.startswith(path), of) == (True, kind) if kind == "method-wrapper" else (found, of) == (path, kind)


def test_a_circle_ends():
    """An object that holds itself is looked at once."""
    value = Model(lock=threading.Lock())
    value.__dict__ = {"me": value, **value.__dict__}
    assert failing_path(value, "v") == ("v.lock", "_thread.lock")


@pytest.mark.parametrize("value", [Careful(), functools.partial(len), [1, {"a": (2,)}], Model(x=1)])
def test_what_can_be_pickled_is_not_reported(value):
    """An object that knows how to be pickled is taken at its word."""
    assert pickled_size(value)[1] == ""
    assert json.loads(report({"v": value}, ["v"]))[0]["path"] is None


def test_sizes_count_buffers():
    """An array's data counts, though it would travel beside the pickle."""
    np = pytest.importorskip("numpy")
    size, reason = pickled_size(np.zeros(1000))
    assert reason == ""
    assert 8000 <= size < 9000


def test_definitions_and_absent_names_are_left_out():
    """Modules, functions and classes are named rather than pickled."""
    names = {"m": json, "f": failing_path, "C": Model, "x": 1}
    assert [v["name"] for v in json.loads(report(names, ["m", "f", "C", "gone", "x"]))] == ["x"]


def test_values_are_shown_by_digests(capsys):
    """Equal contents have one digest, others another; definitions have none."""
    lookups = {"a": lambda: {"k": [1]}, "b": lambda: {"k": [1]}, "c": lambda: {"k": [2]}, "f": lambda: json}
    show(**lookups, u=lambda: gone)  # noqa: F821 - what is not there is the case
    shown = json.loads(capsys.readouterr().out)
    assert shown["a"] == shown["b"] != shown["c"]
    assert (shown["f"], shown["u"]) == (None, "undefined")
