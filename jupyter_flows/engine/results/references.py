"""Objects that are stored by name: they are there again once modules are imported and definitions replayed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any

#: ``("main",)``, ``("module", name)``, ``("library", module, name)`` or ``("definition", key of the cell, name)``.
Reference = tuple[str, ...]

#: Values without an identity that anybody could tell.
ATOMS: frozenset[type] = frozenset({type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented)})
_NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType)
_OURS = ("__main__", "jupyter_flows")


#: Kinds of values that never change, of packages that may be loaded.
_CONSTANT = (
    ("numpy", "dtype"), ("numpy", "generic"), ("numpy", "ufunc"), ("pandas.api.extensions", "ExtensionDtype"),
    ("datetime", "date"), ("datetime", "timedelta"), ("datetime", "tzinfo"), ("decimal", "Decimal"), ("enum", "Enum"),
)  # fmt: skip


#: What pickling notes on a class.
_BY_PICKLE = frozenset({"__slotnames__"})


@functools.cache
def _is_constant(kind: type, loaded: int) -> bool:
    """Tell whether values of a kind never change; `loaded` counts modules, for more kinds may be known by then."""
    del loaded
    if kind in (slice, range, BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType):
        return True
    if kind.__name__ in ("cython_function_or_method", "fused_cython_function", "_ArrayFunctionDispatcher"):
        return True
    known = (getattr(sys.modules.get(module), name, None) for module, name in _CONSTANT)
    return kind.__module__ != "__main__" and any(isinstance(k, type) and issubclass(kind, k) for k in known)


def has_identity(value: Any, main: Mapping[str, Any]) -> bool:
    """Tell whether it matters who shares a value: not if it can't change, or if it is a library's code."""
    kind = type(value)
    if kind in ATOMS or (kind in (tuple, frozenset) and not value):
        return False
    if isinstance(value, type):
        return value.__module__ == "__main__"
    if kind is FunctionType:
        return value.__globals__ is main
    return not _is_constant(kind, len(sys.modules))  # type: ignore[arg-type] # types are hashable


class Unfaithful(Exception):
    """A value would not come back as what it is."""


class References:
    """The objects of one process that are stored by name."""

    def __init__(self, main: dict[str, Any]):
        self.main = main
        self._known: dict[int, Reference] = {id(main): ("main",)}
        self._alive: list[Any] = [main]
        #: What functions and classes had of their own when their definition cell had run.
        self._inside: dict[int, dict[str, Any]] = {}
        self._definitions: dict[Reference, Any] = {}
        self._library: dict[int, Reference] = {}
        self._modules: set[str] = set()

    def define(self, key: str, names: Mapping[str, Any]) -> None:
        """Take note of what a definition cell has bound; `key` is the same in every run."""
        for name, value in names.items():
            if type(value) in ATOMS or isinstance(value, ModuleType):
                continue
            reference: Reference = ("definition", key, name)
            self._definitions[reference] = value
            self._alive.append(value)
            if getattr(value, "__module__", None) == "__main__":
                self._known.setdefault(id(value), reference)
                self._inside[id(value)] = dict(getattr(value, "__dict__", {}))

    def refresh(self) -> None:
        """Look for the objects that libraries keep in their modules, if modules came since."""
        fresh = [name for name in list(sys.modules) if name not in self._modules]
        self._modules.update(fresh)
        for module_name in fresh:
            module = sys.modules.get(module_name)
            if isinstance(module, ModuleType) and module_name.partition(".")[0] not in _OURS:
                for name, value in list(vars(module).items()):
                    if name[:2] != "__" and type(value) not in ATOMS and not isinstance(value, _NAMED):
                        self._library.setdefault(id(value), ("library", module_name, name))

    def of(self, value: Any) -> Reference | None:
        """Return the name that a value is stored by; raise `Unfaithful` for one that is not any more what it was."""
        if isinstance(value, ModuleType):
            return self._of_module(value)
        known = self._known.get(id(value))
        if known is None:
            return self._of_library(value)
        inside = self._inside.get(id(value))
        if inside is not None and not _same(inside, getattr(value, "__dict__", {})):
            raise Unfaithful(f"{known[-1]} was changed after its definition")
        return known

    def _of_library(self, value: Any) -> Reference | None:
        found = self._library.get(id(value))
        if found is None or (type(value) in (tuple, frozenset) and not value):
            return None
        # What a module held then may be gone, and its place in memory another's.
        return found if getattr(sys.modules.get(found[1]), found[2], None) is value else None

    def _of_module(self, module: ModuleType) -> Reference:
        if vars(module) is self.main:
            return ("module", "__main__")
        if sys.modules.get(module.__name__) is not module:
            raise Unfaithful(f"module {module.__name__} can't be imported by its name")
        return ("module", module.__name__)

    def find(self, reference: Reference) -> Any:
        """Return what a reference names, importing its module."""
        kind, *words = reference
        if kind == "main":
            return self.main
        if kind == "definition":
            return self._definitions[reference]
        __import__(words[0])
        module = sys.modules[words[0]]
        return module if kind == "module" else getattr(module, words[1])


def _same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    names = before.keys() - _BY_PICKLE
    return names == now.keys() - _BY_PICKLE and all(before[name] is now[name] for name in names)
