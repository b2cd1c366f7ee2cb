"""Images on this machine: OCI layout folders, and archives for ``docker load``."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from jupyter_flows.errors import ImageError, ImageGoneError
from jupyter_flows.images.archive import Draft, copy, plain_info
from jupyter_flows.images.manifest import Blob, Manifest, digest_of, to_bytes
from jupyter_flows.images.store import Hashing, Opener

_TAG = "org.opencontainers.image.ref.name"
_INDEX = "index.json"
_VERSION = "oci-layout"


class LayoutStore:
    """A folder in OCI's image layout."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder."""
        return f"oci-layout:{self.folder}"

    def path(self, digest: str) -> Path:
        """Return where a blob lies, or would lie."""
        kind, _, number = digest.partition(":")
        return self.folder / "blobs" / kind / number

    def has(self, digest: str) -> bool:
        """Look for the file."""
        return self.path(digest).is_file()

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        """Open the file."""
        try:
            file = self.path(digest).open("rb")
        except OSError as error:
            raise ImageGoneError(f"{self.name} has no blob {digest} ({error.strerror}).") from None
        with file:
            yield file

    def put(self, blob: Blob, source: Opener) -> int:
        """Copy a blob beside its place, check it, and move it there."""
        with Draft(self.path(blob.digest)) as draft, source() as file:
            reader: Any = Hashing(file)
            with draft.path.open("wb") as target:
                copy(reader, target)
            reader.check(blob.digest, "What was to be kept")
        return blob.size_bytes

    def manifest(self, version: str) -> tuple[bytes, str | None]:
        """Find a tag in the index, or a manifest among the blobs."""
        digest = version if version.startswith("sha256:") else self._tagged(version)
        try:
            return self.path(digest).read_bytes(), None
        except OSError as error:
            raise ImageGoneError(f"{self.name} has no image {version} ({error.strerror}).") from None

    def put_manifest(self, data: bytes, tag: str | None) -> None:
        """Keep a manifest, and name it in the index."""
        blob = Blob(json.loads(data)["mediaType"], digest_of(data), len(data), {_TAG: tag} if tag else {})
        self._write(self.path(blob.digest), data)
        self._write(self.folder / _VERSION, b'{"imageLayoutVersion":"1.0.0"}')
        others = [m for m in self._index() if not _is(m, blob.digest, tag)]
        document = {"schemaVersion": 2, "manifests": [*others, blob.to_json()]}
        self._write(self.folder / _INDEX, to_bytes(document))

    def _write(self, path: Path, data: bytes) -> None:
        with Draft(path) as draft:
            draft.path.write_bytes(data)

    def _index(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = json.loads((self.folder / _INDEX).read_bytes())["manifests"]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ImageError(f"{self.name} is no OCI layout ({error}): name another folder.") from None
        return found

    def _tagged(self, tag: str) -> str:
        entries = self._index()
        named = [m for m in entries if (m.get("annotations") or {}).get(_TAG) == tag]
        if not named and tag == "latest" and len(entries) == 1:
            named = entries
        if not named:
            raise ImageGoneError(f"{self.name} has no image tagged {tag!r}.")
        return str(named[-1]["digest"])


def _is(entry: dict[str, Any], digest: str, tag: str | None) -> bool:
    """Tell whether an entry of an index is replaced by another manifest."""
    named = (entry.get("annotations") or {}).get(_TAG)
    return bool(named == tag if tag and named else entry["digest"] == digest)


class ArchiveStore:
    """An archive that ``docker load`` takes, which is an OCI layout, too; read only."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def name(self) -> str:
        """The file."""
        return f"docker-archive:{self.path}"

    def has(self, digest: str) -> bool:
        """Look for the member."""
        return f"blobs/{digest.replace(':', '/')}" in self._names()

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        """Open a member."""
        with self._member(f"blobs/{digest.replace(':', '/')}") as file:
            yield file

    def manifest(self, version: str) -> tuple[bytes, str | None]:
        """Find a manifest; a tag stands for the archive's one image."""
        digest = version
        if not version.startswith("sha256:"):
            with self._member(_INDEX) as file:
                digest = str(json.loads(file.read())["manifests"][0]["digest"])
        with self.open(digest) as file:
            return file.read(), None

    def put(self, blob: Blob, source: Opener) -> int:
        """Refuse: `write_archive` makes a whole one."""
        raise ImageError(f"{self.name} can't be added to ({blob.digest} from {source}): write it anew.")

    put_manifest: Any = put

    def _names(self) -> list[str]:
        with self._opened() as tar:
            return tar.getnames()

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        with self._opened() as tar:
            try:
                file = tar.extractfile(name)
            except KeyError:
                file = None
            if file is None:
                raise ImageGoneError(f"{self.name} has no {name}.")
            yield file

    def _opened(self) -> tarfile.TarFile:
        try:
            return tarfile.open(self.path, mode="r:")
        except (OSError, tarfile.TarError) as error:
            raise ImageGoneError(f"{self.name} can't be read ({error}).") from None


def write_archive(layout: LayoutStore, digest: str, name: str, path: Path) -> int:
    """Write one image of a layout as an archive for ``docker load``; return its size."""
    data, _ = layout.manifest(digest)
    manifest = Manifest.parse(data)
    blobs = [manifest.config, *manifest.layers]
    listed = [
        {
            "Config": _member_of(manifest.config.digest),
            "RepoTags": [name],
            "Layers": [_member_of(layer.digest) for layer in manifest.layers],
        }
    ]
    index = {"schemaVersion": 2, "manifests": [Blob(json.loads(data)["mediaType"], digest, len(data)).to_json()]}
    texts = {"manifest.json": to_bytes_of(listed), _INDEX: to_bytes(index), _VERSION: b'{"imageLayoutVersion":"1.0.0"}'}
    with Draft(path) as draft, tarfile.open(draft.path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member, text in {**texts, _member_of(digest): data}.items():
            _add_bytes(tar, member, text)
        for one in {blob.digest: blob for blob in blobs}.values():
            with layout.open(one.digest) as file:
                tar.addfile(plain_info(_member_of(one.digest), one.size_bytes), file)
    return path.stat().st_size


def to_bytes_of(documents: list[Any]) -> bytes:
    """Write a list as `to_bytes` writes a document."""
    return json.dumps(documents, sort_keys=True, separators=(",", ":")).encode()


def _member_of(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    import io

    tar.addfile(plain_info(name, len(data)), io.BytesIO(data))
