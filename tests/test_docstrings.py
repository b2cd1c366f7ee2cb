"""Every test says in one sentence what it holds."""

import ast
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent


def undocumented(source):
    """Return the names of the tests in a source that have no docstring."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f.name for f in functions if f.name.startswith("test_") and not ast.get_docstring(f)]


def test_every_test_has_a_docstring():
    """A test without a sentence is named with its file."""
    missing = {str(p.relative_to(_TESTS)): undocumented(p.read_text()) for p in sorted(_TESTS.rglob("test_*.py"))}
    assert {path: names for path, names in missing.items() if names} == {}


@pytest.mark.parametrize(("source", "names"), [("def test_a(): pass", ["test_a"]), ('def test_a(): "Hold."', [])])
def test_the_check_can_fail(source, names):
    """The check finds a test without a docstring, and only that."""
    assert undocumented(source) == names
