"""Which values may be used on another thread than the one that made them, beside other users: known ones alone."""

from __future__ import annotations

import builtins
import datetime as dt
import decimal
import fractions
import pathlib
import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any

#: More parts of one cell's values are not looked at: the cell stays home.
MOST_PARTS = 50_000

#: Values that never change.
_SCALARS: frozenset[type] = frozenset(
    {
        type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented), slice,
        dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone, decimal.Decimal,
        fractions.Fraction, uuid.UUID, re.Pattern, pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath,
    }
)  # fmt: skip
_COLLECTIONS: frozenset[type] = frozenset({list, tuple, set, frozenset})
#: Packages that keep no state of a thread's own, but for the settings that `_settings_are_shared` looks at.
_PACKAGES = frozenset(
    {
        "base64", "bisect", "calendar", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum",
        "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "numbers", "operator", "random",
        "re", "statistics", "string", "textwrap", "time", "typing", "zlib", "builtins", "_functools", "_operator",
        "reprlib", "_bisect", "_heapq", "_collections", "_json", "_hashlib", "_random", "_statistics", "numpy",
        "pandas", "scipy", "sklearn",
    }
)  # fmt: skip
#: What pandas finds in columns of objects, if nothing else is in them.
_KNOWN_INSIDE = frozenset(
    {"string", "empty", "boolean", "integer", "floating", "integer-na", "mixed-integer-float", "date", "datetime",
     "datetime64", "timedelta", "timedelta64", "time", "decimal", "bytes", "complex"}
)  # fmt: skip


class Unfit(Exception):
    """A value, or something in it, is not known to be fit for another thread."""


def all_fit(values: Iterable[Any], *, main: Mapping[str, Any]) -> bool:
    """Tell whether every value may be used on another thread; `main` is the notebook's namespace.

    Raises `Unfit`, or anything else where a cell that runs now is importing or changing what is looked at.
    """
    look = _Look(main)
    for value in values:
        look.at(value)
    return _settings_are_shared()


class _Look:
    """One look at values and all their parts."""

    def __init__(self, main: Mapping[str, Any]):
        self._main = main
        self._seen: set[int] = set()
        self._left = MOST_PARTS

    def at(self, value: Any) -> None:
        """Return, or raise `Unfit`."""
        kind = type(value)
        if kind in _SCALARS:
            return
        self._left -= 1
        if self._left < 0:
            raise Unfit
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if kind in _COLLECTIONS:
            self._all(value)
        elif kind is dict:
            self._all(value)
            self._all(value.values())
        elif kind is FunctionType:
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif kind in (ModuleType, BuiltinFunctionType, MethodDescriptorType):
            self._named(value)
        elif kind.__module__ == "__main__":
            self._instance(value)
        else:
            self._library(value, kind)

    def _all(self, parts: Iterable[Any]) -> None:
        for part in parts:
            if type(part) not in _SCALARS:
                self.at(part)
            else:
                self._left -= 1
        if self._left < 0:
            raise Unfit

    def _named(self, value: Any) -> None:
        """Look at a module or what it defines: known by its package."""
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or "builtins"
        if _root(name) not in _PACKAGES and getattr(builtins, "display", None) is not value:
            raise Unfit

    def _function(self, function: FunctionType) -> None:
        if function.__globals__ is not self._main:
            if _root(function.__globals__.get("__name__")) not in _PACKAGES:
                raise Unfit
        else:
            self._all(function.__defaults__ or ())
            self._all((function.__kwdefaults__ or {}).values())
            self._all(vars(function).values())
        for cell in function.__closure__ or ():
            self.at(cell.cell_contents)

    def _class(self, cls: type) -> None:
        if cls.__module__ != "__main__":
            self._named(cls)
            return
        if type(cls) is not type:
            raise Unfit
        for base in cls.__bases__:
            self.at(base)
        for name, value in vars(cls).items():
            if name not in ("__dict__", "__weakref__") and not name.startswith("__dataclass_"):
                self._member(value)

    def _member(self, value: Any) -> None:
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
        for part in parts:
            if type(part).__name__ not in ("member_descriptor", "wrapper_descriptor"):
                self.at(part)

    def _instance(self, value: Any) -> None:
        self.at(type(value))
        for base in type(value).__mro__:
            if base.__module__ != "__main__" and base is not object:
                raise Unfit
            for slot in _slots(base):
                if slot in vars(base) and hasattr(value, slot):
                    self.at(getattr(value, slot))
        self._all(getattr(value, "__dict__", {}).values())

    def _library(self, value: Any, kind: type) -> None:
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and (kind is numpy.ndarray or issubclass(kind, numpy.generic | numpy.dtype)):
            if getattr(value, "dtype", value).hasobject:
                raise Unfit
        elif numpy is not None and kind in (numpy.ufunc, type(numpy.sum)):
            return
        elif pandas is not None and kind in (pandas.DataFrame, pandas.Series):
            self._table(value, pandas)
        elif pandas is not None and kind in (pandas.Timestamp, pandas.Timedelta, type(pandas.NaT)):
            return
        elif pandas is not None and isinstance(value, pandas.Index) and _root(kind.__module__) == "pandas":
            self._index(value, pandas)
        else:
            raise Unfit

    def _table(self, table: Any, pandas: Any) -> None:
        """Look at a frame or series, and let it do now what it would do when first looked at, by several at once."""
        manager = table._mgr  # noqa: SLF001 - whether its blocks would be put together anew is said nowhere else
        if not manager.is_consolidated():
            raise Unfit
        if table.ndim > 1:
            manager.blknos, manager.blklocs  # noqa: B018 - made when first asked for
        for axis in table.axes:
            self._index(axis, pandas)
        columns = [table] if isinstance(table, pandas.Series) else [table.iloc[:, n] for n in range(table.shape[1])]
        for column in columns:
            self._inside(column, column.dtype, pandas)
        self._all(table.attrs.values())

    def _index(self, index: Any, pandas: Any) -> None:
        if isinstance(index, pandas.MultiIndex):
            for level in index.levels:
                self._index(level, pandas)
            index.is_unique  # noqa: B018 - fills the table of its labels, which must not be filled by two at once
            return
        self._inside(index, index.dtype, pandas)
        if not isinstance(index, pandas.RangeIndex):
            index.is_unique  # noqa: B018 - as above
        self._all(index.names)

    def _inside(self, values: Any, dtype: Any, pandas: Any) -> None:
        """Look at what a column or index holds."""
        if dtype == object:  # noqa: E721 - a dtype, not a type
            if pandas.api.types.infer_dtype(values, skipna=True) not in _KNOWN_INSIDE:
                self._all(values)
        elif isinstance(dtype, pandas.CategoricalDtype):
            self._index(dtype.categories, pandas)
        elif not (hasattr(dtype, "itemsize") or str(dtype) in ("str", "string", "boolean")):
            raise Unfit


def _root(module: Any) -> str:
    return str(module).partition(".")[0]


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _settings_are_shared() -> bool:
    """Tell whether settings that some packages keep for each thread are the same for all."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and int(numpy.__version__.partition(".")[0]) < 2:  # noqa: PLR2004 - its settings are contexts' from 2 on
        return False
    config = sys.modules.get("sklearn._config")
    return config is None or config.get_config() == config._global_config  # noqa: SLF001 - the defaults are told nowhere else
