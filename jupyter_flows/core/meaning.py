"""What a task means: its source, and by content everything that it reaches.

Two tasks of one meaning give one version, so the text may depend on nothing that changes from process to
process: no addresses, file names, line numbers, hash seeds or pickle bytes. Values are taken apart the way
pickle would take them apart, breadth first, each mutable one numbered where it is first met, so that cycles
end and depth costs nothing.
"""

from __future__ import annotations

import collections
import copyreg
import dataclasses
import enum
import functools
import inspect
import json
import reprlib
import sys
import types
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import Any, ForwardRef, TypeGuard

from jupyter_flows.core.canonical import canonical, digest
from jupyter_flows.core.functions import function_source, global_names
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import CellTask, Collect, FunctionTask, GetItem, Task

#: A captured value above this is nearly always a mistake: it travels with the flow.
MANY_BYTES = 50_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Meaning:
    """A digest of what something means, and what could not be told."""

    #: 64 hex digits.
    text: str
    #: Sentences that name what was not seen, or is too large.
    findings: tuple[str, ...] = ()
    #: Bytes of text and arrays that the function captured.
    size_bytes: int = 0


def function_meaning(fn: Any) -> Meaning:
    """Return the meaning of a function, class, task or any other value."""
    return _Walk(fn).meaning()


def value_meaning(value: Any) -> Meaning:
    """Return the meaning of a value, by content."""
    if type(value) in (bool, int, float, type(None)):
        return Meaning(digest(f"{type(value).__name__} {value!r}"))
    return _Walk(value).meaning()


def task_meaning(task: Task, known: dict[int, Meaning] | None = None) -> Meaning:
    """Return the meaning of the work a task does; retries, timeouts and tags are not part of it.

    `known` remembers what functions mean, by id, over a flow in which many tasks share one.
    """
    if isinstance(task, CellTask):
        return Meaning(task.meaning)
    if known is None or not _is_plain(task):
        return _Walk(task).meaning()
    fn = id(task.fn)
    if fn not in known:
        known[fn] = _Walk(task).meaning()
    return known[fn]


def _is_plain(task: Task) -> TypeGuard[FunctionTask]:
    """Tell whether a task is a function and nothing more."""
    return type(task) is FunctionTask and vars(task).keys() - _WRAPPER - _TASK_OPTIONS == {"fn"}


#: What `Task.__init__` sets and flow.json tells in words, and what `functools.update_wrapper` copies.
_TASK_OPTIONS = frozenset({"name", "tags", "max_retries", "retry_delay_seconds", "timeout_seconds", "rules"})
_WRAPPER = frozenset({*functools.WRAPPER_ASSIGNMENTS, "__wrapped__"})
#: What every class has and what Python or a decorator derives from the rest.
_CLASS_DERIVED = frozenset(
    {
        "__module__", "__qualname__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__",
        "__abstractmethods__", "_abc_impl", "__dataclass_fields__", "__match_args__", "__doc__",
    }
)  # fmt: skip
#: Files whose code writes methods for others' classes.
_GENERATORS = frozenset({"<string>", reprlib.__file__, dataclasses.__file__, collections.__file__})
_ATOMS = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented))


