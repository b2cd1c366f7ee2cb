"""What tasks that were made of one have in common, so that it is pickled once and not ten thousand times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary


class Definition:
    """The attributes of all tasks that have the very same ones.

    It may be met before it is whole: a function may reach a task that is made of this very function. Such tasks wait
    until it is.
    """

    def __init__(self, attributes: Mapping[str, Any]):
        self.attributes = dict(attributes)

    def give(self, task: Any) -> None:
        """Give a task that is being unpickled its attributes, as soon as they are known."""
        if "attributes" in vars(self):
            vars(task).update(self.attributes)
        else:
            vars(self).setdefault("waiting", []).append(task)

    def __getstate__(self) -> dict[str, Any]:
        return self.attributes

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes
        for task in vars(self).pop("waiting", ()):
            self.give(task)


#: Definitions by the identity of what is in them, which they keep alive; they live for as long as a pickler has them.
_KNOWN: WeakValueDictionary[tuple[Any, ...], Definition] = WeakValueDictionary()


def definition_of(task: Any) -> Definition:
    """Return the definition that a task shares with all that have the same attributes."""
    attributes = vars(task)
    key = (*attributes, *map(id, attributes.values()))
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = Definition(attributes)
    return known
