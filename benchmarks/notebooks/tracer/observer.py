"""What the rewritten code tells while a cell runs: names read and bound, objects that were looked into.

An object is *read* when code looks at its own state: at an item of a list, an attribute of an instance. It is read
*deeply* when code that was not rewritten gets it (a library's function, an operator of a library's type, the display
hook): then everything it leads to may be looked at. Handing an object around reads nothing.
"""

from __future__ import annotations

import builtins
import functools
import itertools
import types
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.notebooks.tracer import hidden
from benchmarks.notebooks.tracer.kinds import full_name, is_local, kind

#: The names under which rewritten code finds its hooks. They end in underscores so that classes do not mangle them.
HOOKS = {
    hook: f"__traced_{hook}__"
    for hook in ("name", "wrote", "own", "deep", "show", "callee", "method", "arg", "augment", "put", "into")
}
#: Temporary objects kept alive to the end of a cell, to see what they led to.
MOST_HELD = 4000
#: Calls that look at the outside of their arguments only (of libraries' objects, at everything).
_SHALLOW: tuple[object, ...] = (
    len, isinstance, issubclass, id, type, callable, hasattr, getattr, delattr, enumerate, zip, iter, next,
    list, tuple, dict, set, reversed, map, filter, functools.partial, object, bool, property, staticmethod, classmethod,
)  # fmt: skip
#: They look at nothing, or not before what they give is gone through.
_NO_USE: tuple[object, ...] = (
    isinstance, issubclass, id, type, callable, object, property, staticmethod, classmethod, setattr,
    itertools.chain,
    itertools.islice, itertools.cycle, itertools.zip_longest, itertools.starmap, itertools.takewhile,
    itertools.dropwhile, itertools.accumulate, itertools.compress, itertools.filterfalse, itertools.groupby,
)  # fmt: skip
#: Methods of plain containers that look into what they hold, or into what they are given.
_DEEP_METHODS = frozenset({"sort", "index", "count", "remove", "__eq__", "issubset", "issuperset"})
_SKIP, _OWN, _DEEP = 0, 1, 2
#: By the address of the function, which lives as long as the interpreter.
_KNOWN_USES = {id(f): _OWN for f in _SHALLOW} | {id(f): _SKIP for f in _NO_USE}


