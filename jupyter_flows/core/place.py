"""Where a flow was registered from: the interpreter and folder that its local runs use."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Place:
    """The interpreter, folder, user and host of a registration."""

    #: The interpreter's executable, as `sys.executable` gave it.
    python: str
    #: The notebook's folder, or the current one where there is no notebook.
    folder: str
    #: The notebook's absolute path, if it is saved.
    notebook: str | None
    user: str
    host: str

    @classmethod
    def here(cls, *, notebook: str | os.PathLike[str] | None = None) -> Self:
        """Describe this process; the folder is the notebook's where one is given."""
        path = Path(notebook).absolute() if notebook is not None else None
        return cls(
            python=sys.executable,
            folder=str(path.parent if path else Path.cwd()),
            notebook=str(path) if path else None,
            user=user_name(),
            host=socket.gethostname(),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(data["python"], data["folder"], data["notebook"], data["user"], data["host"])


def user_name() -> str:
    """Return the user's name, or the user's number where it has no name (as in some containers)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
