"""Look at live values inside the process that has them: what they mean, how large they are, what can't be pickled.

Imported by the cell that `comparison.deep` adds to its copy of a notebook, and by the expressions that it
asks a kernel to evaluate between cells. Nothing here changes a value or shows one.
"""

from __future__ import annotations

import json
import time
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_flows.core.meaning import value_meaning
from jupyter_flows.core.unpicklable import failing_path, pickled_size

#: Time for all values of a notebook together, or of one cell; what is left then is not looked at.
SECONDS = 20.0
#: What is named rather than pickled, or is a definition.
_NAMED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)


def show(**lookups: Callable[[], Any]) -> None:
    """Print, as one JSON object, a digest of each value's content; null where it can't be told."""
    until = time.monotonic() + SECONDS
    found = {name: _digest(look) if time.monotonic() < until else None for name, look in lookups.items()}
    print(json.dumps(found))  # noqa: T201 - the outcome is the cell's output


def _digest(look: Callable[[], Any]) -> str | None:
    try:
        value = look()
    except NameError:
        return "undefined"
    if isinstance(value, _NAMED):
        return None
    try:
        meaning = value_meaning(value)
    except Exception:  # noqa: BLE001 - whatever a value's own methods raise
        return None
    unseen = [sentence for sentence in meaning.findings if " MB:" not in sentence]
    return None if unseen else meaning.text


def report(namespace: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return, as JSON, the size of each value and what keeps it from being pickled: path and reason."""
    until = time.monotonic() + SECONDS
    found = []
    for name in names:
        if name not in namespace or isinstance(namespace[name], _NAMED) or time.monotonic() > until:
            continue
        size, reason = pickled_size(namespace[name])
        path = failing_path(namespace[name], name, until=until) if reason else None
        found.append({"name": name, "size_bytes": size, "path": path and path[0], "kind": path and path[1]})
    return json.dumps(found)