class Observer:
    """Records one cell after the other."""

    def __init__(
        self,
        names: Mapping[str, Any],
        known: Callable[[int], object],
        seeded: Callable[[str], None] = lambda _: None,
    ):
        #: The notebook's module.
        self._names = names
        #: Gives the object that had an address when the cell began, None if it is gone.
        self._known = known
        #: Is told of generators that are about to be seeded.
        self._seeded = seeded
        self._sites: dict[int, int] = {}
        self._put: dict[int, object] = {}
        self.start()

    def start(self) -> None:
        """Begin a cell."""
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.own_ids: set[int] = set()
        self.deep_ids: set[int] = set()
        #: Objects made by this cell that were read, to follow what they lead to.
        self.held: dict[int, object] = {}
        self.held_deep: dict[int, object] = {}
        self.dropped = 0

    def install(self) -> None:
        """Put the hooks where rewritten code finds them."""
        for hook, name in HOOKS.items():
            setattr(builtins, name, getattr(self, hook))

    # -- hooks: each returns the value it is given ------------------------------------------------

    def name(self, name: str, value: Any) -> Any:
        """Note that a name of the module is read."""
        if name not in self.written:
            self.read.add(name)
        return value

    def wrote(self, names: tuple[str, ...], value: Any) -> Any:
        """Note that names of the module are about to be bound."""
        self.written.update(names)
        return value

    def own(self, value: Any) -> Any:
        """Note that a value's own state is looked at; of what no rewritten code belongs to, all state."""
        what = kind(type(value))
        if what == "library":
            self._note(value, deep=True)
        elif what not in {"atom", "module"}:
            self._note(value, deep=False)
            if what == "instance":
                self._note(type(value), deep=False)
        return value

    def deep(self, value: Any) -> Any:
        """Note that all a value leads to may be looked at; instances of the notebook's classes have rewritten code."""
        what = kind(type(value))
        if what in ("container", "library"):
            self._note(value, deep=True)
        elif what not in {"atom", "module"}:
            self._note(value, deep=False)
        return value

    def show(self, value: Any) -> Any:
        """Note that a value is displayed."""
        return self.deep(value)

    def augment(self, name: str, value: Any) -> Any:
        """Note that a name of the module is read, changed or bound anew by ``+=`` and its like."""
        if name not in self.written:
            self.read.add(name)
        self.own(self._names.get(name))
        self.written.add(name)
        return value

    def callee(self, function: Any, place: int) -> Any:
        """Note a call of a function; remember what it will do with its arguments."""
        self._sites[place] = self._use_of_arguments(function)
        self.own(function)
        return function

    def method(self, receiver: Any, name: str, place: int) -> Any:
        """Note a call of a method; remember what it will do with its arguments."""
        what = kind(type(receiver))
        if what == "container":
            deep = name in _DEEP_METHODS
            self._note(receiver, deep=deep)
            self._sites[place] = _DEEP if deep else _OWN if name in ("extend", "update") else _SKIP
        elif what in ("instance", "module") or isinstance(receiver, type):
            self.own(receiver)
            self._sites[place] = self._use_of_arguments(
                getattr(type(receiver), name, None) or _attribute(receiver, name)
            )
        else:
            self.own(receiver)
            self._sites[place] = _DEEP
        return receiver

    def arg(self, value: Any, place: int) -> Any:
        """Note an argument of the call that was announced at a place."""
        how = self._sites.get(place, _DEEP)
        if how == _DEEP:
            return self.deep(value)
        return self.own(value) if how == _OWN else value

    def put(self, value: Any, place: int) -> Any:
        """Keep a value that is about to become an item."""
        if kind(type(value)) != "atom":
            self._put[place] = value
        return value

    def into(self, holder: Any, place: int) -> Any:
        """Note that an item is set: what is not a plain container looks into the item."""
        value = self._put.pop(place, None)
        if value is not None and kind(type(holder)) == "library":
            self.deep(value)
        return holder

    # -- what it comes to --------------------------------------------------------------------------

    def _use_of_arguments(self, function: Any) -> int:
        if isinstance(function, types.MethodType):
            self._tell_seeding(function)
            function = function.__func__
        if isinstance(function, types.FunctionType):
            return _SKIP if function.__globals__ is self._names else _DEEP
        if id(function) in _KNOWN_USES:
            return _KNOWN_USES[id(function)]
        if is_local(function):
            makers = (function.__init__, function.__new__)
            own = (m.__globals__ is self._names for m in makers if isinstance(m, types.FunctionType))
            return _SKIP if all(own) and kind(function) == "instance" else _DEEP
        self._tell_seeding(function)
        return _DEEP

    def _tell_seeding(self, function: object) -> None:
        resource = hidden.seeds(function)
        if resource:
            self._seeded(resource)

    def _note(self, value: object, *, deep: bool) -> None:
        number = id(value)
        ids = self.deep_ids if deep else self.own_ids
        if number in ids:
            return
        if self._known(number) is value:
            ids.add(number)
            return
        held = self.held_deep if deep else self.held
        if number in held or not deep:
            return  # only what it leads to matters: its own state is this cell's
        if _leads_nowhere(value):
            return
        if len(held) < MOST_HELD:
            held[number] = value
        else:
            self.dropped += 1


def _attribute(receiver: object, name: str) -> object:
    return vars(receiver).get(name) if isinstance(receiver, (types.ModuleType, type)) else None


def _leads_nowhere(value: object) -> bool:
    """Tell new objects that hold data and nothing else."""
    return full_name(type(value)).startswith(("numpy.", "pandas.core.series", "pandas.core.frame", "pandas.core.index"))
