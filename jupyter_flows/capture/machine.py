"""The state of the abstract interpretation, and the few things that every part of it does to that state."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Hashable, Sequence

from jupyter_flows.capture.heap import ANY, INERT, NOTHING, Heap, Obj, Refused, Region, Value
from jupyter_flows.capture.ledger import Ledger, Track
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import Resources
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.capture.scopes import Names, Scope

#: Names that a kernel's module has without any cell binding them.
BUILTINS = frozenset(dir(builtins)) | {
    "display", "get_ipython", "exit", "quit", "__file__", "__name__", "__doc__", "__builtins__", "__annotations__",
}  # fmt: skip
#: Objects that are only a handle of something outside: changing them changes that.
_STANDING = frozenset({"file", "context"})
_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out")

#: Calls followed into their bodies in one cell before the analysis gives up being precise.
CALL_BUDGET = 500
#: Calls followed inside each other.
CALL_DEPTH = 12

#: A name in a scope; what it is bound to, with the cell that surely did so.
Binding = tuple[Scope, str]
Bound = tuple[Value | None, int]


class Machine:
    """What is known of the notebook at one point of its run from top to bottom."""

    def __init__(self, rules: Rules = ALL_RULES) -> None:
        self.rules = rules
        self.heap = Heap()
        kinds = [
            n.replace("_", "-")
            for n in ("read_after_write", "write_after_read", "write_after_write")
            if getattr(rules, n)
        ]
        self.ledger = Ledger(kinds)
        self.resources = Resources(enabled=rules.resources)
        self.module = Scope(Names(), None)
        self.scope = self.module
        self.tracks: dict[str, Track] = {}
        self.barriers: dict[int, str] = {}
        self.undefined: list[tuple[int, str, int]] = []
        self.stars: list[str] = []
        self.cell = -1
        self.line = 0
        #: Where allocations happen: grows with each call followed.
        self.context: int = 0
        self.contexts: dict[Hashable, int] = {}
        self.depth = 0
        self.budget = CALL_BUDGET
        self.weak = 0
        #: Names one state of the names that functions can see: equal numbers, equal bindings.
        self.bindings = 0
        self._last_bindings = 0
        self.logs: list[dict[Binding, Bound]] = []
        #: name -> the cell that surely wrote it last
        self.stamps: dict[str, int] = {}
        #: What ignoring aliases takes for copies (a switch of tests).
        self.copies: set[int] = set()
        #: Activations being followed, and their functions.
        self.active: list[Scope] = []
        self.running: list[Obj] = []
        self.resuming: list[Obj] = []
        #: The class whose body is being run.
        self.owner: int | None = None
        #: Values handed to code that is not known, while what that code may do is worked out.
        self.handed: set[int] | None = None
        #: What functions that such code calls may return.
        self.returned: dict[int, Value] = {}
        #: Some class has special methods.
        self.has_special = False
        self._special: Value = NOTHING
        #: The branches that were open when this cell made a figure.
        self.figure: list[int] | None = None
        #: The cells that may change an object that an earlier cell made.
        self.changing: set[int] = set()
        self.reset_cell(-1)

    def reset_cell(self, cell: int) -> None:
        """Start a cell."""
        self.cell = self.ledger.cell = self.resources.cell = cell
        self.heap.start_cell(cell)
        self.context = self.intern(("cell", cell))
        self.budget = CALL_BUDGET
        #: Calls already followed in this cell -> what was known then, and the result.
        self.packages: set[str] = set()
        self.followed: dict[Hashable, tuple[Hashable, Value]] = {}
        #: Values read deeply in this cell -> the heap's version then, and all that they hold.
        self.examined: dict[Value, tuple[int, list[int]]] = {}
        self.figure = None
        self.made_functions = False
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.deletes: set[str] = set()
        self.mutates: set[str] = set()
        #: name -> who wrote it before this cell did
        self.before: dict[str, set[int]] = {}

    def intern(self, key: Hashable) -> int:
        """Return a small number for a context."""
        return self.contexts.setdefault(key, len(self.contexts) + 1)

    # ---- objects

    def new(self, node: object, kind: str, *more: Hashable) -> Obj:
        """Return the object that a place in the source makes here."""
        return self.heap.make((id(node), self.context, kind, *more), kind)

    def view(self, base: int, kind: str, *more: Hashable) -> Obj:
        """Return an object of another kind that shares its state with a given one."""
        region = self.heap.region(base) if self.rules.views else None
        made = self.heap.make(("view", base, kind, *more), kind, region)
        if made.fields.get(ANY) is None:
            self.hold(made, self.heap.load_all(base))
            made.touches = self.heap.objs[base].touches
        return made

    def api(self, path: str) -> Value:
        """Return the value of a library's module, function, class or attribute."""
        made = self.heap.make(("api", path), "api")
        made.data = path
        return frozenset((made.id,))

    def hold(self, holder: Obj, value: Value, name: str = ANY) -> None:
        """Put a value into an object."""
        if self.rules.contents:
            self.heap.store(holder.id, name, value)

    def objects(self, value: Value) -> list[Obj]:
        """Return the objects of a value."""
        objs = self.heap.objs
        return [objs[i] for i in value]

    def known(self) -> Hashable:
        """Return what a call's effects depend on, besides its arguments: the same again need not be followed again."""
        return (
            self.heap.version,
            self.bindings,
            self.figure is None or [id(g) for g in self.logs[: len(self.figure)]] == self.figure,
        )

    # ---- accesses

    def look(self, value: Value) -> None:
        """Record that objects are read, not what they hold."""
        heap = self.heap
        for obj in value:
            if heap.objs[obj].kind != "api":
                self.ledger.read(heap.region(obj).track, is_object=True)

    def examine(self, value: Value) -> list[int]:
        """Record that objects and all they hold are read; return all of it."""
        earlier = self.examined.get(value)
        if earlier is not None and earlier[0] == self.heap.version:
            return earlier[1]
        objs, regions = self.heap.reach(value)
        for region in regions:
            self.ledger.read(region.track, is_object=True)
        self.examined[value] = self.heap.version, objs
        return objs

    def change(self, value: Value) -> None:
        """Record that objects are changed in place."""
        if not self.rules.mutation:
            return
        for obj in self.objects(value):
            if obj.kind == "api":
                continue
            region = self.heap.region(obj.id)
            self.ledger.change(region.track)
            self._note_change(region)
            if obj.touches and obj.kind in _STANDING:
                for resource in obj.touches:
                    self.resources.use(resource)

    def _note_change(self, region: Region) -> None:
        if region.born != self.cell:
            self.changing.add(self.cell)
            if region.track.label:
                self.mutates.add(region.track.label)

    def barrier(self, reason: str) -> None:
        """Order the current cell against all others."""
        if self.rules.barriers:
            self.barriers.setdefault(self.cell, reason)

    def reach_own_module(self) -> None:
        """Take it that any of the notebook's names are read and written, through its module."""
        self.lose_track("reaches into the notebook's own module")

    def lose_track(self, reason: str) -> Value:
        """Take it that anything may have happened to anything."""
        self.barrier(reason)
        everything = NOTHING.union(*self.module.vars.values())
        blob = self.link(everything)
        for name in list(self.module.vars):
            self.module.vars[name] |= blob
        self.bound_anew()
        return blob

    def link(self, value: Value) -> Value:
        """Let everything that a value reaches be changed and held by everything else in reach; return its stand-in."""
        region = self._linked(value)
        if region is None:
            region = self._merge(value)
        if region is None or region.blob is None:
            return NOTHING
        blob = frozenset((region.blob,))
        self.change(blob)
        return blob

    def _linked(self, value: Value) -> Region | None:
        """Return the region that everything in reach is in already, if nothing has changed since that was found."""
        found: Region | None = None
        inert: list[int] = []
        self.heap.spend(len(value))
        for obj in value:
            if self.heap.objs[obj].kind in INERT:
                inert.append(obj)
                continue
            region = self.heap.region(obj)
            if region.linked_at != self.heap.version or (found is not None and region is not found):
                return None
            found = region
        return found if found is not None and found.inside.issuperset(inert) else None

    def _merge(self, value: Value) -> Region | None:
        """Make one region of everything in reach that can change."""
        objs, _ = self.heap.reach(value)
        plain = [o for o in objs if self.heap.objs[o].kind not in INERT]
        if not plain:
            return None
        region = self.heap.region(plain[0])
        for obj in plain:
            self._note_change(self.heap.region(obj))
        for obj in plain[1:]:
            region = self.heap.union(region, self.heap.region(obj))
        if region.blob is None:
            made = Obj(len(self.heap.objs), "unknown", region)
            self.heap.objs.append(made)
            region.blob = made.id
            self.heap.version += 1
        if not region.inside.issuperset(objs):
            region.inside.update(objs)
            self.heap.version += 1
        blob = self.heap.objs[region.blob]
        blob.touches = frozenset().union(blob.touches, *(self.heap.objs[o].touches for o in plain))
        region.linked_at = self.heap.version
        return region

    # ---- names

    def track(self, name: str) -> Track:
        """Return the history of a global name."""
        found = self.tracks.get(name)
        if found is None:
            found = self.tracks[name] = Track(name)
        return found

    def load(self, name: str) -> Value:
        """Read a name where Python would look for it."""
        scope = self.scope
        while scope.parent is not None:
            names = scope.names
            if name in names.globals:
                break
            if name in names.own and (scope is self.scope or not scope.is_class):
                if scope.cell is not None and name in names.captured and self.rules.closures:
                    self.look(frozenset((scope.cell,)))
                found = scope.vars.get(name)
                if found is not None:
                    self.look(found)
                    return found
                if not scope.is_class:
                    return NOTHING
            scope = scope.parent
        return self.load_global(name)

    def is_bound(self, name: str) -> bool:
        """Tell whether a name may be looked up here without failing, builtins aside."""
        scope = self.scope
        while scope.parent is not None and name not in scope.names.globals:
            if name in scope.names.own and (scope is self.scope or not scope.is_class):
                return True
            scope = scope.parent
        return name in self.module.vars

    def load_global(self, name: str) -> Value:
        """Read a global name, recording that this cell does."""
        if (self.depth == 0 or self.rules.late_binding) and self.stamps.get(name) != self.cell:
            self.ledger.read(self.track(name))
            if name in self.module.vars or name not in BUILTINS:
                self.reads.add(name)
        value = self.module.vars.get(name)
        if value is None:
            return self._load_unbound(name)
        self.look(value)
        return value

    def _load_unbound(self, name: str) -> Value:
        if name in BUILTINS:
            return self.api("builtins." + name)
        if self.stars:
            self.resources.use(f"<module:{self.stars[-1].split('.')[0]}>")
            return NOTHING.union(*(self.api(f"{star}.{name}") for star in self.stars))
        if not _HISTORY.fullmatch(name) and not self.barriers:
            self.undefined.append((self.cell, name, self.line))
        return self.free(name)

    def free(self, name: str) -> Value:
        """Return the value of a name that no cell has bound."""
        if _HISTORY.fullmatch(name):
            self.resources.read("<display history>")
        free = self.heap.make(("free", name), "unknown")
        free.region.born = -1
        self.heap.region(free.id).track.label = name
        self.look(frozenset((free.id,)))
        return frozenset((free.id,))

    def home(self, name: str) -> Scope:
        """Return the scope that binding a name here writes to."""
        scope = self.scope
        while scope.parent is not None:
            if name in scope.names.globals:
                return self.module
            if name in scope.names.own or not (scope.is_comprehension or name in scope.names.nonlocals):
                return scope
            scope = scope.parent
        return scope

    def bind(self, name: str, value: Value) -> None:
        """Write a name."""
        scope = self.home(name)
        if scope.parent is None:
            self._bind_global(name, value)
            return
        old = scope.vars.get(name)
        self._log((scope, name), (old, -1))
        if old is not None and (
            self.weak or scope.accumulate or scope is not self.scope or name in scope.names.captured
        ):
            value |= old
        scope.vars[name] = value
        if value != old and outlives((scope, name)):
            self.bound_anew()
        if scope.cell is not None and name in scope.names.captured and self.rules.closures:
            self.hold(self.heap.objs[scope.cell], value, name)
            self.change(frozenset((scope.cell,)))

    def _bind_global(self, name: str, value: Value) -> None:
        if self.depth and not self.rules.global_writes:
            return
        old = self.module.vars.get(name)
        stamp = self.stamps.get(name, -1)
        self._log((self.module, name), (old, stamp))
        self._write_global(name)
        if self.weak or self.depth:
            value = value if old is None else value | old
        else:
            self.stamps[name] = self.cell
        if not self.rules.aliases and self.depth == 0:
            value = frozenset(o if self.heap.objs[o].kind in INERT else self.view_of_nothing(o, name) for o in value)
        if value != old or stamp != self.stamps.get(name, -1):
            self.bound_anew()
        self.module.vars[name] = value
        for obj in value:
            track = self.heap.region(obj).track
            if not track.label:
                track.label = name

    def bound_anew(self) -> None:
        """Note that names that functions can see are bound as they never were before."""
        self._last_bindings += 1
        self.bindings = self._last_bindings

    def view_of_nothing(self, obj: int, name: str) -> int:
        """Return a copy that shares nothing (what ignoring aliases would believe)."""
        found = self.heap.objs[obj]
        if obj in self.copies:
            return obj
        made = self.heap.make(("copy", obj, name), found.kind)
        made.fields, made.data = dict(found.fields), found.data
        self.heap.region(made.id).inside |= self.heap.region(obj).inside
        self.copies.add(made.id)
        return made.id

    def _write_global(self, name: str) -> None:
        track = self.track(name)
        self.before.setdefault(name, set(track.writers))
        self.writes.add(name)
        self.ledger.write(track)

    def unbind(self, name: str) -> None:
        """Delete a name."""
        scope = self.home(name)
        old = scope.vars.get(name)
        if scope.parent is not None:
            return
        self._log((scope, name), (old, self.stamps.get(name, -1)))
        self._write_global(name)
        self.deletes.add(name)
        if old is None:
            self.undefined.append((self.cell, name, self.line))
        if not self.weak and not self.depth:
            self.stamps[name] = self.cell
            self.bound_anew()
            scope.vars.pop(name, None)

    # ---- branches

    def alternatives(self, *bodies: Callable[[], None]) -> None:
        """Run bodies of which one happens, and join what they leave."""
        leaves: list[dict[Binding, Bound]] = []
        olds: dict[Binding, Bound] = {}
        before = self.bindings
        for body in bodies:
            self.logs.append({})
            try:
                body()
            finally:
                log = self.logs.pop()
            leaves.append({key: (key[0].vars.get(key[1]), self._stamp(key)) for key in log})
            for key, old in log.items():
                self._put(key, old)
                olds.setdefault(key, old)
            self.bindings = before
        anew = False
        for key, old in olds.items():
            self._log(key, old)
            ends = [leaf.get(key, old) for leaf in leaves]
            joined = (_join([v for v, _ in ends]), min(s for _, s in ends))
            self._put(key, joined)
            anew = anew or (joined != old and outlives(key))
        if anew:
            self.bound_anew()

    def repeat(self, body: Callable[[], None], *, weak: bool) -> None:
        """Run a body that happens any number of times until nothing new comes of it."""
        self.weak += weak
        try:
            for _ in range(60):
                if not self._turn(body):
                    return
        finally:
            self.weak -= weak
        raise Refused

    def _turn(self, body: Callable[[], None]) -> bool:
        """Run a body that may not happen at all; tell whether anything new came of it."""
        version, before, changed, anew = self.heap.version, self.bindings, False, False
        self.logs.append({})
        try:
            body()
        finally:
            log = self.logs.pop()
        for key, old in log.items():
            self._log(key, old)
            joined = _join([old[0], key[0].vars.get(key[1])])
            changed = changed or joined != old[0]
            anew = anew or (joined != old[0] and outlives(key))
            self._put(key, (joined, old[1]))
        self.bindings = before
        if anew:
            self.bound_anew()
        return changed or self.heap.version != version

    def _log(self, key: Binding, old: Bound) -> None:
        if len(self.logs) > key[0].base:
            self.logs[-1].setdefault(key, old)

    def _stamp(self, key: Binding) -> int:
        return self.stamps.get(key[1], -1) if key[0].parent is None else -1

    def _put(self, key: Binding, bound: Bound) -> None:
        scope, name = key
        value, stamp = bound
        if value is None:
            scope.vars.pop(name, None)
        else:
            scope.vars[name] = value
        if scope.parent is None:
            self.stamps[name] = stamp

    # ---- what the parts of the interpreter give each other

    def value(self, node: ast.expr) -> Value:
        """Evaluate an expression."""
        raise NotImplementedError

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Run statements."""
        raise NotImplementedError

    def call(self, callee: Value, args: Args, node: object) -> Value:
        """Call a value."""
        raise NotImplementedError

    def call_object(self, obj: Obj, args: Args, node: object) -> Value:
        """Call one object."""
        raise NotImplementedError

    def call_method(self, receiver: Value, name: str, args: Args, node: object) -> Value:
        """Call a method on whatever a value may be."""
        raise NotImplementedError

    def hand_function(self, function: Obj, args: Args, node: object) -> Value:
        """Have a function that unknown code calls run as that code is."""
        raise NotImplementedError

    def reached_api(self, path: str) -> None:
        """Take it that unknown code calls a library's function."""
        raise NotImplementedError

    def resume_code(self, obj: Obj) -> Value:
        """Run the code of an iterator; return what it gives."""
        raise NotImplementedError

    def iterate(self, value: Value, node: object) -> Value:
        """Go through what a value holds; return the items."""
        raise NotImplementedError

    def touch(self, value: Value) -> None:
        """Read deeply, as comparing and computing do, special methods included."""
        raise NotImplementedError

    def show(self, value: Value) -> None:
        """Read deeply, as printing does."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind a target to a value."""
        raise NotImplementedError

    def set_attribute(self, target: Value, name: str, value: Value) -> None:
        """Set an attribute."""
        raise NotImplementedError

    def havoc(self, value: Value, node: object) -> Value:
        """Hand a value to code that is not known; return what may come back."""
        raise NotImplementedError


def outlives(key: Binding) -> bool:
    """Tell whether code that runs later, or elsewhere, may see a name's binding."""
    scope, name = key
    return scope.parent is None or scope.accumulate or name in scope.names.captured


def _join(values: Sequence[Value | None]) -> Value | None:
    found = [v for v in values if v is not None]
    return NOTHING.union(*found) if found else None
