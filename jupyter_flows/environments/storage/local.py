"""Flows kept as files on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jupyter_flows.core.artifact import sha256
from jupyter_flows.environments.storage.base import Storage
from jupyter_flows.errors import ArtifactError, StorageError
from jupyter_flows.places import artifacts_folder, private_folder, write_private


class Local(Storage):
    """Keep flows in a folder, each under the digest of its bytes; the default folder is the user's own."""

    def __init__(self, directory: str | os.PathLike[str] | None = None):
        self.directory = None if directory is None else str(Path(directory).expanduser().absolute())

    def write(self, data: bytes, name: str) -> str:
        """Write ``<digest>.tar.gz`` unless it is there, mode 0600."""
        folder = private_folder(Path(self.directory)) if self.directory else artifacts_folder()
        path = folder / f"{sha256(data).removeprefix('sha256:')}.tar.gz"
        try:
            if not path.exists() or path.read_bytes() != data:
                write_private(path, data)
        except OSError as error:
            raise StorageError(f"Flow {name!r} can't be kept in {folder}: {error.strerror}.") from error
        return path.as_uri()

    def read(self, uri: str) -> bytes:
        """Read the file that a ``file:`` uri names."""
        parts = urlsplit(uri)
        if parts.scheme != "file":
            raise ArtifactError(f"Local storage reads file: addresses, not {uri!r}.")
        try:
            return Path(unquote(parts.path)).read_bytes()
        except OSError as error:
            raise ArtifactError(f"The stored flow {uri} can't be read ({error.strerror}): register it again.") from None
