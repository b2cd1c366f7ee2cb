"""The registry's file: made private, and never touched when it is somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_flows.errors import RegistryError
from jupyter_flows.registry.migrations import not_ours
from jupyter_flows.registry.schema import APPLICATION_ID

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100


def prepare_file(path: Path) -> None:
    """Make the file (mode 0600) and its folder (0700) where absent; raise before writing when it is not ours."""
    if path.is_dir():
        raise RegistryError(f"The registry {path} is a folder: point JUPYTER_FLOWS_REGISTRY at a file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            _check_header(path)
    except OSError as error:
        why = error.strerror
        raise RegistryError(f"The registry {path} can't be opened ({why}): check its permissions.") from error


def _check_header(path: Path) -> None:
    with path.open("rb") as handle:
        header = handle.read(_HEADER_BYTES)
    if not header:
        return  # Another process is just making it; the migration's lock decides who goes first.
    if not header.startswith(_MAGIC):
        raise not_ours(str(path), "it is no SQLite database")
    if len(header) < _HEADER_BYTES or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise not_ours(str(path), "another program made that database")
