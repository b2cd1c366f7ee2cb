from __future__ import annotations

import pytest

from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.errors import ParameterError
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.words import evaluated, pairs, split, values


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("load --retries 2", ["load", "--retries", "2"]),
        ('-p region="North America"', ["-p", "region=North America"]),
        ("-p 'a b'=1 # a comment", ["-p", "a b=1"]),
        ("-p colour=#fff '#x' \t# a comment", ["-p", "colour=#fff", "#x"]),
        ("# nothing but a comment", []),
        ("-p n={a + b}", ["-p", "n={a + b}"]),
        ("""-p n={d["x y"]} --wait""", ["-p", """n={d["x y"]}""", "--wait"]),
        ("-p n={{'a': [1, (2)]}}", ["-p", "n={{'a': [1, (2)]}}"]),
        ("--environment {Env(a=1, b='x y')} z", ["--environment", "{Env(a=1, b='x y')}", "z"]),
        ("'{a' b}", ["{a", "b}"]),
        ("-p n={'}'} x", ["-p", "n={'}'}", "x"]),
        ("-p n='{a}' x", ["-p", "n={a}", "x"]),
        ("-p n={a}b", ["-p", "n={a}b"]),
        ("-p n=pre{a b}", ["-p", "n=pre{a", "b}"]),
        ("-p n={a", ["-p", "n={a"]),
        (r"-p n=a\ b", ["-p", "n=a b"]),
    ],
)
def test_a_line_is_split_as_a_shell_does_and_braces_hold(line, words):
    """Quotes join words, and a value wholly in braces is one word, its quotes and blanks kept."""
    assert split(line) == words


def test_an_open_quote_is_one_line():
    """A line that can't be read is a mistake that shows it."""
    with pytest.raises(Mistake, match=r"The line can't be read \(No closing quotation\): -p 'a"):
        split("-p 'a")


def test_pairs_need_an_equals_sign():
    """A word without = is named."""
    assert pairs(["a=1", "b="], "An option") == {"a": "1", "b": ""}
    with pytest.raises(Mistake, match="An option is written name=value, not 'c'"):
        pairs(["c"], "An option")


SPECS = [ParameterSpec("n", "int", 1), ParameterSpec("region", "str", "EU"), ParameterSpec("opts", "dict", {})]


def test_values_are_read_as_their_types():
    """Text stays text where the parameter is one; braces are evaluated in the notebook."""
    given = {"n": "{base * 2}", "region": "3", "opts": '{"a": base}'}
    assert values(given, SPECS, {"base": 4}) == {"n": 8, "region": "3", "opts": {"a": 4}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"m": "1"}, "This flow has no parameter 'm'; it has 'n', 'opts', 'region'."),
        ({"n": "many"}, "Parameter 'n' takes int, not 'many'"),
        ({"n": "{'2'}"}, "Parameter 'n' takes int, not '2'"),
    ],
)
def test_a_wrong_value_is_named(given, message):
    """Unknown names and wrong types say what there is."""
    with pytest.raises(ParameterError, match=message):
        values(given, SPECS, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{nope}", "NameError: name 'nope' is not defined"),
        ("{1 +}", "is no Python expression"),
        ("{1/0}", "ZeroDivisionError"),
    ],
)
def test_an_expression_that_fails_is_one_line(text, message):
    """What is wrong with an expression is said without a traceback."""
    with pytest.raises(Mistake, match=message):
        evaluated(text, {})


def test_nothing_but_braces_is_evaluated():
    """A value with a brace inside is text."""
    assert values({"region": "x{1+1}"}, SPECS, {}) == {"region": "x{1+1}"}
