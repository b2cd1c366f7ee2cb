"""What every place that keeps images does, and reading from one with each digest checked."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, Protocol

from jupyter_flows.errors import ImageError
from jupyter_flows.images.archive import CHUNK_BYTES
from jupyter_flows.images.manifest import Blob, digest_of

#: Opens a blob from its start, as often as sending it takes.
Opener = Callable[[], AbstractContextManager[IO[bytes]]]
_IN_MEMORY_BYTES = 16 << 20


class Store(Protocol):
    """Keeps blobs and manifests by digest, and tags that name manifests."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def has(self, digest: str) -> bool:
        """Tell whether a blob is there."""
        ...

    def open(self, digest: str) -> AbstractContextManager[IO[bytes]]:
        """Open a blob; raise `ImageGoneError` where it is not. Who reads it checks it: `verified`."""
        ...

    def put(self, blob: Blob, source: Opener) -> int:
        """Keep a blob that is not there; return the bytes sent."""
        ...

    def manifest(self, version: str) -> tuple[bytes, str | None]:
        """Return what a tag or digest names, and its media type; raise `ImageGoneError`."""
        ...

    def put_manifest(self, data: bytes, tag: str | None) -> None:
        """Keep a manifest whose blobs are there, and give it the tag."""
        ...


class Hashing:
    """A stream that adds up what is read of it."""

    def __init__(self, file: IO[bytes]):
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        data = self._file.read(size)
        self._hash.update(data)
        return data

    def check(self, digest: str, name: str) -> None:
        """Raise `ImageError` unless what was read, and what is left, is what the digest says."""
        while self.read(CHUNK_BYTES):
            pass
        found = f"sha256:{self._hash.hexdigest()}"
        if found != digest:
            raise ImageError(
                f"{name} gave {found} for {digest}: it was damaged or replaced there. Nothing of it was used."
            )


@contextmanager
def verified(store: Store, digest: str) -> Iterator[IO[bytes]]:
    """Give a blob as a file of this machine's own, its digest checked before the first byte is given."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as kept:
        with store.open(digest) as file:
            reader = Hashing(file)
            while chunk := reader.read(CHUNK_BYTES):
                kept.write(chunk)
            reader.check(digest, store.name)
        kept.seek(0)
        yield kept


@contextmanager
def passing(store: Store, digest: str) -> Iterator[Any]:
    """Give a blob as it comes, and check its digest when the block is done."""
    with store.open(digest) as file:
        reader = Hashing(file)
        yield reader
        reader.check(digest, store.name)


def verified_manifest(store: Store, version: str) -> tuple[bytes, str | None]:
    """Return a manifest, being what its digest says where it is asked for by digest."""
    data, kind = store.manifest(version)
    if version.startswith("sha256:") and digest_of(data) != version:
        raise ImageError(f"{store.name} gave {digest_of(data)} for {version}: it was damaged or replaced there.")
    return data, kind
