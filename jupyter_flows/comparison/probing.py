"""Look at live values inside the process that has them: what they mean, how large they are, what can't be pickled.

Imported by the cell that `comparison.deep` adds to its copy of a notebook, and by the expressions that it
asks a kernel to evaluate between cells. Nothing here changes a value or shows one.
"""

from __future__ import annotations

import json
import pickle
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import cloudpickle

from jupyter_flows.core.meaning import value_meaning

#: Time for all values of a notebook together, or of one cell; what is left then is not looked at.
SECONDS = 20.0
#: How far into an object, and at how many of its parts, is looked for what can't be pickled.
_DEPTH, _PARTS = 20, 5_000
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


class _Counter:
    """A file that keeps nothing but the number of bytes written to it."""

    def __init__(self) -> None:
        self.size_bytes = 0

    def write(self, data: Any) -> int:
        """Count."""
        size = memoryview(data).nbytes
        self.size_bytes += size
        return size

    def take(self, buffer: pickle.PickleBuffer) -> bool:
        """Count a buffer that would travel beside the pickle."""
        self.size_bytes += buffer.raw().nbytes
        return False


def pickled_size(value: Any) -> tuple[int, str]:
    """Return how many bytes a value pickles to, and why it can't be pickled, "" if it can."""
    counter = _Counter()
    try:
        cloudpickle.CloudPickler(counter, protocol=5, buffer_callback=counter.take).dump(value)
    except Exception as error:  # noqa: BLE001 - whatever a value's own pickling raises
        return counter.size_bytes, f"{type(error).__name__}: {error}"
    return counter.size_bytes, ""


def failing_path(value: Any, name: str, *, until: float = float("inf")) -> tuple[str, str]:
    """Return the way to the innermost part of a value that can't be pickled, as one writes it, and its type."""
    seen: set[int] = set()
    path, looked = name, 0
    for _ in range(_DEPTH):
        seen.add(id(value))
        for step, part in _parts(value):
            looked += 1
            if id(part) in seen or looked > _PARTS or time.monotonic() > until:
                continue
            if not isinstance(part, (types.ModuleType, type)) and pickled_size(part)[1]:
                path, value = path + step, part
                break
        else:
            break
    return path, f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, and how one gets there."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in _items(value))
    elif isinstance(value, list | tuple):
        yield from ((f"[{n}]", part) for n, part in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from (("", part) for part in value)
    if isinstance(value, types.FunctionType):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        yield from ((f".<{name}>", cell.cell_contents) for name, cell in cells if _is_filled(cell))
        used = set(value.__code__.co_names)
        yield from ((f".<{name}>", part) for name, part in value.__globals__.items() if name in used)
    if isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    yield from ((f".{name}", part) for name, part in list(getattr(value, "__dict__", {}).items()))
    for kind in type(value).__mro__:
        for name in _slots(kind):
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)


def _items(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    try:
        return list(value.items())
    except Exception:  # noqa: BLE001 - a mapping of somebody's own may raise anything
        return []


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
