"""Turn the values of some names into bytes and back, all that they share included."""

from __future__ import annotations

import io
import itertools
import pickle
import struct
import time
import types
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cloudpickle
from cloudpickle import cloudpickle as by_value

from jupyter_flows.engine.results.arrays import Memory
from jupyter_flows.engine.results.references import ATOMS, Reference, References, Unfaithful, has_identity

#: Iterators that pickle replaces by copies of what is left.
_COPIED: frozenset[type] = frozenset(
    {type(iter({})), type(iter({}.items())), type(iter({}.values())), type(iter(set())), type(reversed({}))}
) | {kind for kind in vars(itertools).values() if isinstance(kind, type)}
#: How much is stored of one group of names, at most; and in a second.
MOST_BYTES, BYTES_A_SECOND = 1 << 30, 400_000_000
_PROTOCOL = 5
_HEAD = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Frozen:
    """Bytes, and what they were made of."""

    data: bytes
    #: By id, the objects with an identity of their own that the values reach.
    objects: Mapping[int, Any]
    memory: Memory
    #: Whether there is nothing in it that a second execution of the cell would not make alike.
    plain: bool


def freeze(names: Mapping[str, Any], references: References, *, seconds: float) -> Frozen:
    """Pickle names with their values.

    Raises `Unfaithful`, or whatever an object raises that can't be pickled; a pickle that takes longer than
    `seconds` is unfaithful too.
    """
    file = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    freezer = _Freezer(file, references, buffers, seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        freezer.dump(dict(names))
    if not freezer.memory.of_arrays.isdisjoint(freezer.memory.of_frames):
        raise Unfaithful("an array and a frame share memory")
    parts: list[Any] = [file.getvalue(), *(b.raw() for b in buffers)]
    head = _HEAD.pack(len(parts)) + b"".join(_HEAD.pack(len(p)) for p in parts)
    plain = all(type(v) in ATOMS or isinstance(v, types.ModuleType) for v in names.values())
    return Frozen(b"".join((head, *parts)), freezer.objects, freezer.memory, plain)


def thaw(data: bytes | memoryview, references: References) -> dict[str, Any]:
    """Bring back what `freeze` was given; raises whatever the objects' own code raises."""
    view = memoryview(data)
    count = _HEAD.unpack_from(view)[0]
    sizes = [_HEAD.unpack_from(view, _HEAD.size * (n + 1))[0] for n in range(count)]
    ends = list(itertools.accumulate(sizes, initial=_HEAD.size * (count + 1)))
    parts = [view[start:end] for start, end in itertools.pairwise(ends)]
    names: dict[str, Any] = _Thawer(io.BytesIO(parts[0]), references, parts[1:]).load()
    return names


class _Freezer(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
    def __init__(self, file: io.BytesIO, references: References, buffers: list[pickle.PickleBuffer], seconds: float):
        super().__init__(file, protocol=_PROTOCOL, buffer_callback=buffers.append)
        self.objects: dict[int, Any] = {}
        self._met = 0
        self._most_bytes = min(MOST_BYTES, int(BYTES_A_SECOND * seconds))
        self.memory = Memory(self._most_bytes)
        self._references, self._file, self._until = references, file, time.monotonic() + seconds

    def persistent_id(self, value: Any) -> Reference | None:
        """Return the name of what is stored by name."""
        self._met += 1
        if not self._met & 255:
            self._check_limits()
        kind = type(value)
        if kind in ATOMS:
            return None
        reference = self._references.of(value)
        if reference is not None:
            return reference
        if kind in _COPIED:
            raise Unfaithful(f"a {kind.__name__} would be copied")
        if has_identity(value, self._references.main):
            self.objects[id(value)] = value
        return None

    def _check_limits(self) -> None:
        if time.monotonic() > self._until:
            raise Unfaithful("storing it takes too long")
        if self._file.tell() > self._most_bytes:
            raise Unfaithful("it is too large to be stored in the time that it may take")

    def reducer_override(self, value: Any) -> Any:
        """Return how an object is made again."""
        reduced = self.memory.reduce(value)
        return super().reducer_override(value) if reduced is None else reduced

    def _function_getnewargs(self, function: types.FunctionType) -> Any:
        """Let the notebook's functions find their globals in its module, as ever."""
        if function.__globals__ is self._references.main:
            self.globals_ref[id(function.__globals__)] = function.__globals__
        return super()._function_getnewargs(function)

    def _dynamic_function_reduce(self, function: types.FunctionType) -> Any:
        reduced = super()._dynamic_function_reduce(function)
        if function.__globals__ is not self._references.main:
            return reduced
        make, arguments, (inside, slots), *_ = reduced
        slots["__globals__"] = {}
        return make, arguments, (inside, slots), None, None, by_value._function_setstate  # noqa: SLF001 - what it uses itself


class _Thawer(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, references: References, buffers: list[memoryview]):
        super().__init__(file, buffers=buffers)
        self._references = references

    def persistent_load(self, reference: Any) -> Any:
        """Return what a name stands for."""
        return self._references.find(tuple(reference))
