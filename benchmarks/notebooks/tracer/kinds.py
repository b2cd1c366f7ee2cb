"""What kind of thing a value is to the tracer, by its exact type; no library is imported to find out."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import re
import sys
import sysconfig
import types
import uuid
import weakref
from typing import Any, Literal

Kind = Literal["atom", "container", "instance", "code", "module", "library"]

_ATOMS = (
    int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range, dt.date,
    dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction, re.Pattern, re.Match,
    pathlib.PurePath, uuid.UUID, enum.Enum,
)  # fmt: skip
#: Types of libraries whose values never change, by full name, subclasses included.
_LIBRARY_ATOMS = frozenset(
    {
        "numpy.generic", "numpy.dtype", "numpy.ufunc", "pandas.Timestamp", "pandas.Timedelta", "pandas.Period",
        "pandas.Interval", "pandas._libs.tslibs.timestamps.Timestamp", "pandas._libs.tslibs.timedeltas.Timedelta",
        "pandas._libs.tslibs.period.Period", "pandas._libs.interval.Interval", "pandas._libs.tslibs.nattype.NaTType",
        "pandas._libs.missing.NAType", "pandas.api.typing.NAType", "pandas.core.indexing._IndexSlice",
        "pandas.core.dtypes.base.ExtensionDtype",
        "pandas._libs.tslibs.offsets.BaseOffset",
        "sympy.core.basic.Basic", "pandas.api.extensions.ExtensionDtype", "numpy._ArrayFunctionDispatcher",
        "numpy.lib._index_tricks_impl.IndexExpression", "inspect.Signature", "typing._Final", "types.GenericAlias",
        "types.UnionType", "_collections._tuplegetter",
    }
)  # fmt: skip
CONTAINERS = (list, dict, set, frozenset, tuple, collections.deque, bytearray)
CODE = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType, functools.partial, type, staticmethod, classmethod, property, types.CellType,
)  # fmt: skip
#: Folders of code that is not the notebook's.
_FOREIGN = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

_found: dict[type, Kind] = {}


def kind(type_: type) -> Kind:
    """Return the kind of a type's instances."""
    known = _found.get(type_)
    if known is None:
        known = _found[type_] = _kind(type_)
    return known


def _kind(type_: type) -> Kind:
    names = {full_name(t) for t in type_.__mro__}
    if names & _LIBRARY_ATOMS or issubclass(type_, (types.ModuleType, weakref.ref)):
        return "module" if issubclass(type_, types.ModuleType) else "atom"
    if type_ in CONTAINERS or type_ in (collections.OrderedDict, collections.Counter, collections.defaultdict):
        return "container"
    if issubclass(type_, CODE):
        return "code"
    if issubclass(type_, _ATOMS) and not _is_local(type_):
        return "atom"
    if _is_local(type_):
        return "instance" if _local_down_to_object(type_) else "library"
    return "library"


def stateless(value: object) -> bool:
    """Tell values without a state of their own: numbers, text, tuples of them, functions and classes of libraries."""
    what = kind(type(value))
    if type(value) is tuple:
        return all(map(stateless, value))
    if what != "code":
        return what in ("atom", "module")
    if isinstance(value, type):
        return not _is_local(value)
    if isinstance(value, types.BuiltinFunctionType):
        return stateless(value.__self__)
    if isinstance(value, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return True
    return isinstance(value, types.FunctionType) and not _is_local_module(value.__module__)


def is_local(value: object) -> bool:
    """Tell whether a class was made by the notebook, or by a module that lies next to it."""
    return isinstance(value, type) and _is_local(value)


def _is_local(type_: type) -> bool:
    return _is_local_module(getattr(type_, "__module__", None))


def _is_local_module(name: str | None) -> bool:
    module = sys.modules.get(name or "")
    if module is None or module.__name__ in ("builtins", *sys.builtin_module_names):
        return False
    if module.__name__ == "__main__":
        return True
    path: Any = getattr(module, "__file__", None)
    return isinstance(path, str) and not path.startswith(_FOREIGN)


def _local_down_to_object(type_: type) -> bool:
    """Tell whether all that a class inherits is the notebook's own, or a plain container's."""
    return all(_is_local(t) or t in (object, *CONTAINERS, Exception) or _protocol(t) for t in type_.__mro__)


def _protocol(type_: type) -> bool:
    return type_.__module__ in ("abc", "typing", "collections.abc", "builtins", "enum", "collections")


def full_name(type_: type) -> str:
    """Return a type's import path."""
    return f"{type_.__module__}.{type_.__qualname__}"