class _Walk:
    """One walk over everything that a root reaches."""

    def __init__(self, root: Any):
        self._numbers: dict[int, int] = {}
        #: Values met and not yet described, with the way to each; `_alive` keeps ids from being used again.
        self._pending: collections.deque[tuple[Any, str]] = collections.deque()
        self._alive: list[Any] = []
        self._findings: list[str] = []
        self._size_bytes = 0
        self._hash = sha256()
        self._way = ""
        self._root = root

    def meaning(self) -> Meaning:
        """Walk, and return the digest with what was found."""
        self._hash.update(self._refer(self._root, _name_of(self._root)).encode())
        while self._pending:
            value, self._way = self._pending.popleft()
            self._hash.update(f"\n{self._describe(value)}".encode("utf-8", "surrogatepass"))
        if self._size_bytes > MANY_BYTES:
            self._findings.append(
                f"{_name_of(self._root)} captures {self._size_bytes / 1e6:.0f} MB: load these data inside the task, "
                "or pass them in as an argument."
            )
        return Meaning(self._hash.hexdigest(), tuple(self._findings), self._size_bytes)

    def _refer(self, value: Any, way: str) -> str:
        """Return how a value is written where it is used: itself when it is small, else its number."""
        if isinstance(value, _ATOMS) and type(value) in _ATOMS:
            return self._atom(value)
        if type(value) is tuple and all(type(v) in _ATOMS for v in value):
            # Python makes one object of equal constant tuples, or not: their identity means nothing.
            return f"({','.join(map(self._atom, value))})"
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._numbers)
            self._alive.append(value)
            self._pending.append((value, way))
        return f"#{number}"

    def _atom(self, value: Any) -> str:
        if isinstance(value, str | bytes):
            self._size_bytes += len(value)
            data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            return f"{type(value).__name__}:{sha256(data).hexdigest()}"
        if isinstance(value, int) and not isinstance(value, bool):
            return hex(value)
        return repr(value)

    def _all(self, what: str, values: Iterable[Any]) -> str:
        return f"{what}[{','.join(self._refer(v, f'{self._way}[{n}]') for n, v in enumerate(values))}]"

    def _pairs(self, what: str, pairs: Iterable[tuple[Any, Any]]) -> str:
        return f"{what}{{{','.join(self._pair(k, v) for k, v in pairs)}}}"

    def _pair(self, key: Any, value: Any) -> str:
        way = f"{self._way}[{key!r}]" if isinstance(key, str | int) else self._way
        return f"{self._refer(key, way)}:{self._refer(value, way)}"

    def _named(self, what: str, values: dict[str, Any]) -> str:
        """Write attributes or variables, which have no order."""
        written = (f"{n}={self._refer(values[n], f'{self._way}.{n}')}" for n in sorted(values))
        return f"{what}({','.join(written)})"

    def _describe(self, value: Any) -> str:
        kind = type(value)
        if kind in (list, tuple):
            return self._all(kind.__name__, value)
        if kind is dict:
            return self._pairs("dict", value.items())
        if kind in (set, frozenset):
            # An own walk for each gives an order that no hash seed changes.
            return self._all(kind.__name__, sorted(value, key=lambda v: _Walk(v).meaning().text))
        for types_, describe in self._special:
            if isinstance(value, types_):
                return describe(self, value)
        return self._reduced(value)

    # -- code ----------------------------------------------------------------------------------

    def _function(self, fn: types.FunctionType) -> str:
        if library := _library(fn.__module__):
            return f"function {library}:{fn.__qualname__}"
        source = function_source(fn)
        if source is None:
            self._findings.append(
                f"The source of {self._way} can't be found, so a change of its code is not seen: "
                "define it in a cell or a file."
            )
            source = f"unknown:{fn.__qualname__}"
        closure = dict(zip(fn.__code__.co_freevars, map(_cell_content, fn.__closure__ or ()), strict=True))
        read = {n: fn.__globals__[n] for n in global_names(fn.__code__) if n in fn.__globals__}
        parts = [
            self._all("defaults", fn.__defaults__ or ()),
            self._named("keyword-defaults", fn.__kwdefaults__ or {}),
            self._named("closure", closure),
            self._named("globals", read),
            self._named("attributes", {k: v for k, v in vars(fn).items() if k not in _WRAPPER}),
        ]
        return f"function {source} {' '.join(parts)}"

    def _class(self, cls: type) -> str:
        if library := _library(cls.__module__):
            return f"class {library}:{cls.__qualname__}"
        if issubclass(cls, enum.Enum):
            members = self._named("members", {m.name: m.value for m in cls})
            methods = {n: v for n, v in vars(cls).items() if _is_own_method(n, v)}
        else:
            members, methods = "", {n: v for n, v in vars(cls).items() if not _derived(n, v)}
        fields = vars(cls).get("__dataclass_fields__", {}).values()
        factories = self._named("factories", {f.name: f.default_factory for f in fields})
        bases = self._all("bases", (*cls.__bases__, type(cls)))
        return f"class {cls.__name__} {bases} {members} {factories} {self._named('has', methods)}"

    def _module(self, module: types.ModuleType) -> str:
        if library := _library(module.__name__):
            return f"module {library}"
        try:
            return f"module {module.__name__} {digest(canonical(inspect.getsource(module)))}"
        except (OSError, TypeError, SyntaxError):
            self._findings.append(
                f"The source of module {module.__name__!r} can't be found, so a change of it is not seen."
            )
            return f"module {module.__name__}"

    def _task(self, task: Task) -> str:
        if isinstance(task, CellTask):
            return f"cell {task.meaning}"
        if isinstance(task, Parameter):
            return f"parameter {json.dumps(task.spec.to_json(), sort_keys=True)}"
        if isinstance(task, Collect):
            return f"collect {task.shape.__name__} {self._all('keys', task.keys)}"
        if isinstance(task, GetItem):
            return "item"
        if _is_plain(task):
            return f"task {self._refer(task.fn, self._way)}"
        skipped = _TASK_OPTIONS | (_WRAPPER if isinstance(task, FunctionTask) else frozenset())
        own = {k: v for k, v in vars(task).items() if k not in skipped}
        return f"task {self._refer(type(task), type(task).__name__)} {self._named('with', own)}"

    def _method(self, method: types.MethodType) -> str:
        return f"method {self._refer(method.__func__, self._way)} {self._refer(method.__self__, self._way)}"

    def _builtin(self, fn: types.BuiltinFunctionType) -> str:
        owner = fn.__self__
        if owner is None or isinstance(owner, types.ModuleType):
            return f"builtin {_library(fn.__module__) or fn.__module__}:{fn.__qualname__}"
        return f"builtin {fn.__name__} of {self._refer(owner, self._way)}"

    def _descriptor(self, value: Any) -> str:
        return self._all(
            type(value).__name__, [getattr(value, n, None) for n in ("__func__", "fget", "fset", "fdel", "func")]
        )

    def _enum_member(self, member: enum.Enum) -> str:
        return f"member {member.name} of {self._refer(type(member), self._way)}"

    def _forward(self, annotation: ForwardRef) -> str:
        return f"annotation {json.dumps(annotation.__forward_arg__)}"

    def _path(self, path: PurePath) -> str:
        return f"{type(path).__name__} {json.dumps(str(path))}"

    # -- everything else -----------------------------------------------------------------------

    def _reduced(self, value: Any) -> str:
        """Take a value apart as pickle would."""
        try:
            reduced = _reduce(value)
        except Exception as error:  # noqa: BLE001 - whatever an object's own pickling raises
            if hasattr(value, "__wrapped__"):
                return f"wrapped {type(value).__name__} {self._refer(value.__wrapped__, self._way)}"
            name = type(value).__name__
            self._findings.append(
                f"{self._way} is a {name}, whose content can't be told ({error}): make it inside the task."
            )
            return f"unknown {type(value).__module__}.{type(value).__qualname__}"
        if isinstance(reduced, str):
            wrapped = getattr(value, "__wrapped__", None)
            inner = f" {self._refer(wrapped, self._way)}" if wrapped is not None else ""
            return f"global {_library(getattr(value, '__module__', None))} {type(value).__qualname__} {reduced}{inner}"
        make, args, state, items, pairs = (*reduced, None, None, None)[:5]
        own = state if isinstance(state, dict) and all(isinstance(k, str) for k in state) else None
        return " ".join(
            [
                f"made-by {self._refer(make, self._way)}",
                self._all("args", args or ()),
                self._named("state", own) if own is not None else self._all("state", [state]),
                self._all("items", items or ()),
                self._pairs("pairs", pairs or ()),
            ]
        )

    _special: tuple[tuple[Any, Callable[[Any, Any], str]], ...] = (
        (types.FunctionType, _function),
        (type, _class),
        (types.ModuleType, _module),
        (types.MethodType, _method),
        (types.BuiltinFunctionType, _builtin),
        (Task, _task),
        (enum.Enum, _enum_member),
        (PurePath, _path),
        (ForwardRef, _forward),
        ((staticmethod, classmethod, property, functools.cached_property), _descriptor),
    )


