"""The names of a namespace, in groups that share objects: what was changed since the last look, and how to store it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from jupyter_flows.engine.results.freezing import Frozen, freeze
from jupyter_flows.engine.results.reach import reach
from jupyter_flows.engine.results.references import ATOMS, References

#: Names that a kernel binds by itself.
_KERNELS = re.compile(r"_+|__.*__|_i{0,3}\d*|_\d+|_[iod]h|In|Out|get_ipython|exit|quit|display")


def is_kept(name: str) -> bool:
    """Tell whether a name is the notebook's, and not one that kernels bind by themselves."""
    return _KERNELS.fullmatch(name) is None


@dataclass(frozen=True, slots=True)
class Group:
    """Names that share objects, and what they held when they were last looked at."""

    names: frozenset[str]
    #: Ids of the objects in reach; None where there are too many to tell.
    ids: frozenset[int] | None
    #: None where it could not be stored.
    data: bytes | None
    plain: bool = False
    why: str = ""
    digest: bytes = b""
    #: Ids of what owns the memory of frames, which share it with each other unseen, but not with arrays.
    frames: frozenset[int] = frozenset()
    #: All names of the groups that its names were in before.
    before: frozenset[str] = frozenset()

    def shares(self, other: Group) -> bool:
        """Tell whether it may share an object with another group."""
        if frozenset() in (self.ids, other.ids):
            return False
        if self.ids is None or other.ids is None:
            return True
        mine, others = self.ids | self.frames, other.ids | other.frames
        return not (self.ids.isdisjoint(others) and other.ids.isdisjoint(mine))


class Groups:
    """All groups of one namespace."""

    def __init__(self, references: References):
        self._references = references
        self._values: dict[str, Any] = {}
        self._of: dict[str, Group] = {}

    def look(self, touched: Iterable[str] | None, *, seconds: float) -> tuple[list[Group], dict[str, frozenset[str]]]:
        """Return the groups that changed, and the names that are gone, each with those of its group.

        `touched` are the names through which something may have been changed since the last time, None for all;
        names that were bound are seen here. Storing one group may take so many seconds.
        """
        self._references.refresh()
        now = {name: value for name, value in self._references.main.items() if is_kept(name)}
        gone = self._values.keys() - now.keys()
        bound = {n for n, v in now.items() if n not in self._values or self._values[n] is not v}
        chosen = bound | {n for n in (now if touched is None else touched) if n in now and type(now[n]) not in ATOMS}
        before = [self._of[n] for n in chosen | gone if n in self._of]
        chosen |= {n for group in before for n in group.names if n in now}
        made = self._made({n: value for n, value in now.items() if n in chosen}, now, seconds)
        lost = {name: self._of[name].names for name in gone}
        changed = [self._with_before(group) for group in made if not self._is_as_before(group)]
        for name in gone:
            del self._of[name]
        for group in made:
            self._of.update(dict.fromkeys(group.names, group))
        self._values = now
        return changed, lost

    def _with_before(self, group: Group) -> Group:
        before = (self._of[n].names for n in group.names if n in self._of)
        return replace(group, before=frozenset().union(*before))

    def _is_as_before(self, group: Group) -> bool:
        old = self._of.get(next(iter(group.names)))
        return old is not None and old.names == group.names and group.data is not None and old.digest == group.digest

    def _made(self, values: dict[str, Any], now: Mapping[str, Any], seconds: float) -> list[Group]:
        """Put names into groups; names that were not looked at join where they share something."""
        alone = {name: self._one({name: value}, seconds) for name, value in values.items()}
        others = {g for g in self._of.values() if not g.names & values.keys()}
        while others:
            joining = {g for g in others if any(g.shares(a) for a, _ in alone.values())}
            if not joining:
                break
            others -= joining
            alone |= {n: self._one({n: now[n]}, seconds) for n in now if any(n in g.names for g in joining)}
        return [self._joint(part, now, seconds) for part in _parts(alone)]

    def _joint(self, part: dict[str, tuple[Group, Frozen | None]], now: Mapping[str, Any], seconds: float) -> Group:
        if len(part) == 1:
            return next(iter(part.values()))[0]
        group, frozen = self._one({name: value for name, value in now.items() if name in part}, seconds)
        if frozen is None:
            all_ids = [g.ids for g, _ in part.values()]
            known = [ids for ids in all_ids if ids is not None]
            ids = frozenset().union(*known) if len(known) == len(all_ids) else None
            return Group(group.names, ids, None, why=group.why)
        return group

    def _one(self, values: dict[str, Any], seconds: float) -> tuple[Group, Frozen | None]:
        names = frozenset(values)
        if all(type(v) in ATOMS for v in values.values()):
            frozen = freeze(values, self._references, seconds=seconds)
            return Group(names, frozenset(), frozen.data, plain=True, digest=_digest(frozen.data)), frozen
        try:
            frozen = freeze(values, self._references, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - whatever an object's own pickling raises
            found = reach(list(values.values()), self._references)
            return Group(names, None if found is None else frozenset(found), None, why=f"{error}"[:200]), None
        ids = frozenset(_lasting(frozen) | frozen.memory.of_arrays)
        frames = frozenset(frozen.memory.of_frames)
        return Group(names, ids, frozen.data, frozen.plain, digest=_digest(frozen.data), frames=frames), frozen


def _lasting(frozen: Frozen) -> set[int]:
    """Return the ids of objects that somebody else holds too: what was made for pickling alone is gone soon."""
    mine = 3  # the mapping, the loop, the argument
    return {number for number, value in frozen.objects.items() if sys.getrefcount(value) > mine}


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()


def _parts(alone: dict[str, tuple[Group, Frozen | None]]) -> list[dict[str, tuple[Group, Frozen | None]]]:
    """Put together what shares objects."""
    parent = {name: name for name in alone}

    def top(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    first: dict[int, str] = {}
    shared = {number for group, _ in alone.values() for number in group.ids or ()}
    for name, (group, _) in alone.items():
        for number in (group.ids or frozenset()) | (group.frames & shared):
            parent[top(name)] = top(first.setdefault(number, name))
    unknown = [name for name, (group, _) in alone.items() if group.ids is None]
    if unknown:
        parent = dict.fromkeys(alone, unknown[0]) | {n: n for n, (g, _) in alone.items() if g.ids == frozenset()}
        parent[unknown[0]] = unknown[0]
    found: dict[str, dict[str, tuple[Group, Frozen | None]]] = {}
    for name, made in alone.items():
        found.setdefault(top(name), {})[name] = made
    return list(found.values())
