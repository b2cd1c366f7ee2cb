"""The journal of one run: which cells ran, and what names held after them; in a folder of the run's own."""

from __future__ import annotations

import base64
import json
import mmap
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.errors import NoRoomError, RunError

FORMAT = 1
#: What takes more lies in a file of its own.
INLINE_BYTES = 4096
#: What a run's results may take in all, and what of the disk they leave free.
MOST_BYTES, SPARE_BYTES = 10 << 30, 1 << 30
#: The kinds of events that say what a cell showed.
SHOWN = frozenset({"stream", "output", "source", "log"})


@dataclass(frozen=True, slots=True)
class Holding:
    """What names that share objects held from some moment on."""

    names: tuple[str, ...]
    #: The cells of which each may have changed it just then.
    by: frozenset[str]
    #: ``inline:...`` or the name of a file; None where it could not be stored.
    data: str | None
    #: Whether the names are gone since.
    gone: bool = False
    #: Whether running the cells again would make it alike: modules, numbers, text.
    plain: bool = False
    #: Why it could not be stored.
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        data = {"names": list(self.names), "by": sorted(self.by), "data": self.data}
        return data | {k: v for k, v in (("gone", self.gone), ("plain", self.plain), ("why", self.why)) if v}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Holding:
        """Read what `to_json` gave."""
        return cls(**{**data, "names": tuple(data["names"]), "by": frozenset(data["by"])})


@dataclass(frozen=True, slots=True)
class Step:
    """What was found after some cells had run."""

    #: Task to whether it ended well.
    ended: Mapping[str, bool] = field(default_factory=dict)
    holdings: Sequence[Holding] = ()


class Journal:
    """A run's folder: ``run.json``, ``steps.jsonl``, ``shown.jsonl`` and the data."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._left = MOST_BYTES

    # -- written by the run ---------------------------------------------------------------------------

    def begin(self, about: Mapping[str, Any]) -> None:
        """Start it anew."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("steps.jsonl", "shown.jsonl"):
            (self.folder / name).unlink(missing_ok=True)
        self._write("run.json", json.dumps({"format": FORMAT, **about}).encode())

    def add(self, step: Step) -> None:
        """Add what was found."""
        data = {"ended": dict(step.ended), "holdings": [h.to_json() for h in step.holdings]}
        self._append("steps.jsonl", json.dumps(data))

    def show(self, event: Event) -> None:
        """Add what a cell showed."""
        self._append("shown.jsonl", event.to_line().rstrip("\n"))

    def store(self, data: bytes) -> str:
        """Keep bytes, once; return where they are. Raise `NoRoomError` where they would fill the disk."""
        if len(data) <= INLINE_BYTES:
            return "inline:" + base64.b64encode(data).decode()
        name = sha256(data).hexdigest()
        if not (self.folder / name).exists():
            self._left -= len(data)
            if self._left < 0 or shutil.disk_usage(self.folder).free < len(data) + SPARE_BYTES:
                raise NoRoomError(f"There is no room for {len(data):,} more bytes of results.")
            self._write(name, data)
        return name

    def adopt(self, other: Journal, data: str | None) -> None:
        """Take over data from another run's folder."""
        if data is None or data.startswith("inline:") or (self.folder / data).exists():
            return
        try:
            os.link(other.folder / data, self.folder / data)
        except OSError:
            self._write(data, (other.folder / data).read_bytes())

    def _write(self, name: str, data: bytes) -> None:
        draft = self.folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        draft.replace(self.folder / name)

    def _append(self, name: str, line: str) -> None:
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(line.encode() + b"\n")

    # -- read by the next run ---------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """Return what `begin` was told; raise `RunError` where there is nothing."""
        try:
            about: dict[str, Any] = json.loads((self.folder / "run.json").read_bytes())
        except (OSError, ValueError):
            raise RunError("The earlier run left no results: run the flow anew.") from None
        if about.get("format") != FORMAT:
            raise RunError("The earlier run's results were written by another version: run the flow anew.")
        return about

    def steps(self) -> list[Step]:
        """Return what was found, in order."""
        return [
            Step(data["ended"], tuple(map(Holding.from_json, data["holdings"]))) for data in self._lines("steps.jsonl")
        ]

    def shown(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what tasks showed, in order: the kinds of events with their bodies."""
        return [
            (data["kind"], {k: v for k, v in data.items() if k not in _OF_EVENT}) for data in self._lines("shown.jsonl")
        ]

    def load(self, data: str) -> bytes | memoryview:
        """Return stored bytes; a file's are read as they are used."""
        if data.startswith("inline:"):
            return base64.b64decode(data.removeprefix("inline:"))
        with (self.folder / data).open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        try:
            text = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return
        # A run that was killed may have left half a line.
        for line in text.split(b"\n")[:-1]:
            yield json.loads(line)


_OF_EVENT = ("kind", "seq", "at")
