"""The objects that a notebook may hold, as the analysis sees them: kinds, contents and regions.

A *value* is the set of objects that an expression may give; immutable things without contents (numbers, text, None)
are no objects, so their value is the empty set. Objects that may share state (views) or that unknown code may have
linked share a *region*, and effects are recorded for regions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from jupyter_flows.capture.ledger import Track

#: Ids of the objects an expression may give.
Value = frozenset[int]
NOTHING: Value = frozenset()
#: The field of everything that is not kept under a name of its own.
ANY = "*"
#: Objects that code does not change by being handed them.
INERT = frozenset({"function", "class", "api"})

#: Kinds that copy what is put into them. We take it that no library puts changeable objects of its own into
#: frames and arrays; those of the notebook (lists, dicts, instances) are followed through them.
DATA = frozenset({"pandas", "ndarray"})


#: Objects looked at in one cell, and in the whole notebook, before the analysis gives up being precise; a million
#: take about a second.
CELL_WORK, NOTEBOOK_WORK = 10_000, 50_000
#: What each cell may still cost when the notebook's work is used up.
LEAST_WORK = 500


class Refused(RuntimeError):
    """Following the code costs too much: give up precision, keep the order."""


class Region:
    """Objects that may share state; a node of a union-find forest."""

    __slots__ = ("blob", "born", "inside", "linked_at", "parent", "track")

    def __init__(self, born: int = -1) -> None:
        #: The cell that made it.
        self.born = born
        self.parent: Region | None = None
        self.track = Track()
        #: All that members of the region may hold.
        self.inside: set[int] = set()
        #: The heap's version when all in reach was last found to be in this region.
        self.linked_at = -1
        #: The object that stands for whatever unknown code may have put here.
        self.blob: int | None = None

    def root(self) -> Region:
        """Return the region that this one has become part of."""
        top = self
        while top.parent is not None:
            top = top.parent
        step = self
        while step.parent is not None and step.parent is not top:
            step.parent, step = top, step.parent
        return top


class Obj:
    """One object, or all the objects that one place in the source makes."""

    __slots__ = ("data", "fields", "id", "kind", "region", "touches")

    def __init__(self, number: int, kind: str, region: Region) -> None:
        self.id = number
        self.kind = kind
        self.region = region
        #: What it may hold, by attribute or constant key; the rest under `ANY`.
        self.fields: dict[str, Value] = {}
        #: Code of a function, class of an instance, path of an API: by kind.
        self.data: Any = None
        #: Hidden resources that unknown code of this object may use.
        self.touches: frozenset[str] = frozenset()


class Heap:
    """All objects of one analysis."""

    def __init__(self) -> None:
        self.objs: list[Obj] = []
        #: Grows with every change of contents or regions: loops run until it rests.
        self.version = 0
        #: The cell being analysed.
        self.cell = -1
        #: What this cell, and all cells together, may still cost.
        self.left, self.left_in_all = CELL_WORK, NOTEBOOK_WORK
        self._made: dict[Hashable, Obj] = {}

    def start_cell(self, cell: int) -> None:
        """Begin a cell, with what it may cost."""
        self.cell = cell
        self.left = max(LEAST_WORK, min(CELL_WORK, self.left_in_all))

    def spend(self, objects: int) -> None:
        """Count objects looked at; raise `Refused` when the cell has cost too much."""
        self.left -= objects
        self.left_in_all -= objects
        if self.left < 0:
            raise Refused

    def make(self, key: Hashable, kind: str, region: Region | None = None) -> Obj:
        """Return the object made at a place, the same one for the same key."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Obj(len(self.objs), kind, region or Region(self.cell))
            self.objs.append(found)
        return found

    def region(self, obj: int) -> Region:
        """Return an object's region."""
        region = self.objs[obj].region
        return region if region.parent is None else region.root()

    def union(self, one: Region, two: Region) -> Region:
        """Make two regions one."""
        one, two = one.root(), two.root()
        if one is two:
            return one
        if len(two.inside) > len(one.inside):
            one, two = two, one
        two.parent = one
        one.inside |= two.inside
        one.track.absorb(two.track)
        one.born = min(one.born, two.born)
        if one.blob is None:
            one.blob = two.blob
        self.version += 1
        return one

    def store(self, obj: int, field: str, value: Value) -> None:
        """Let an object hold more."""
        if value and self.objs[obj].kind in DATA:  # their items are copied in, what is not a number is shared
            value = frozenset(o for o in value if self.objs[o].kind not in DATA and self.objs[o].kind != "unknown")
        if not value:
            return
        fields = self.objs[obj].fields
        old = fields.get(field, NOTHING)
        if not value <= old:
            fields[field] = old | value
            self.region(obj).inside |= value
            self.version += 1

    def load(self, obj: int, field: str) -> Value:
        """Return what an object may hold under a name."""
        fields = self.objs[obj].fields
        found = fields.get(field, NOTHING)
        if field != ANY and ANY in fields:
            found |= fields[ANY]
        return self._with_blob(obj, found)

    def load_all(self, obj: int) -> Value:
        """Return all that an object may hold."""
        fields = self.objs[obj].fields
        if not fields:
            return self._with_blob(obj, NOTHING)
        return self._with_blob(obj, frozenset().union(*fields.values()))

    def _with_blob(self, obj: int, found: Value) -> Value:
        if self.objs[obj].kind in DATA:
            return found
        blob = self.region(obj).blob
        return found if blob is None or blob in found else found | {blob}

    def mix(self, obj: int) -> None:
        """Forget which name holds what (after sorting, shuffling, updating)."""
        fields = self.objs[obj].fields
        if fields and (len(fields) > 1 or ANY not in fields):
            merged = frozenset().union(*fields.values())
            if fields.get(ANY) != merged:
                fields[ANY] = merged
                self.version += 1

    def reach(self, value: Iterable[int]) -> tuple[list[int], list[Region]]:
        """Return the objects and the regions that a value leads to, itself included."""
        objs: dict[int, None] = {}
        regions: dict[Region, None] = {}
        self.reach_more(value, objs, regions)
        self.spend(len(objs))
        return list(objs), list(regions)

    def reach_more(self, value: Iterable[int], objs: dict[int, None], regions: dict[Region, None]) -> list[int]:
        """Add to objects and regions what a value leads to; return the objects that are new."""
        stack = [obj for obj in value if obj not in objs]
        objs.update(dict.fromkeys(stack))
        new = list(stack)
        while stack:
            region = self.region(stack.pop())
            if region in regions:
                continue
            regions[region] = None
            held = [obj for obj in region.inside if obj not in objs]
            objs.update(dict.fromkeys(held))
            stack += held
            new += held
        return new

    def inner(self, value: Value) -> Value:
        """Return what lies strictly inside a value."""
        held: set[int] = set()
        for obj in value:
            held |= self.region(obj).inside
        return frozenset(self.reach(held)[0]) if held else NOTHING
