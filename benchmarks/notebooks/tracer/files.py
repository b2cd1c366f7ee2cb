"""Which files below a folder the running cell opens: told by the interpreter's audit events."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT
_REMOVING = frozenset({"os.remove", "os.rename", "os.truncate"})


class Files:
    """Collects files that were opened, by their path below the folder."""

    def __init__(self, root: Path):
        self._root = os.path.realpath(root) + os.sep
        self.read: set[str] = set()
        self.written: set[str] = set()
        sys.addaudithook(self._hear)

    def start(self) -> None:
        """Begin a cell."""
        self.read, self.written = set(), set()

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & _WRITING
            )
            self._note(path, writes=bool(writes))
        elif event in _REMOVING:
            for path in args[:2]:
                self._note(path, writes=True)

    def _note(self, path: object, *, writes: bool) -> None:
        if not isinstance(path, (str, bytes)):
            return
        full = os.path.realpath(os.fsdecode(path))
        if full.startswith(self._root) and not full.endswith((".pyc", ".py", ".ipynb")) and "__pycache__" not in full:
            (self.written if writes else self.read).add(full[len(self._root) :])
