"""Annotations of arguments: which of them a mapped task takes one element of, and which it takes whole."""

from __future__ import annotations

from typing import Any


class Annotation:
    """Says how a task takes an argument; annotations nest, and the outer one decides."""

    #: True for one element a child, False for the whole, None where nothing is said.
    mapped: bool | None = None
    flattened = False

    def __init__(self, value: Any):
        self.value: Any = value
        if isinstance(value, Annotation):
            self.mapped = value.mapped if self.mapped is None else self.mapped
            self.flattened = self.flattened or value.flattened
            self.value = value.value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class mapped(Annotation):  # noqa: N801 - the field's name, which reads as a word
    """Take one element of the argument for each child, in a task that is called without ``map``.

    >>> from jupyter_flows import Flow, mapped, task
    >>> @task
    ... def add(x, y):
    ...     return x + y
    >>> with Flow("f") as flow:
    ...     sums = add(mapped([1, 2, 3]), 10)
    >>> flow.run().result[sums].result
    [11, 12, 13]
    """

    mapped = True


class unmapped(Annotation):  # noqa: N801 - as above
    """Give the argument whole to each child of a mapped task: ``add.map([1, 2], unmapped(10))``."""

    mapped = False


class flatten(Annotation):  # noqa: N801 - as above
    """Make one list of a list of lists before a task takes it, mapped or not: ``load.map(flatten(names))``."""

    flattened = True


def annotated(value: Any) -> Annotation:
    """Return the value with its annotation, one that says nothing if it has none."""
    return value if isinstance(value, Annotation) else Annotation(value)
