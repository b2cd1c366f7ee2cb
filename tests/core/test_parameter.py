"""Parameters: types, defaults, texts from the command line."""

import pytest

from jupyter_flows.core.parameter import Parameter, ParameterSpec, resolve
from jupyter_flows.errors import ParameterError


@pytest.mark.parametrize(
    ("default", "kind"),
    [(1, "int"), (1.5, "float"), ("EU", "str"), (True, "bool"), ([1], "list"), ({}, "dict"), (None, "any")],
)
def test_the_type_is_the_defaults(default, kind):
    """A default says what the parameter takes."""
    assert ParameterSpec.infer("p", default) == ParameterSpec("p", kind, default, required=False)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "3", 3),
        ("float", "3", 3.0),
        ("str", "3", "3"),
        ("str", "North America", "North America"),
        ("bool", "true", True),
        ("bool", "0", False),
        ("list", "[1, 2]", [1, 2]),
        ("list", "['a']", ["a"]),
        ("dict", '{"a": 1}', {"a": 1}),
        ("any", "EU", "EU"),
    ],
)
def test_texts_are_read_by_type(kind, text, value):
    """What a command line can write reaches the cell as the right type."""
    assert ParameterSpec("p", kind, required=True).parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("int", "x"), ("int", "1.5"), ("int", "true"), ("bool", "maybe"), ("list", "3")]
)
def test_a_text_of_another_type_is_refused(kind, text):
    """The error names parameter, type and value."""
    with pytest.raises(ParameterError, match=f"'p' takes {kind}, not"):
        ParameterSpec("p", kind, required=True).parse(text)


def test_resolving_fills_in_defaults():
    """Given values win, defaults fill the rest."""
    specs = [ParameterSpec.infer("a", 1), ParameterSpec.infer("b", "x")]
    assert resolve(specs, {"b": "y"}) == {"a": 1, "b": "y"}


def test_an_unknown_parameter_lists_the_known():
    """A misspelt name is an error, never silently dropped."""
    with pytest.raises(ParameterError, match="no parameter 'regoin'; it has 'n', 'region'"):
        resolve([ParameterSpec("region"), ParameterSpec("n")], {"regoin": "EU"})


def test_a_missing_required_parameter_is_named():
    """A run without a needed value does not start."""
    with pytest.raises(ParameterError, match="'day' needs a value"):
        resolve([Parameter("day").spec], {})


def test_a_default_that_is_no_json_is_written_as_its_repr():
    """flow.json can always be written."""
    assert ParameterSpec("p", "any", {1, 2}).to_json()["default"] == "{1, 2}"
