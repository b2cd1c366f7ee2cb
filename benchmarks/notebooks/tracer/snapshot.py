"""All that the notebook's names lead to at one moment, each object with a fingerprint."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from benchmarks.notebooks.tracer.contents import contents
from benchmarks.notebooks.tracer.kinds import full_name, stateless

#: Bounds on one snapshot: what lies beyond counts as not fingerprinted.
MOST_NODES, MOST_SECONDS = 150_000, 2.5


class Node:
    """One object."""

    __slots__ = ("_object", "_ref", "fingerprint", "inner", "label", "serial")

    def __init__(self, value: object, serial: int, label: str):
        # Holding an array would keep NumPy from resizing it, so only what can't be referred to weakly is held.
        try:
            self._ref: Callable[[], object] | None = weakref.ref(value)
            self._object: object = None
        except TypeError:
            self._ref, self._object = None, value
        self.serial = serial
        #: The name by which it was found.
        self.label = label
        #: None where nobody can tell.
        self.fingerprint: int | None = None
        #: Addresses of what it leads to.
        self.inner: tuple[int, ...] = ()

    @property
    def value(self) -> object:
        """The object, None if it is gone."""
        return self._ref() if self._ref is not None else self._object


class Snapshot:
    """Objects by their address."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        #: How many objects can't be fingerprinted, by type.
        self.opaque: Counter[str] = Counter()
        #: Whether a bound was met.
        self.cut = False

    def known(self, address: int) -> object:
        """Return the object that had an address, None if it is gone."""
        node = self.nodes.get(address)
        return node.value if node is not None else None

    def reach(self, addresses: Iterable[int]) -> Iterator[Node]:
        """Give the objects that some lead to, themselves included."""
        seen = set(addresses)
        stack = list(seen)
        while stack:
            node = self.nodes.get(stack.pop())
            if node is None:
                continue
            yield node
            for address in node.inner:
                if address not in seen:
                    seen.add(address)
                    stack.append(address)


class Camera:
    """Takes snapshots; an object keeps its serial number as long as it is seen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._next = 0
        self.last = Snapshot()
        self._named: set[int] = set()

    def take(self, roots: Mapping[str, Any], more: Iterable[object] = ()) -> Snapshot:
        """Return what names, and objects without a name, lead to now."""
        found = Snapshot()
        end = self._clock() + MOST_SECONDS
        for label, value in roots.items():
            self._walk(found, value, label, end)
        self._named = set(found.nodes)
        for value in more:
            self._walk(found, value, "", end)
        self.last = found
        return found

    def forget_nameless(self) -> None:
        """Let go of what no name leads to."""
        self.last.nodes = {address: node for address, node in self.last.nodes.items() if address in self._named}

    def _walk(self, found: Snapshot, root: object, label: str, end: float) -> None:
        stack = self._enter(found, root, label)
        while stack:
            if len(found.nodes) > MOST_NODES or self._clock() > end:
                found.cut = True
                return
            node, value = stack.pop()
            try:
                taken = contents(value)
            except Exception:  # noqa: BLE001 -- whatever an object of somebody else's does when looked at
                found.opaque[full_name(type(value))] += 1
                continue
            inner = [v for v in taken.inner if not stateless(v)]
            for part in inner:
                stack += self._enter(found, part, label)
            node.inner = tuple(map(id, inner))
            if taken.own is None:
                found.opaque[full_name(type(value))] += 1
            else:
                node.fingerprint = hash((taken.own, *(found.nodes[a].serial for a in node.inner)))

    def _enter(self, found: Snapshot, value: object, label: str) -> list[tuple[Node, object]]:
        address = id(value)
        if address in found.nodes or stateless(value):
            return []
        before = self.last.nodes.get(address)
        same = before is not None and before.value is value
        if before is not None and same:
            serial, name = before.serial, before.label or label
        else:
            self._next += 1
            serial, name = self._next, label
        node = found.nodes[address] = Node(value, serial, name)
        return [(node, value)]
