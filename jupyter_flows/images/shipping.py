"""Sending an image to where it is kept: only what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from jupyter_flows.images.archive import Draft
from jupyter_flows.images.layer_cache import MadeLayer
from jupyter_flows.images.manifest import Blob
from jupyter_flows.images.plan import Say
from jupyter_flows.images.registry import RegistryStore
from jupyter_flows.images.source import ImageSource
from jupyter_flows.images.store import Opener, Store

#: Blobs asked for and sent at once.
AT_ONCE = 4


@dataclass(frozen=True)
class Cargo:
    """A blob to be kept at the destination, and where it comes from."""

    blob: Blob
    name: str
    source: Opener
    #: Repository of the same registry that has it, if one does.
    repository: str | None = None


class Shipping:
    """Ships to one destination, and remembers in which repositories of its registry blobs lie."""

    def __init__(self, target: Store, folder: Path, say: Say):
        self._target, self._say = target, say
        self._memory = folder / "mounts"
        self.uploaded_bytes = 0
        self.reused: list[str] = []
        self.sent: list[str] = []

    def ask(self, cargo: Sequence[Cargo]) -> list[Cargo]:
        """Return what is not there yet; nothing is sent."""
        once = list({item.blob.digest: item for item in cargo}.values())
        with ThreadPoolExecutor(AT_ONCE, "flows-ask") as pool:
            there = list(pool.map(lambda item: self._target.has(item.blob.digest), once))
        for item in (item for item, known in zip(once, there, strict=True) if known):
            self.reused.append(item.name)
            self._remember(item.blob.digest)
        return [item for item, known in zip(once, there, strict=True) if not known]

    def ship(self, missing: Sequence[Cargo]) -> None:
        """Keep what is missing there, by mounting it or sending it; all is there when this returns."""
        left = [item for item in missing if not self._mounted(item)]
        with ThreadPoolExecutor(AT_ONCE, "flows-upload") as pool:
            for item, size in zip(left, pool.map(self._send, left), strict=True):
                self.uploaded_bytes += size
                self.sent.append(item.name)
        for item in missing:
            self._remember(item.blob.digest)

    def _send(self, item: Cargo) -> int:
        self._say(f"sending {item.name}, {size_text(item.blob.size_bytes)}")
        return self._target.put(item.blob, item.source)

    def _mounted(self, item: Cargo) -> bool:
        target = self._target
        if not isinstance(target, RegistryStore):
            return False
        for repository in dict.fromkeys(filter(None, (item.repository, self._remembered(item.blob.digest)))):
            if repository != target.reference.name and target.mount(item.blob.digest, repository):
                self.reused.append(item.name)
                return True
        return False

    def _note(self, digest: str) -> Path | None:
        if not isinstance(self._target, RegistryStore):
            return None
        return self._memory / self._target.reference.host.replace(":", "_") / digest.removeprefix("sha256:")

    def _remembered(self, digest: str) -> str | None:
        note = self._note(digest)
        return note.read_text() if note and note.is_file() else None

    def _remember(self, digest: str) -> None:
        note = self._note(digest)
        if note and isinstance(self._target, RegistryStore) and not note.exists():
            with Draft(note) as draft:
                draft.path.write_text(self._target.reference.name)


def of_layer(layer: MadeLayer) -> Cargo:
    """Describe a layer of ours."""
    return Cargo(layer.stacked.blob, layer.name, lambda: layer.file.path.open("rb"))


def of_bytes(blob: Blob, name: str, data: bytes) -> Cargo:
    """Describe a document."""
    import io

    return Cargo(blob, name, lambda: nullcontext(io.BytesIO(data)))


def of_base(source: ImageSource, target: Store) -> list[Cargo]:
    """Describe a base's layers: mounted where its repository is in the target's registry, else streamed across."""
    near = None
    if isinstance(source.store, RegistryStore) and isinstance(target, RegistryStore):
        same = source.store.reference.host == target.reference.host
        near = source.store.reference.name if same else None
    return [
        Cargo(blob, f"base layer {number}", _opener(source.store, blob.digest), near)
        for number, blob in enumerate(source.layers, 1)
    ]


def _opener(store: Store, digest: str) -> Opener:
    return lambda: store.open(digest)


def size_text(size: int) -> str:
    """Write a size for people.

    >>> size_text(531), size_text(20_480), size_text(31_457_280)
    ('531 B', '20 kB', '31.5 MB')
    """
    if size < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{size} B"
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"  # noqa: PLR2004 - a megabyte
