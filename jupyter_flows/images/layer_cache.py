"""Layers made once and kept, by what they are made of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_flows.images.archive import Draft, LayerFile, LayerWriter, write_layer
from jupyter_flows.images.libraries import Libraries
from jupyter_flows.images.lock import Lock, Package
from jupyter_flows.images.manifest import OCI_LAYER, Blob, Stacked
from jupyter_flows.images.plan import Entry, File, Layer, Say
from jupyter_flows.images.wheels import Wheels, add_wheel

#: A wheel at least this large has a layer to itself; the others share one.
LARGE_BYTES = 2 << 20
#: Images hold at most 127 layers, and many small requests are slow: only the largest have their own.
MOST_LAYERS = 40
#: Raise it when the same wheels are laid out otherwise than before.
_FORMAT = "1"


@dataclass(frozen=True)
class MadeLayer:
    """A layer that is ready to be sent."""

    name: str
    file: LayerFile
    #: Whether it was there already.
    known: bool
    annotations: Mapping[str, str] = field(default_factory=dict)
    #: What each package in it has and needs.
    libraries: Mapping[str, Libraries] = field(default_factory=dict)

    @property
    def stacked(self) -> Stacked:
        """The layer as manifests describe it."""
        blob = Blob(OCI_LAYER, self.file.digest, self.file.size_bytes, self.annotations)
        return Stacked(self.name, blob, self.file.diff_id)


class LayerCache:
    """A folder of layers, each with a note of its digests."""

    def __init__(self, folder: Path, wheels: Wheels):
        self._folder, self._wheels = folder, wheels

    def of(self, layer: Layer) -> MadeLayer:
        """Return the layer of some entries."""
        key = _key_of(layer.entries)
        made, known, _ = self._once(key, lambda file: (_all(LayerWriter(file), layer.entries), {}))
        return MadeLayer(layer.name, made, known, layer.annotations)

    def draft(self, layer: Layer, folder: Path) -> MadeLayer:
        """Make a layer that will not be asked for again."""
        return MadeLayer(
            layer.name, write_layer(layer.entries, folder / f"{layer.name}.tar.gz"), False, layer.annotations
        )

    def of_lock(self, lock: Lock, python: str, say: Say) -> list[MadeLayer]:
        """Return the layers of a lock's packages: one for each large wheel, and one for all the small."""
        large, small = self._divided(lock.packages)
        groups: list[tuple[str, tuple[Package, ...]]] = [(package.name, (package,)) for package in large]
        groups += [("small packages", tuple(small))] if small else []
        return [self._of_packages(name, packages, python, say) for name, packages in groups]

    def _divided(self, packages: tuple[Package, ...]) -> tuple[list[Package], list[Package]]:
        """Part the packages that have a layer of their own from those that share one, by size."""
        sizes = {p: self._size(p) for p in packages}
        largest = sorted((p for p in packages if sizes[p] >= LARGE_BYTES), key=lambda p: (-sizes[p], p.name))
        large = sorted(largest[:MOST_LAYERS], key=lambda p: p.name)
        return large, [p for p in packages if p not in large]

    def _size(self, package: Package) -> int:
        """Return a wheel's size: as the index says it, else as it was fetched or built."""
        known = package.size_bytes if package.is_wheel else None
        return known if known is not None else self._wheels.fetch(package).stat().st_size

    def _of_packages(self, name: str, packages: tuple[Package, ...], python: str, say: Say) -> MadeLayer:
        key = _digest(["wheels", python, *(p.sha256 for p in packages)])

        def write(file: BinaryIO) -> tuple[LayerWriter, dict[str, Any]]:
            say(f"packing {name}")
            writer, notes = LayerWriter(file), {}
            for package in packages:
                libraries = Libraries()
                add_wheel(writer, self._wheels.fetch(package), python, libraries)
                notes[package.name] = libraries.to_json()
            return writer, notes

        made, known, notes = self._once(key, write)
        found = {package: Libraries.from_json(note) for package, note in notes.items()}
        return MadeLayer(name, made, known, {}, found)

    def _once(
        self, key: str, write: Callable[[BinaryIO], tuple[LayerWriter, dict[str, Any]]]
    ) -> tuple[LayerFile, bool, dict[str, Any]]:
        path, note = self._folder / f"{key}.tar.gz", self._folder / f"{key}.json"
        try:
            data = json.loads(note.read_bytes())
            made = LayerFile(path, **data["layer"])
            if path.stat().st_size == made.size_bytes:
                # What was used lately is kept when the rest is cleared away.
                os.utime(path)
                os.utime(note)
                return made, True, data["notes"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        with Draft(path) as draft, draft.path.open("wb") as file:
            writer, notes = write(file)
            made = writer.finish(path)
        with Draft(note) as draft:
            draft.path.write_text(json.dumps({"layer": made.to_json(), "notes": notes}))
        return made, False, notes


def _all(writer: LayerWriter, entries: tuple[Entry, ...]) -> LayerWriter:
    for entry in entries:
        writer.add(entry)
    return writer


def _key_of(entries: tuple[Entry, ...]) -> str:
    return _digest(
        [f"{e.path} {e.mode} {_content_key(e.content)}" if isinstance(e, File) else repr(e) for e in entries]
    )


def _content_key(content: bytes | Path) -> str:
    """Return what is another when the content is; files are not read for it."""
    if isinstance(content, bytes):
        return sha256(content).hexdigest()
    status = content.stat()
    return f"{content} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _digest(parts: list[str]) -> str:
    return sha256("\n".join([_FORMAT, *parts]).encode()).hexdigest()[:40]