def _reduce(value: Any) -> Any:
    special = copyreg.dispatch_table.get(type(value))
    return special(value) if special else value.__reduce_ex__(4)


def _cell_content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return NotImplemented


def _derived(name: str, value: Any) -> bool:
    """Tell whether a class's attribute follows from the rest of the class, as what `dataclass` writes does."""
    if name in _CLASS_DERIVED or isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
        return True
    value = getattr(value, "__func__", value)
    if not isinstance(value, types.FunctionType):
        return False
    file = value.__code__.co_filename
    return file in _GENERATORS or file.startswith(("<frozen", "namedtuple_"))


def _is_own_method(name: str, value: Any) -> bool:
    """Tell what an enumeration's author wrote from what `enum` put there."""
    written = isinstance(value, types.FunctionType | staticmethod | classmethod | property)
    return written and not _derived(name, value) and getattr(value, "__module__", None) != enum.__name__


def _name_of(value: Any) -> str:
    if isinstance(value, Task):
        return f"task {value.name!r}"
    name = getattr(value, "__qualname__", None) or getattr(value, "name", None)
    return f"{type(value).__name__} {name!r}" if isinstance(name, str) else f"a {type(value).__name__}"


def _library(module: str | None) -> str | None:
    """Return what stands for code that is not the user's: its module, and its version if it has one of its own."""
    top = (module or "builtins").partition(".")[0]
    if top in ("__main__", "__mp_main__"):
        return None
    if top in sys.stdlib_module_names:
        return module or "builtins"
    if top == "jupyter_flows":
        return module
    version = _installed_version(top)
    return f"{module}=={version}" if version else None


@functools.cache
def _installed_version(top: str) -> str | None:
    """Return the version of the distribution that a package was installed from; None for a local module."""
    path = getattr(sys.modules.get(top), "__file__", None) or ""
    if not {"site-packages", "dist-packages"} & set(PurePath(path).parts):
        return None
    from importlib.metadata import version

    distributions = _distributions().get(top, [])
    return ",".join(f"{d}-{version(d)}" for d in sorted(set(distributions))) or "unknown"


@functools.cache
def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions  # a run never asks, and importing it costs a quarter of ours

    return dict(packages_distributions())
