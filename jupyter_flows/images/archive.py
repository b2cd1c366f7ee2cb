"""Layers as files: tar archives in gzip members, the same bytes for the same entries on any day.

A wheel's files are deflated already. Each such stream becomes a gzip member of the layer as it is, so that making
a layer of a wheel inflates it once, for its digest, and deflates nothing but the archive's own headers.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, Self, cast

from jupyter_flows.errors import ImageError
from jupyter_flows.images.plan import Entry, File, Folder

CHUNK_BYTES = 1 << 18
_BLOCK = tarfile.BLOCKSIZE
#: No name, no date, of an unknown system: what varies from machine to machine is left out.
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A layer on disk."""

    path: Path
    #: ``sha256:...`` of the compressed archive, by which it is kept.
    digest: str
    #: ``sha256:...`` of the archive itself, which the image's configuration names.
    diff_id: str
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the layer as JSON values, without its path."""
        return {k: v for k, v in asdict(self).items() if k != "path"}


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> Any:
        """Take some more."""
        ...


class LayerWriter:
    """Writes one layer, entry by entry; `finish` ends it."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._packed, self._plain = hashlib.sha256(), hashlib.sha256()
        self._size = 0
        #: The gzip member being written: its compressor, checksum and size.
        self._member: _Member | None = None

    def add(self, entry: Entry) -> None:
        """Add a file, link or folder."""
        info = _info(entry)
        if not isinstance(entry, File):
            self._put(info.tobuf())
        elif isinstance(entry.content, bytes):
            self.add_stream(info, [entry.content])
        else:
            with entry.content.open("rb") as file:
                self.add_stream(info, _chunks(file))

    def add_stream(self, info: tarfile.TarInfo, chunks: Iterable[bytes]) -> None:
        """Add a file whose size `info` says, from its bytes."""
        self._put(info.tobuf())
        size = 0
        for chunk in chunks:
            size += len(chunk)
            self._put(chunk)
        if size != info.size:
            raise ImageError(f"{info.name} changed while it was packed: build again.")
        self._pad(info.size)

    def add_deflated(
        self, info: tarfile.TarInfo, chunks: Iterable[bytes], *, checksum: int, also: Sink | None = None
    ) -> None:
        """Add a file from its raw deflate stream; `also` gets the file's bytes."""
        self._put(info.tobuf())
        self._end_member()
        self._out(_GZIP_HEAD)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for chunk in chunks:
            self._out(chunk)
            self._inflate(inflater, chunk, also)
        self._out(struct.pack("<LL", checksum, info.size & 0xFFFFFFFF))
        self._pad(info.size)

    def _inflate(self, inflater: Any, chunk: bytes, also: Sink | None) -> None:
        # A deflated chunk may hold a thousand times its size in zeros.
        while chunk:
            plain = inflater.decompress(chunk, CHUNK_BYTES)
            chunk = inflater.unconsumed_tail
            self._plain.update(plain)
            if also is not None:
                also.write(plain)

    def finish(self, path: Path) -> LayerFile:
        """End the archive, and describe it as the file it is in."""
        self._put(bytes(2 * _BLOCK))
        self._end_member()
        self._file.flush()
        return LayerFile(path, f"sha256:{self._packed.hexdigest()}", f"sha256:{self._plain.hexdigest()}", self._size)

    def _pad(self, size: int) -> None:
        self._put(bytes(-size % _BLOCK))

    def _put(self, data: bytes) -> None:
        """Write bytes of the archive, compressing them here."""
        if not data:
            return
        if self._member is None:
            self._out(_GZIP_HEAD)
            self._member = _Member()
        self._plain.update(data)
        self._out(self._member.take(data))

    def _end_member(self) -> None:
        if self._member is not None:
            self._out(self._member.end())
            self._member = None

    def _out(self, data: bytes) -> None:
        self._packed.update(data)
        self._size += len(data)
        self._file.write(data)


class _Member:
    """One gzip member, after its head."""

    def __init__(self) -> None:
        self._deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._checksum, self._size = 0, 0

    def take(self, data: bytes) -> bytes:
        """Return what can be written of the deflated data by now."""
        self._checksum = zlib.crc32(data, self._checksum)
        self._size += len(data)
        return self._deflater.compress(data)

    def end(self) -> bytes:
        """Return the rest, and the member's tail."""
        return self._deflater.flush() + struct.pack("<LL", self._checksum, self._size & 0xFFFFFFFF)


def plain_info(path: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    """Describe a file of root's, without a date; `path` is absolute in the image."""
    info = tarfile.TarInfo(path.lstrip("/"))
    info.size, info.mode = size, mode
    return info


def _info(entry: Entry) -> tarfile.TarInfo:
    if isinstance(entry, File):
        size = len(entry.content) if isinstance(entry.content, bytes) else entry.content.stat().st_size
        return plain_info(entry.path, size, entry.mode)
    info = plain_info(entry.path, 0)
    if isinstance(entry, Folder):
        info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, entry.mode, entry.uid, entry.gid
    else:
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.target
    return info


def write_layer(entries: Iterable[Entry], path: Path) -> LayerFile:
    """Write a layer of these entries to a file."""
    with path.open("wb") as file:
        writer = LayerWriter(file)
        for entry in entries:
            writer.add(entry)
        return writer.finish(path)


def read_layer(file: IO[bytes], *, limit_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield the plain files of a gzipped layer, by absolute path; raise `ImageError` beyond the limit."""
    total = 0
    for member, handle in walk_layer(file):
        total += member.size
        if total > limit_bytes:
            raise ImageError(f"The layer holds more than {limit_bytes} bytes: it is no flow's.")
        if handle is not None:
            yield "/" + member.name.removeprefix("./").lstrip("/"), handle.read()


def walk_layer(file: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Yield each member of a layer, with its content where it is a plain file; plain and gzipped archives."""
    magic = _Peeked(file)
    unpacked: Any = gzip.GzipFile(fileobj=cast(Any, magic), mode="rb") if magic.start[:2] == _GZIP_HEAD[:2] else magic
    try:
        with tarfile.open(fileobj=unpacked, mode="r|") as tar:
            for member in tar:
                yield member, tar.extractfile(member) if member.isreg() else None
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ImageError(f"A layer can't be unpacked ({error}).") from None


class _Peeked:
    """A stream whose first bytes were looked at."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self.start = file.read(6)
        self._rest = self.start

    def read(self, size: int = -1) -> bytes:
        """Read the first bytes again, then the others."""
        if not self._rest:
            return self._file.read(size)
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken + self._file.read() if size < 0 else taken


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


class Draft:
    """A file or folder written beside its place; it takes its place when the block ends well, else it is gone."""

    def __init__(self, path: Path):
        self._path = path
        self.path = path.with_name(f".{path.name}.{os.urandom(6).hex()}.draft")

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if kind is None and self.path.exists():
                self._settle()
        finally:
            if self.path.is_dir():
                shutil.rmtree(self.path, ignore_errors=True)
            self.path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ImageError(
                f"{self._path} can't be written ({error.strerror or error}): make room there, or set "
                "JUPYTER_FLOWS_HOME to another folder."
            ) from error

    def _settle(self) -> None:
        try:
            self.path.replace(self._path)
        except OSError:
            # A folder that another process has made meanwhile is as good.
            if not self._path.is_dir():
                raise


def copy(source: IO[bytes], target: Sink) -> None:
    """Copy a stream in bounded memory."""
    shutil.copyfileobj(source, target, CHUNK_BYTES)
