"""An IPython extension that traces the kernel it is loaded in: a line of JSON for each cell that was run.

The environment says where to: ``TRACED_TO`` is the file, ``TRACED_ROOT`` the folder whose files are watched.
"""

from __future__ import annotations

import os
import re
import time
import traceback
from json import dumps  # here and now: cells may put something else in a library's place
from pathlib import Path
from typing import Any

from benchmarks.notebooks.tracer import hidden
from benchmarks.notebooks.tracer.files import Files
from benchmarks.notebooks.tracer.history import History
from benchmarks.notebooks.tracer.instrument import Instrument
from benchmarks.notebooks.tracer.kinds import kind
from benchmarks.notebooks.tracer.observer import Observer
from benchmarks.notebooks.tracer.snapshot import Camera, Node, Snapshot

#: Names that the kernel binds itself: every cell that shows something binds them anew, so only reading them counts.
_HISTORY = re.compile(r"_{1,3}|_i{0,3}|_i?\d+|_[iod]h|In|Out")
_KERNELS_OWN = frozenset({"get_ipython", "exit", "quit", "open"})
#: Names that the interpreter binds when a cell warns or annotates; no cell reads them.
_INTERPRETERS_OWN = frozenset({"__warningregistry__", "__annotations__", "__builtins__"})


def load_ipython_extension(shell: Any) -> None:
    """Begin to trace."""
    Tracer(shell, Path(os.environ["TRACED_TO"]), Files(Path(os.environ["TRACED_ROOT"])))


class Tracer:
    """Traces what the cells of one kernel do."""

    def __init__(self, shell: Any, to: Path, files: Files):
        self._names: dict[str, Any] = shell.user_ns
        self._to, self._files = to, files
        self._camera, self._history = Camera(), History()
        self._observer = Observer(self._names, self._known, self._seeded)
        self._observer.install()
        self._depth, self._cell = 0, 0
        self._began = 0.0
        self._renewed: list[str] = []
        self._slots = _Slots(self._names)
        self._tokens = hidden.tokens()
        shell.ast_transformers.append(Instrument(self._names.__contains__))
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def _before(self, _: object) -> None:
        self._depth += 1  # A magic can run a cell inside a cell.
        if self._depth == 1:
            self._cell += 1
            self._renewed = []
            self._observer.start()
            self._files.start()
            self._began = time.perf_counter()

    def _after(self, result: Any) -> None:
        self._depth -= 1
        if self._depth:
            return
        line: dict[str, Any] = {"cell": self._cell, "seconds": time.perf_counter() - self._began}
        try:
            line |= self._record()
        except Exception:  # noqa: BLE001 -- the notebook goes on
            line["trouble"] = traceback.format_exc()
        error = result.error_before_exec or result.error_in_exec
        line["error"] = type(error).__name__ if error else None
        line["overhead"] = time.perf_counter() - self._began - line["seconds"]
        with self._to.open("a", encoding="utf-8") as file:
            file.write(dumps(line) + "\n")

    def _known(self, address: int) -> object:
        return self._camera.last.known(address)

    def _seeded(self, resource: str) -> None:
        """Note a generator that is seeded before this cell has drawn from it."""
        if not hidden.changed({resource: self._tokens[resource]}, {resource: hidden.tokens()[resource]}):
            self._renewed.append(resource)

    def _record(self) -> dict[str, Any]:
        seen, before = self._observer, self._camera.last
        tokens = hidden.tokens()
        held = [*seen.held_deep.values()]
        after = self._camera.take(self._slots.public(), held)
        self._read_objects(before, after)
        self._names_used()
        self._write_objects(before, after)
        self._camera.forget_nameless()
        changes = hidden.changed(self._tokens, tokens)
        self._tokens = tokens
        edges = [
            [upstream, kind_, label]
            for (upstream, cell), reasons in self._history.edges.items()
            if cell == self._cell
            for kind_, label in sorted(reasons)
        ]
        return {
            "edges": edges,
            "objects": len(after.nodes),
            "opaque": dict(after.opaque.most_common(20)),
            "opaque_count": sum(after.opaque.values()),
            "cut": after.cut,
            "dropped": seen.dropped,
            "hidden": changes,
            "renewed": self._renewed,
            "files_read": sorted(self._files.read),
            "files_written": sorted(self._files.written),
        }

    def _names_used(self) -> None:
        seen, cell = self._observer, self._cell
        written = self._slots.written(seen.written)
        for name in sorted(seen.read - _KERNELS_OWN):
            self._history.read(("name", name), cell, name)
        for name in sorted(written):
            if _HISTORY.fullmatch(name):
                self._history.renew(("name", name), cell)
            else:
                self._history.write(("name", name), cell, name)

    def _read_objects(self, before: Snapshot, after: Snapshot) -> None:
        seen = self._observer
        read: dict[int, Node] = {before.nodes[a].serial: before.nodes[a] for a in seen.own_ids if a in before.nodes}
        deep = [*before.reach(seen.deep_ids), *after.reach([*seen.deep_ids, *seen.held_deep])]
        old = {node.serial for node in before.nodes.values()}
        read |= {node.serial: node for node in deep if node.serial in old}
        for serial, node in sorted(read.items()):
            self._history.read(serial, self._cell, node.label)

    def _write_objects(self, before: Snapshot, after: Snapshot) -> None:
        for address, node in after.nodes.items():
            old = before.nodes.get(address)
            if old is None or old.serial != node.serial:
                self._history.write(node.serial, self._cell, node.label)
            elif node.fingerprint is None:
                node.fingerprint = old.fingerprint
            elif old.fingerprint not in (None, node.fingerprint):
                self._history.write(node.serial, self._cell, node.label)


class _Slots:
    """The names of the notebook's module, and what each was bound to."""

    def __init__(self, names: dict[str, Any]):
        self._names = names
        self._hidden = set(names) | _KERNELS_OWN | _INTERPRETERS_OWN
        self._before: dict[str, object] = {}

    def public(self) -> dict[str, Any]:
        """Return the names that cells have bound."""
        return {n: v for n, v in self._names.items() if n not in self._hidden and not _HISTORY.fullmatch(n)}

    def written(self, told: set[str]) -> set[str]:
        """Return the names that were bound or deleted; a module bound to its own name again changes nothing."""
        now = {n: _mark(v) for n, v in self._names.items()}
        found = {n for n, mark in now.items() if n not in self._before or not _same(self._before[n], mark)}
        found |= self._before.keys() - now.keys()
        again = {n for n in told - found if n in now and kind(type(self._names[n])) != "module"}
        self._before = now
        return {n for n in found | again if n in told or n not in self._hidden or _HISTORY.fullmatch(n)}


def _mark(value: object) -> object:
    """Return what tells a binding from another: numbers and text themselves, the address of the rest."""
    return value if kind(type(value)) == "atom" else ("address", id(value))


def _same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return one == other
    return one is other
