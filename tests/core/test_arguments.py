"""Arguments of plain functions, without a signature: never another answer than `inspect` gives."""

import functools

import pytest

from jupyter_flows.core.arguments import plain_arguments
from jupyter_flows.core.task import FunctionTask, Task
from jupyter_flows.errors import DefinitionError


def two(a, b):
    """Take two."""


def defaults(a, b=1, c=2):
    """Take up to three."""


def keyword_only(a, *, b, c=1):
    """Take names."""


def positional_only(a, /, b):
    """Take one without a name."""


def variadic(*args, **kwargs):
    """Take anything."""


def rest(a, **kwargs):
    """Take anything by name."""


@functools.wraps(two)
def wrapped(*args, **kwargs):
    """Take what another does."""


@functools.wraps(two)
def narrowed(x):
    """Say that it takes what another does."""


FUNCTIONS = [two, defaults, keyword_only, positional_only, variadic, rest, wrapped, narrowed, lambda x: x, len]
CALLS = [
    ((), {}),
    ((1,), {}),
    ((1, 2), {}),
    ((1, 2, 3), {}),
    ((1, 2, 3, 4), {}),
    ((1,), {"b": 2}),
    ((), {"b": 2, "a": 1}),
    ((), {"c": 3, "a": 1}),
    ((1,), {"a": 1}),
    ((1,), {"other": 1}),
    ((), {"b": 2}),
]


def outcome(call):
    try:
        return list(call().items())
    except DefinitionError as error:
        return str(error)


@pytest.mark.parametrize("fn", FUNCTIONS, ids=lambda fn: fn.__name__)
def test_calls_are_named_as_signatures_name_them(fn):
    """In the same order, with the same errors."""
    made = FunctionTask(fn)
    for args, kwargs in CALLS:
        quick = outcome(lambda args=args, kwargs=kwargs: made.bound_arguments(args, kwargs))
        assert quick == outcome(lambda args=args, kwargs=kwargs: Task.bound_arguments(made, args, kwargs))


@pytest.mark.parametrize("fn", FUNCTIONS, ids=lambda fn: fn.__name__)
def test_required_arguments_are_those_of_the_signature(fn):
    """Those without a default that are no rest."""
    made = FunctionTask(fn)
    assert list(made.needed_arguments()) == list(Task.needed_arguments(made))


def test_functions_that_say_they_take_something_else_are_not_plain():
    """`__wrapped__` and `__signature__` count, not the code."""
    assert plain_arguments(two) == ("a", "b")
    assert [plain_arguments(fn) for fn in (narrowed, keyword_only, positional_only, rest, len)] == [None] * 5


def test_a_subclass_with_a_signature_of_its_own_is_asked():
    """Only plain function tasks take the short way."""

    class Other(FunctionTask):
        def signature(self):
            return Task.signature(self)

        def run(self, x):
            return x

    assert dict(Other(two).bound_arguments((1,), {})) == {"x": 1}
    assert Other(two).needed_arguments() == ["x"]
