"""Which folder a notebook needs around it, so that a copy of that folder is enough to run it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from jupyter_flows.comparison.scratch import files
from jupyter_flows.errors import CheckError

#: More than this is no notebook's own folder but somebody's home.
MAX_BYTES, MAX_FILES = 1_000_000_000, 20_000
_UP = re.compile(r"(?<![\w.])(?:\.\./)*\.\.(?=[/'\")])")


def folder_around(path: Path, sources: Iterable[str]) -> Path:
    """Return the notebook's folder, or the one above it that cells reach by ``../``."""
    ups = max((match[0].count("..") for source in sources for match in _UP.finditer(source)), default=0)
    folder = path.parent
    for _ in range(ups):
        if folder.parent in (Path.home(), Path("/"), folder):
            break
        folder = folder.parent
    return folder


def check_size(folder: Path) -> None:
    """Raise `CheckError` for a folder too large to be copied."""
    size = 0
    for count, file in enumerate(files(folder), start=1):
        size += (folder / file).stat().st_size
        if size > MAX_BYTES or count > MAX_FILES:
            raise CheckError(
                f"--deep runs the notebook in a copy of {folder}, which holds more than {MAX_BYTES // 10**9} GB or "
                f"{MAX_FILES:,} files: put the notebook, with what it reads, into a folder of its own."
            )
