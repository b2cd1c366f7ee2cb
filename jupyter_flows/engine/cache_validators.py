"""When a cached result may be used again: what `cache_validator` takes.

A validator is called with the `Entry` of the cached result, and what the task would be called with now: digests of its
inputs and of the run's parameters, by name. Whether the result is too old has been asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Digests = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a cached result."""

    #: When it was made, in seconds since the epoch.
    at: float
    #: What the task was called with: digests of content, by name.
    cached_inputs: Digests = field(default_factory=dict)
    #: The parameters of the run that made it, likewise.
    cached_parameters: Digests = field(default_factory=dict)


Validator = Callable[[Entry, Digests, Digests], bool]


def never_use(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
    """Run the task each time.

    >>> never_use(Entry(0.0), {}, {})
    False
    """
    del entry, inputs, parameters
    return False


def duration_only(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
    """Use the result whatever the task would be called with, as long as it is young enough.

    >>> duration_only(Entry(0.0, {"x": "1"}), {"x": "2"}, {})
    True
    """
    del entry, inputs, parameters
    return True


def all_inputs(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
    """Use the result if every input is the same.

    >>> all_inputs(Entry(0.0, {"x": "1"}), {"x": "2"}, {})
    False
    """
    del parameters
    return dict(entry.cached_inputs) == dict(inputs)


def all_parameters(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
    """Use the result if every parameter of the flow is the same.

    >>> all_parameters(Entry(0.0, {}, {"n": "1"}), {}, {"n": "1"})
    True
    """
    del inputs
    return dict(entry.cached_parameters) == dict(parameters)


def partial_inputs_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Use the result if these inputs are the same, whatever the others are.

    >>> partial_inputs_only(["x"])(Entry(0.0, {"x": "1", "y": "1"}), {"x": "1", "y": "2"}, {})
    True
    """
    names = tuple(validate_on or ())

    def validate(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
        del parameters
        return all(entry.cached_inputs.get(name) == inputs.get(name) for name in names)

    return validate


def partial_parameters_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Use the result if these parameters of the flow are the same, whatever the others are.

    >>> partial_parameters_only(["n"])(Entry(0.0, {}, {"n": "1"}), {}, {"n": "2"})
    False
    """
    names = tuple(validate_on or ())

    def validate(entry: Entry, inputs: Digests, parameters: Digests) -> bool:
        del inputs
        return all(entry.cached_parameters.get(name) == parameters.get(name) for name in names)

    return validate
