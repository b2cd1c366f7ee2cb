"""Library calls that run code which is text, or look the notebook's module up by themselves."""

# ruff: noqa: ARG001 -- the entries of a table take the same arguments
from __future__ import annotations

import ast
from functools import partial

from jupyter_flows.capture.handmade import IDENTIFIER
from jupyter_flows.capture.heap import NOTHING, Value
from jupyter_flows.capture.libraries import Libraries
from jupyter_flows.capture.passed import Args

#: Parameters that take text of Python, as the first ones or by name.
TEXTS = {
    "timeit.timeit": ("stmt", "setup"),
    "timeit.repeat": ("stmt", "setup"),
    "timeit.Timer": ("stmt", "setup"),
    "cProfile.run": ("statement",),
    "cProfile.runctx": ("statement",),
    "profile.run": ("statement",),
    "profile.runctx": ("statement",),
}
#: Calls that find what they run, or change, without being given it; and why nobody can follow them.
WITHOUT_WORD = {
    "doctest.testmod": "runs the examples in the notebook's documentation",
    "doctest.run_docstring_examples": "runs the examples in documentation",
    "unittest.main": "runs the tests that it finds in the notebook",
    "inspect.currentframe": "looks into the notebook's own frame",
    "inspect.stack": "looks into the notebook's own frame",
    "sys._getframe": "looks into the notebook's own frame",
    "sys.setrecursionlimit": "changes how deep all code may call",
    "sys.settrace": "follows all code that runs",
    "sys.setprofile": "follows all code that runs",
}


def _run_text(path: str, calls: Libraries, args: Args, node: object) -> Value:
    """Take it that text does anything to all that it names, and calls it."""
    named = NOTHING
    for number, keyword in enumerate(TEXTS[path]):
        text = args.constant(number, keyword)
        if text is None and _may_be_text(args, number, keyword):
            return calls.lose_track("runs text that is computed")
        if isinstance(text, str) and "rofile." in path and _binds(text):
            return calls.lose_track("runs text that binds names")
        for name in sorted(set(IDENTIFIER.findall(text))) if isinstance(text, str) else ():
            if calls.is_bound(name):
                named |= calls.load(name)
    return calls.havoc(args.all() | named, node)


def _binds(text: str) -> bool:
    """Tell whether text binds names; the profilers run theirs in the notebook's module."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return True
    expressions = all(isinstance(statement, ast.Expr) for statement in tree.body)
    return not expressions or any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree))


def _may_be_text(args: Args, number: int, keyword: str) -> bool:
    """Tell what is passed, but is nothing that can be called, from a function."""
    if args.rest is not None or args.node is None:
        return True
    given = [*args.positional[number : number + 1], *([args.keywords[keyword]] if keyword in args.keywords else [])]
    return any(not value for value in given)


def _lose_track(reason: str, calls: Libraries, args: Args, node: object) -> Value:
    return calls.lose_track(reason)


Libraries.SPECIAL.update({path: partial(_run_text, path) for path in TEXTS})
Libraries.RUNS_TEXT.update(TEXTS)
Libraries.SPECIAL.update({path: partial(_lose_track, reason) for path, reason in WITHOUT_WORD.items()})
