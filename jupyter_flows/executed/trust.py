"""Trust in an executed notebook: Jupyter shows its HTML and runs its JavaScript only if its user's own run made it."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from jupyter_flows.core.place import Place, user_name


def is_own(place: Place, registry: Path) -> bool:
    """Tell whether a run is this user's own: registered by them, here, in a registry that nobody else can write to."""
    if (place.user, place.host) != (user_name(), socket.gethostname()):
        return False
    try:
        file, folder = registry.stat(), registry.parent.stat()
    except OSError:
        return False
    if os.name != "posix":
        return True
    mine = file.st_uid == os.getuid() == folder.st_uid
    return mine and not (stat.S_IMODE(file.st_mode) | stat.S_IMODE(folder.st_mode)) & 0o022


def sign(text: str) -> None:
    """Sign a notebook's content with this user's own notary, as running it in their JupyterLab would have done."""
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    try:
        notary.sign(nbformat.reads(text, as_version=nbformat.NO_CONVERT))
    finally:
        notary.store.close()
