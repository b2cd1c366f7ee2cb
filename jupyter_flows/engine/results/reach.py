"""All that a value reaches, where pickle can't tell."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

from jupyter_flows.engine.results.references import ATOMS, References, Unfaithful, has_identity

#: More is not looked at.
MOST_OBJECTS = 200_000


def reach(value: Any, references: References) -> set[int] | None:
    """Return the ids of all objects that a value leads to; None for too many."""
    found: dict[int, Any] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        if id(item) in found or type(item) in ATOMS or _ends_here(item, references):
            continue
        found[id(item)] = item
        if len(found) > MOST_OBJECTS:
            return None
        stack += gc.get_referents(item)
    return set(found)


def _ends_here(item: Any, references: References) -> bool:
    if isinstance(item, ModuleType) or not has_identity(item, references.main):
        return True
    try:
        return references.of(item) is not None
    except Unfaithful:
        return item is references.main
