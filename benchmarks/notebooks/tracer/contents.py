"""What an object consists of: its own state by value, and the objects that it leads to.

Only what decides behaviour counts: caches that libraries fill when they like are left out.
"""

from __future__ import annotations

import array
import collections
import functools
import io
import itertools
import random
import sys
import types
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.notebooks.tracer.kinds import full_name, is_local, kind, stateless

#: Arrays above this size are fingerprinted by a sample of their items.
MOST_BYTES = 64_000_000
_SAMPLED = 200_000


@dataclass(slots=True)
class Contents:
    """One object, taken apart."""

    #: The object's own state; None where nobody can tell.
    own: Hashable | None
    #: What it leads to, in order.
    inner: Sequence[object] = field(default_factory=tuple)


def contents(value: Any) -> Contents:
    """Take an object apart."""
    for type_ in type(value).__mro__:
        reader = _READERS.get(type_) or _LIBRARY_READERS.get(full_name(type_))
        if reader is not None:
            return reader(value)
    if kind(type(value)) == "instance":
        return _attributes(value)
    return Contents(None, _state_of(value))


def _attributes(value: Any) -> Contents:
    """Take an object apart by its attributes."""
    return _mapping(_state(value), type(value))


def _state(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for type_ in type(value).__mro__:
        slots = type_.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = type_.__dict__.get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    found[name] = member.__get__(value)
                except AttributeError:
                    continue
    return found


def _state_of(value: Any) -> list[object]:
    """Return what an object that is not known leads to; nothing of those that hold a whole library."""
    if type(value).__module__.startswith(("matplotlib", "IPython", "ipykernel", "traitlets", "logging", "threading")):
        return []
    state = getattr(value, "__dict__", None)
    return list(state.values()) if type(state) is dict else []


# -- the standard library's ------------------------------------------------------------------------


def _sequence(values: Iterable[Any], what: Hashable) -> Contents:
    items = list(values)
    if all(kind(t) == "atom" for t in set(map(type, items))):
        return Contents((what, len(items), _hashed(items)))
    if set(map(type, items)) == {tuple} and all(kind(t) == "atom" for t in set(map(type, itertools.chain(*items)))):
        return Contents((what, len(items), _hashed(items)))
    plain = list(map(stateless, items))
    own = tuple(_hashed([item]) if flat else None for item, flat in zip(items, plain, strict=True))
    return Contents((what, hash(own)), [item for item, flat in zip(items, plain, strict=True) if not flat])


def _mapping(value: dict[Any, Any], what: Hashable) -> Contents:
    keys, values = _sequence(value.keys(), "keys"), _sequence(value.values(), "values")
    return Contents((what, keys.own, values.own), [*keys.inner, *values.inner])


def _set(value: Any) -> Contents:
    if all(kind(t) == "atom" for t in set(map(type, value))):
        return Contents((type(value), hash(frozenset(value))))
    return Contents((type(value), len(value)), sorted(value, key=id))


def _hashed(items: list[Any]) -> int:
    try:
        return hash((tuple(items), tuple(map(type, items[:100]))))
    except TypeError:
        return zlib.crc32(repr(items).encode())


def _function(value: types.FunctionType) -> Contents:
    cells = [_cell(c) for c in value.__closure__ or ()]
    found = [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *value.__dict__.values()]
    return _sequence(found, ("function", id(value.__code__)))


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _class(value: type) -> Contents:
    if not is_local(value):
        return Contents(())
    state = {k: v for k, v in value.__dict__.items() if not k.startswith(("__", "_abc_"))}
    kept = {
        k: v for k, v in state.items() if not isinstance(v, (types.GetSetDescriptorType, types.MemberDescriptorType))
    }
    made = _mapping(kept, "class")
    return Contents(made.own, [*made.inner, *value.__bases__])


def _partial(value: Any) -> Contents:
    return Contents("partial", [value.func, *value.args, *value.keywords.values()])


def _iterator(value: Any) -> Contents:
    """Take an iterator of the standard library apart; asking does not move it."""
    try:
        parts = value.__reduce__()
    except (TypeError, AttributeError):
        return Contents(None)
    flat = [p for part in parts[1:] if part is not None for p in (part if isinstance(part, tuple) else (part,))]
    # Lists that the iterator makes for the answer are no objects of the notebook: what they hold counts.
    if type(value) in _ANSWER_BY_LISTS:
        flat = [p for part in flat for p in (part if isinstance(part, list) else (part,))]
    return _sequence([p for p in flat if not (isinstance(p, (list, tuple)) and not p)], type(value))


def _generator(value: Any) -> Contents:
    frame = value.gi_frame
    if frame is None:
        return Contents("ended")
    return _mapping(dict(frame.f_locals), ("generator", frame.f_lasti))


def _file(value: Any) -> Contents:
    if value.closed:
        return Contents("closed")
    if isinstance(value, io.StringIO):
        return Contents((value.getvalue(), value.tell()))
    if isinstance(value, io.BytesIO):
        return Contents((zlib.crc32(value.getbuffer()), value.tell()))
    try:
        return Contents(value.tell() if value.seekable() else None)
    except OSError:
        return Contents(None)


def _view(value: Any) -> Contents:
    return Contents("view", [getattr(value, "mapping", None)])


_ANSWER_BY_LISTS = (type(iter({})), type(iter({}.values())), type(iter({}.items())), type(iter(set())))
_ITERATORS = (
    type(iter([])), type(iter(())), type(iter({})), type(iter("")), type(iter(range(1))), type(reversed([])), zip, map,
    enumerate, filter, type(iter({}.values())), type(iter({}.items())), type(iter(set())), itertools.count,
    itertools.cycle, itertools.chain, itertools.islice, itertools.product, itertools.permutations, itertools.repeat,
    itertools.combinations, itertools.accumulate, itertools.starmap, itertools.takewhile, itertools.dropwhile,
)  # fmt: skip
_READERS: dict[type, Callable[[Any], Contents]] = {
    list: lambda v: _with_attributes(_sequence(v, "list"), v),
    tuple: lambda v: _sequence(v, "tuple"),
    collections.deque: lambda v: _sequence(v, ("deque", v.maxlen)),
    dict: lambda v: _with_attributes(_mapping(v, "dict"), v),
    collections.defaultdict: lambda v: _mapping({**v, "<factory>": v.default_factory}, "dict"),
    types.MappingProxyType: lambda v: _mapping(dict(v), "proxy"),
    types.SimpleNamespace: _attributes,
    set: _set,
    frozenset: _set,
    bytearray: lambda v: Contents(zlib.crc32(v)),
    array.array: lambda v: Contents((v.typecode, zlib.crc32(memoryview(v).cast("B")) if len(v) else 0)),
    types.FunctionType: _function,
    types.MethodType: lambda v: Contents("method", [v.__self__, v.__func__]),
    types.BuiltinFunctionType: lambda v: Contents((), [v.__self__]),
    types.ModuleType: lambda _: Contents(()),
    types.GeneratorType: _generator,
    type({}.keys()): _view,
    type({}.values()): _view,
    type({}.items()): _view,
    functools.partial: _partial,
    type: _class,
    property: lambda v: Contents("property", [v.fget, v.fset]),
    staticmethod: lambda v: Contents("static", [v.__func__]),
    classmethod: lambda v: Contents("classmethod", [v.__func__]),
    type(functools.lru_cache(len)): lambda v: Contents("cached", [v.__wrapped__]),  # what it remembers is a cache
    random.Random: lambda v: Contents(hash(v.getstate())),
    io.IOBase: _file,
    BaseException: lambda v: _mapping({**v.__dict__, "args": v.args}, type(v)),
} | dict.fromkeys(_ITERATORS, _iterator)


def _with_attributes(found: Contents, value: Any) -> Contents:
    """Add the attributes of an instance of a subclass."""
    state = getattr(value, "__dict__", None)
    if not state:
        return found
    more = _mapping(state, "attributes")
    return Contents((found.own, more.own), [*found.inner, *more.inner])


# -- NumPy's and pandas's --------------------------------------------------------------------------


def _ndarray(value: Any) -> Contents:
    shape = (value.shape, str(value.dtype))
    if value.dtype.hasobject and value.dtype.kind == "O":
        found = _sequence(value.ravel().tolist(), shape)
        return Contents(found.own, found.inner)
    return Contents((shape, _checksum(value)))


def _checksum(value: Any) -> int:
    numpy = sys.modules["numpy"]
    if value.size == 0:
        return 0
    if value.nbytes > MOST_BYTES:
        value = (
            value.reshape(-1)[:: max(1, value.size // _SAMPLED)] if value.flags.c_contiguous else value.flat[:_SAMPLED]
        )
    return zlib.crc32(numpy.ascontiguousarray(value).reshape(-1).view(numpy.uint8).data)


def _masked(value: Any) -> Contents:
    numpy = sys.modules["numpy"]
    data, mask = numpy.ndarray.view(value, numpy.ndarray), numpy.ma.getmaskarray(value)
    own = (_ndarray(data).own, _ndarray(mask).own)
    return Contents(own)


def _extension(value: Any) -> Contents:
    """Take one of pandas's own arrays apart."""
    for parts in (("_ndarray",), ("_data", "_mask"), ("codes", "categories"), ("_left", "_right")):
        if all(hasattr(value, part) for part in parts):
            found = [_part(getattr(value, part)) for part in parts]
            inner = [o for f in found for o in f.inner]
            return Contents((str(value.dtype), *(f.own for f in found)), inner)
    return _sequence(list(value), str(value.dtype))


def _part(value: Any) -> Contents:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        return _ndarray(value)
    return contents(value) if hasattr(value, "dtype") else _sequence(list(value), "part")


def _index(value: Any) -> Contents:
    names = tuple(map(str, value.names))
    if type(value).__name__ == "RangeIndex":
        return Contents((names, value.start, value.stop, value.step))
    if type(value).__name__ == "MultiIndex":
        parts = [*(contents(level) for level in value.levels), *(_ndarray(codes) for codes in value.codes)]
        return Contents((names, *(p.own for p in parts)))
    found = _part(value._values)  # noqa: SLF001 -- the public property copies
    return Contents((names, found.own), found.inner)


def _frame(value: Any) -> Contents:
    """Take a frame or a series apart, column by column: how pandas groups columns in memory is its own affair."""
    manager = value._mgr  # noqa: SLF001 -- going through columns in public costs a thousand times as much
    columns: list[tuple[int, Contents]] = []
    for block in manager.blocks:
        data = block.values
        rows = [data] if data.ndim == 1 else list(data)
        places = block.mgr_locs.as_array.tolist() if value.ndim > 1 else [0]
        columns += zip(places, map(_part, rows), strict=True)
    columns.sort(key=lambda pair: pair[0])
    axes = [_index(axis) for axis in value.axes]
    own = (
        *(a.own for a in axes),
        *(c.own for _, c in columns),
        str(getattr(value, "name", "")) if value.ndim == 1 else "",
    )
    return Contents(own, [o for c in (*axes, *(c for _, c in columns)) for o in c.inner])


def _generator_state(value: Any) -> Contents:
    return Contents(repr(value.bit_generator.state))


def _random_state(value: Any) -> Contents:
    name, keys, *rest = value.get_state()
    return Contents((name, zlib.crc32(keys), *rest))


# -- others' ---------------------------------------------------------------------------------------


def _axes(value: Any) -> Contents:
    """Tell what was drawn, not what drawing it works out."""
    shown = [type(child).__name__ for child in value.get_children()]
    lines = [_checksum(line.get_xydata()) for line in value.lines]
    words = (value.title.get_text(), value.xaxis.label.get_text(), value.yaxis.label.get_text())
    return Contents((tuple(shown), tuple(lines), words, value.get_xscale(), value.get_yscale()))


def _figure(value: Any) -> Contents:
    size = tuple(value.get_size_inches())
    return Contents((len(value.get_children()), size), list(value.axes))


def _graph(value: Any) -> Contents:
    return Contents("graph", [value._adj, value._node, value.graph])  # noqa: SLF001 -- the rest are cached views


_LIBRARY_READERS: dict[str, Callable[[Any], Contents]] = {
    "numpy.ndarray": _ndarray,
    "numpy.ma.MaskedArray": _masked,
    "numpy.ma.core.MaskedArray": _masked,
    "numpy.random._generator.Generator": _generator_state,
    "numpy.random.mtrand.RandomState": _random_state,
    "pandas.DataFrame": _frame,
    "pandas.Series": _frame,
    "pandas.core.frame.DataFrame": _frame,
    "pandas.core.series.Series": _frame,
    "pandas.Index": _index,
    "pandas.core.indexes.base.Index": _index,
    "pandas.api.extensions.ExtensionArray": _extension,
    "pandas.core.arrays.base.ExtensionArray": _extension,
    "sklearn.base.BaseEstimator": _attributes,
    "scipy.sparse._base._spbase": _attributes,
    "matplotlib.axes._base._AxesBase": _axes,
    "matplotlib.figure.FigureBase": _figure,
    "matplotlib.path.Path": _attributes,
    "networkx.classes.graph.Graph": _graph,
    "IPython.core.display.DisplayObject": _attributes,
    "ast.AST": _attributes,
    "argparse.Namespace": _attributes,
}
