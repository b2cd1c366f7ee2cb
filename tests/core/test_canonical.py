from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows.core import canonical as module
from jupyter_flows.core.canonical import canonical, digest
from tools.interpreters import find_others

GOLDEN = Path(__file__).parent / "golden" / "canonical.json"

#: Loads the module by its path, so that it must do with the standard library, and prints what differs.
CHECK = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("canonical", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
cases = json.load(open(sys.argv[2], encoding="ascii"))
print(len(cases), [c["source"] for c in cases if module.canonical(c["source"]) != c["canonical"]])
"""


def check_golden(python):
    command = [python, "-I", "-c", CHECK, module.__file__, GOLDEN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_the_golden_texts_hold():
    """A digest recorded with one release is the digest of the next."""
    assert check_golden(sys.executable) == "71 []\n"


@pytest.mark.interpreters
def test_every_interpreter_writes_the_golden_texts():
    """A digest recorded with one Python is the digest of every other Python found on this machine."""
    others = find_others(os.environ.get("PATH", ""), Path.home(), but=sys.version_info[:2])
    if not others:
        pytest.skip("there is no other Python from 3.11 on here")
    assert {version: check_golden(python) for version, python in others.items()} == dict.fromkeys(others, "71 []\n")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x=1", "x  =  1  # comment"),
        ("f(a,\n  b)", "f(a, b,)"),
        ("'a' 'b'", '"ab"'),
        ("f'a' 'b' f'{c}d' 'e'", "f'ab{c}de'"),
        ("f'{x:}'", "f'{x}'"),
        ("u'x'", "'x'"),
        ("if a:\n  b", "if a:\n        b\n\n"),
        ("1_000", "0x3e8"),
        ("(a)", "a"),
        ("# type: ignore\nx = [] # type: list[int]", "x = []"),
        ("f = lambda: (1)", "f = lambda: 1"),
    ],
)
def test_formatting_is_no_meaning(one, other):
    """Blanks, comments, quotes, brackets and ways to write one literal change nothing."""
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = '1'", "x = 1"),
        ("x = 0.0", "x = -0.0"),
        ("f(a, b)", "f(b, a)"),
        ("f(*a)", "f(a)"),
        ("f(a=1)", "f(b=1)"),
        ("{**a, 'b': 1}", "{'b': 1, **a}"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("def f(*, a=None): pass", "def f(*, a): pass"),
        ("x: int", "x: int = 0"),
        ("from . import a", "from .. import a"),
        ("f'{x}'", "f'{x!r}'"),
        ("f'{x:>3}'", "f'{x:<3}'"),
        ("f'{x}y'", "f'{x}' + 'y'"),
        ("try:\n  a\nexcept B: pass", "try:\n  a\nexcept* B: pass"),
        ("'''doc'''\nx", "x"),
        ("x = 'a b'", "x = 'a  b'"),
        ("[x for x in y]", "(x for x in y)"),
        ("a.b", "a['b']"),
    ],
)
def test_what_python_tells_apart_differs(one, other):
    """Two programs that may do different things have different texts."""
    assert canonical(one) != canonical(other)


def test_names_and_literals_can_not_be_mistaken_for_each_other():
    """Text inside a literal never looks like the code around it."""
    assert canonical("x = \"')) (Name (id 'y'))\"") != canonical("x = y")
    assert canonical("'#'") != canonical("b'#'")


def test_long_integers_are_written():
    """Python refuses to write integers of many digits in decimal; the text has them all the same."""
    assert len(canonical("x = 0x" + "f" * 10_000)) > 10_000


@pytest.mark.parametrize("source", ["(" * 500 + ")" * 500, "-" * 100_000 + "1", "a = (", "\0", "x" + ".y" * 100_000])
def test_what_can_not_be_parsed_is_a_syntax_error(source):
    """Broken and much too deep code end in one kind of error, never in a RecursionError."""
    with pytest.raises(SyntaxError):
        canonical(source)


def test_deep_code_is_written_without_recursion():
    """Code as deep as the parser takes is no trouble for the text."""
    tree: ast.expr = ast.Name("x")
    for _ in range(50_000):
        tree = ast.UnaryOp(ast.USub(), tree)
    text = canonical(tree)
    assert text.count("UnaryOp") == 50_000
    while isinstance(tree, ast.UnaryOp):  # take it apart: freeing it in one go would recurse in C
        tree = tree.operand


def test_nothing_is_warned_about(recwarn):
    """A cell's doubtful escape sequence is its author's business."""
    canonical("x = '\\d'")
    assert not recwarn.list


def test_a_lone_surrogate_has_a_digest():
    """Texts that can't be encoded as UTF-8 are meaning too."""
    assert digest(canonical(r"'\ud800'")) != digest(canonical(r"'\ud801'"))


@given(st.text(max_size=30))
def test_every_text_is_told_from_its_neighbours(text):
    """Two different text literals never share a canonical text, whatever is in them."""
    assert canonical(repr(text)) != canonical(repr(text + "'"))
    assert json.dumps(text) in canonical(f"x = {text!r}")
