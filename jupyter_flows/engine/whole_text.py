"""What a task writes, kept whole in a file for the case that it is more than events carry."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

#: Shorter text is kept in memory until its task has ended, longer text in a file.
HEAD_CHARACTERS = 1 << 16
#: More than this of all tasks of a run is not kept.
RUN_BYTES = 4 << 30

Place = tuple[str | None, str | None, str]
"""Who wrote: task, callback, stream."""


class WholeTexts:
    """The texts of a run's tasks, each from its first character; not safe to use from several threads at once."""

    def __init__(self, folder: str | None = None, *, head: int = HEAD_CHARACTERS, most: int = RUN_BYTES):
        self._folder, self._head, self._left = folder, head, most
        self._is_ours = folder is None
        self._heads: dict[Place, list[str]] = {}
        self._lengths: dict[Place, int] = {}
        self._files: dict[Place, _File] = {}
        self._count = 0

    def add(self, place: Place, text: str) -> None:
        """Keep a text that follows what the place wrote before."""
        file = self._files.get(place)
        if file is None:
            head = self._heads.setdefault(place, [])
            head.append(text)
            self._lengths[place] = self._lengths.get(place, 0) + len(text)
            if self._lengths[place] <= self._head:
                return
            file = self._files[place] = _File(self._path(place))
            text = "".join(self._drop(place))
        self._left -= file.write(text, self._left)

    def keep(self, place: Place) -> Path:
        """Return the file of what a place writes; it stays."""
        if place not in self._files:
            self._files[place] = _File(self._path(place))
            self._left -= self._files[place].write("".join(self._drop(place)), self._left)
        self._files[place].kept = True
        return self._files[place].path

    def forget(self, ended: Callable[[Place], bool]) -> None:
        """Let go of the texts of places that write no more: files go unless they were to stay."""
        for place in [place for place in self._heads if ended(place)]:
            self._drop(place)
        for place in [place for place in self._files if ended(place)]:
            self._left += self._files.pop(place).close()
        if self._is_ours and self._folder and not self._files:
            with suppress(OSError):  # What stays in it keeps it.
                Path(self._folder).rmdir()
            self._folder = None

    def _drop(self, place: Place) -> list[str]:
        self._lengths.pop(place, None)
        return self._heads.pop(place, [])

    def _path(self, place: Place) -> Path:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="jupyter_flows-output-")
        folder = Path(self._folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        word = re.sub(r"[^0-9A-Za-z_-]+", "_", place[0] or place[1] or "run")[:40]
        path = folder / f"{word}.{place[2]}.txt"
        while path.exists():  # Two names that look alike in a path, or a task that spoke again after its end.
            self._count += 1
            path = folder / f"{word}-{self._count}.{place[2]}.txt"
        return path


class _File:
    def __init__(self, path: Path):
        self.path, self.kept = path, False
        self._size = 0
        self._file: BinaryIO = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0
        )
        self._full = False

    def write(self, text: str, most: int) -> int:
        """Write a text, at most so many bytes of it; return how many."""
        data = text.encode("utf-8", "replace")
        if len(data) > most and not self._full:
            self._full = True
            self._file.write(data[: max(0, most)] + b"\n[the run has written too much: the rest is not kept]\n")
        elif not self._full:
            self._file.write(data)
        self._size += min(len(data), max(0, most))
        return min(len(data), max(0, most))

    def close(self) -> int:
        """Close the file, remove it unless it is kept, and return how many bytes that frees."""
        self._file.close()
        if self.kept:
            return 0
        self.path.unlink(missing_ok=True)
        return self._size
