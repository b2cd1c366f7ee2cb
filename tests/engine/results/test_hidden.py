"""Hidden state is seen to change, and can be put back."""

from __future__ import annotations

import os
import random
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from jupyter_flows.engine.results.hidden import KEPT, Hidden, can_be_put_back


def chdir():
    os.chdir("/")


def option():
    pd.set_option("display.max_rows", 7)


def figure_size():
    mpl.rcParams["figure.figsize"] = (1, 1)


CHANGES = {
    "<random>": (lambda: random.seed(5), random.random),
    "<numpy.random>": (lambda: np.random.seed(5), lambda: np.random.rand()),  # noqa: NPY002, PLW0108
    "<numpy.settings>": (lambda: np.set_printoptions(precision=1), lambda: str(np.array([1 / 3]))),
    "<pandas.options>": (option, lambda: pd.get_option("display.max_rows")),
    "<rcparams>": (figure_size, lambda: list(mpl.rcParams["figure.figsize"])),
    "<environ>": (lambda: os.environ.update(HIDDEN_TEST="x"), lambda: os.environ.get("HIDDEN_TEST")),
    "<warnings>": (lambda: warnings.simplefilter("ignore"), lambda: warnings.filters[0][0]),
    "<sys.path>": (lambda: sys.path.append("/hidden"), lambda: sys.path[-1]),
    "<cwd>": (chdir, os.getcwd),
}


@pytest.fixture
def kept(monkeypatch):
    """Put all of it back after a test."""
    hidden = Hidden()
    hidden._last.clear()
    before = hidden.changes()
    path, environ = list(sys.path), dict(os.environ)
    with warnings.catch_warnings():
        yield
        for name, state in before.items():
            if name not in ("<warnings>", "<environ>"):
                hidden.write(name, state)
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environ)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_put_back(kept, name):
    """What one cell changed is what the next one would have seen, after others have changed it again."""
    change, look = CHANGES[name]
    hidden = Hidden()
    assert hidden.changes() == {}
    change()
    found = hidden.changes()
    assert set(found) == {name}
    expected = look()
    for other, _ in CHANGES.values():
        other()
    hidden.write(name, found[name])
    assert look() == expected


def test_open_figures_can_not_be_put_back():
    """A figure that is left open is not stored; none is."""
    assert (can_be_put_back("<pyplot>", [1]), can_be_put_back("<pyplot>", [])) == (False, True)


def test_every_kind_has_its_row():
    """Whatever is kept is tested."""
    assert set(CHANGES) | {"<pyplot>"} == KEPT
