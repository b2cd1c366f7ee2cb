"""Warnings of cells that run at once: shown as Python shows them from top to bottom."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from jupyter_flows.engine.warned import SUPPORTED
from tests.engine.test_parallel import MEET, MEETING, side_by_side

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="this Python keeps filters apart itself; cells stay home")

#: Every way in which a warning can be filtered, told as what is shown; with Python's own code, and with ours.
SCRIPT = """
import io, json, sys, types, warnings
main, lib, shown = {"__name__": "__main__"}, types.ModuleType("lib"), {}
exec(compile("import warnings\\ndef w(text, kind=UserWarning, level=1):\\n    warnings.warn(text, kind, level)\\n",
             "lib.py", "exec"), lib.__dict__)
sys.modules["lib"] = lib
lib.w("seen before")
if sys.argv[1] == "ours":
    from jupyter_flows.engine.warned import Warned, without_hook
    warned = Warned(main)
    warned.install()
def tell(name, do):
    before, sys.stderr = sys.stderr, io.StringIO()
    try:
        do()
    except Warning as error:
        if sys.argv[1] == "ours":
            without_hook(error)
        step, frames = error.__traceback__, 0
        while step:
            step, frames = step.tb_next, frames + 1
        print("raised", error, frames, file=sys.stderr)
    finally:
        text, sys.stderr = sys.stderr.getvalue(), before
    shown[name] = text
tell("seen before", lambda: lib.w("seen before"))
tell("once a place", lambda: [lib.w("a") for _ in range(3)])
tell("by kind", lambda: lib.w("a", FutureWarning))
tell("ignored", lambda: lib.w("old", DeprecationWarning))
def ignored_inside():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lib.w("b")
    lib.w("b")
tell("inside and outside", ignored_inside)
tell("forgotten since", lambda: lib.w("a"))
def recorded(action):
    with warnings.catch_warnings(record=True, action=action) as log:
        lib.w("c"), lib.w("c")
        with warnings.catch_warnings():
            lib.w("inner")
    print([str(m.message) for m in log], file=sys.stderr)
tell("recorded", lambda: recorded("always"))
tell("recorded by default", lambda: recorded("default"))
def error():
    with warnings.catch_warnings(action="error"):
        lib.w("d")
tell("error", error)
tell("from C", lambda: exec("~True", main))
tell("compiled", lambda: [compile("1 is 1", "cell", "exec") for _ in range(2)])
warnings.filterwarnings("once", message="on")
tell("once", lambda: [lib.w("on") for _ in range(3)])
warnings.filterwarnings("module", message="mod")
tell("module", lambda: [lib.w("mod") for _ in range(3)])
warnings.filterwarnings("ignore", module="lib")
tell("by module", lambda: lib.w("e"))
warnings.filterwarnings("default", message="f", append=True)
tell("appended", lambda: lib.w("f"))
warnings.resetwarnings()
tell("reset", lambda: lib.w("old", DeprecationWarning))
warnings.showwarning = lambda message, *rest: print("mine:", message, file=sys.stderr)
tell("shown otherwise", lambda: lib.w("g"))
if sys.argv[1] == "ours":
    warned.remove()
tell("at the end", lambda: lib.w("h"))
print(json.dumps(shown))
"""


def shown(whose):
    done = subprocess.run([sys.executable, "-c", SCRIPT, whose], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_warnings_are_filtered_as_python_filters_them():
    """Kinds, modules, actions, nesting, recording, errors and user's own hooks: all as without us."""
    expected = shown("python")
    assert shown("ours") == expected
    assert {name for name, text in expected.items() if not text} >= {"seen before", "ignored", "by module"}
    assert [expected[n].count("UserWarning: a") for n in ("once a place", "forgotten since")] == [1, 1]


#: A module of the notebook's folder that warns and catches, as libraries do.
LIBRARY = b"""
import warnings
def warn(text): warnings.warn(text, stacklevel=1)
def quiet(inside):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inside()
        warn("hushed")
"""


def run(runner, cells, *, shell=False, workers=4, portable=()):
    flow = side_by_side([f"import lib\n{cells[0]}", *cells[1:]], workers=workers, portable=portable, shell=shell)
    flow.origin.modules["lib.py"] = LIBRARY
    story = runner.run(flow)
    assert story.state == ("Success", "")
    return [story.text(f"cell_{n}", "stderr") for n in range(1, len(cells) + 1)]


@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
def test_the_upper_cell_shows_what_both_warn_of(runner, shell):
    """A lower cell that warns first waits for the upper one, whose warning it then repeats, so that it is not shown."""
    upper = f"{MEET}\ntime.sleep(0.2)\nlib.warn('both')\nlib.warn('upper')"
    lower = f"{MEET}\nlib.warn('both')\nlib.warn('lower')"
    shown = run(runner, [MEETING, upper, lower], shell=shell, portable={2, 3})
    assert [[word for word in ("both", "upper", "lower") if f": {word}\n" in text] for text in shown] == [
        [],
        ["both", "upper"],
        ["lower"],
    ]


def test_home_waits_for_its_turn_too(runner):
    """The main thread's cell, warning of the same as a worker's above it, comes second."""
    upper = f"{MEET}\ntime.sleep(0.2)\nlib.warn('both')"
    shown = run(runner, [MEETING, upper, f"{MEET}\nlib.warn('both')"], portable={2})
    assert [text.count(": both\n") for text in shown] == [0, 1, 0]


def test_what_one_cell_ignores_another_shows(runner):
    """Filters set inside catch_warnings hold for the cell that set them, while both run."""
    cells = [
        MEETING,
        f"lib.quiet(lambda: [{MEET}, {MEET}])\nlib.warn('after')",
        f"{MEET}\nlib.warn('shown')\n{MEET}\nlib.warn('again')",
    ]
    # Of the two that meet, the lower one must not need its turn between the meetings: it would wait for the upper.
    shown = run(runner, [cells[0], cells[2], cells[1]], portable={2, 3})
    assert [[word for word in ("hushed", "shown", "again", "after") if f": {word}\n" in text] for text in shown] == [
        [],
        ["shown", "again"],
        ["after"],
    ]


def test_what_home_ignores_a_worker_shows(runner):
    """Filters that the main thread's cell sets inside catch_warnings are not a worker's."""
    upper, lower = f"{MEET}\nlib.warn('shown')\n{MEET}", f"lib.quiet(lambda: [{MEET}, {MEET}])"
    shown = run(runner, [MEETING, upper, lower], portable={2})
    assert [text.count(": shown\n") for text in shown] == [0, 1, 0]


def test_a_cell_shows_its_own_warnings_anew(runner):
    """What the notebook's own code warns of is forgotten at each cell's start, as in a kernel."""
    cells = ["import warnings", "warnings.warn('own', stacklevel=1)", "warnings.warn('own', stacklevel=1)"]
    shown = run(runner, cells)
    assert [text.count("own\n") for text in shown] == [0, 1, 1]
