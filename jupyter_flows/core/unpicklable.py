"""What of a value can't be pickled, and how many bytes the rest takes."""

from __future__ import annotations

import pickle
import time
import types
from collections.abc import Iterator, Mapping
from typing import Any

import cloudpickle

#: How far into an object, and at how many of its parts, is looked for what can't be pickled.
_DEPTH, _PARTS = 20, 5_000


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
