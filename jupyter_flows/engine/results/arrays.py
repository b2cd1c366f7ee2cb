"""Arrays and frames, stored so that they come back with the memory that they shared, and no other."""

from __future__ import annotations

import sys
from importlib import import_module
from pickle import PickleBuffer
from typing import Any

from jupyter_flows.engine.results.references import Unfaithful

Reduced = tuple[Any, ...]


class Memory:
    """Whose memory was met in one pickle: of arrays that share it openly, and of frames that copy on write."""

    def __init__(self, most_bytes: int) -> None:
        self.of_arrays: set[int] = set()
        self.of_frames: set[int] = set()
        self._left = most_bytes

    def take(self, size_bytes: int) -> None:
        """Count bytes that are about to be copied; raise `Unfaithful` for more than may be."""
        self._left -= size_bytes
        if self._left < 0:
            raise Unfaithful("it is too large to be stored in the time that it may take")

    def reduce(self, value: Any) -> Reduced | None:
        """Return how an array or frame is made again; None for anything else, which knows it itself."""
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return None
        if isinstance(value, numpy.ndarray):
            return self._array(value, numpy)
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series):
            return self._frame(value, numpy, pandas)
        if pandas is not None and isinstance(value, pandas.Index) and not isinstance(value, pandas.MultiIndex):
            # An index never changes: what shares its memory need not be stored with it.
            reduced: Reduced = value.copy(deep=True).__reduce_ex__(5)
            return reduced
        return None

    def _array(self, array: Any, numpy: Any) -> Reduced | None:
        owner = _owner(array)
        if type(array) is not numpy.ndarray or array.dtype.hasobject:
            if owner is not array:
                raise Unfaithful(f"a {type(array).__name__} shares its memory with another array")
            return None
        self.of_arrays.add(id(owner))
        if owner is not array:
            return self._view(array, owner, numpy)
        self.take(array.nbytes)
        if array.flags.c_contiguous:
            raw, order = array, "C"
        elif array.flags.f_contiguous:
            raw, order = array.T, "F"
        else:
            raise Unfaithful("an array lies in memory in an order of its own")
        flat = raw.reshape(-1).view(numpy.uint8) if raw.size and raw.ndim else numpy.frombuffer(raw.tobytes(), "u1")
        return whole_array, (array.dtype, array.shape, order, array.flags.writeable, PickleBuffer(flat))

    @staticmethod
    def _view(array: Any, owner: Any, numpy: Any) -> Reduced:
        if type(owner) is not numpy.ndarray or owner.dtype.hasobject:
            raise Unfaithful("an array shares its memory with something else")
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        where = (array.dtype, array.shape, offset, array.strides)
        return part_of_array, (owner, where, array.flags.writeable)

    def _frame(self, frame: Any, numpy: Any, pandas: Any) -> Reduced:
        if int(pandas.__version__.partition(".")[0]) < 3:  # noqa: PLR2004 - frames copy on write from 3 on
            raise Unfaithful("frames of pandas before version 3 may share memory unseen")
        for block in frame._mgr.blocks:  # noqa: SLF001 - where a frame's memory lies is said nowhere else
            if isinstance(block.values, numpy.ndarray):
                self.of_frames.add(id(_owner(block.values)))
        self.take(int(frame.memory_usage(index=True) if frame.ndim == 1 else frame.memory_usage(index=True).sum()))
        make, arguments, state, *rest = frame.copy(deep=True).__reduce_ex__(5)
        if isinstance(state, dict) and "_metadata" in state:
            state = {**state, "_metadata": list(state["_metadata"])}  # else that of all frames, being their class's
        return (make, arguments, state, *rest)


def _owner(array: Any) -> Any:
    """Return what owns an array's memory: the array itself, or what it is a view of."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def whole_array(dtype: Any, shape: tuple[int, ...], order: str, writeable: bool, data: Any) -> Any:  # noqa: FBT001 - called by pickle
    """Make an array that owns its memory."""
    numpy: Any = import_module("numpy")
    array: Any = numpy.empty(shape, dtype, order=order)
    flat = array.reshape(-1, order="A") if array.ndim else array.reshape(1)
    if array.size:
        flat.view(numpy.uint8)[:] = numpy.frombuffer(data, numpy.uint8)
    array.flags.writeable = writeable
    return array


def part_of_array(owner: Any, where: tuple[Any, ...], writeable: bool) -> Any:  # noqa: FBT001 - called by pickle
    """Make an array that lies in another one's memory; `where` is its type, shape, offset and strides."""
    numpy: Any = import_module("numpy")
    dtype, shape, offset, strides = where
    array: Any = numpy.ndarray(shape, dtype, buffer=owner, offset=offset, strides=strides)
    array.flags.writeable = writeable
    return array
