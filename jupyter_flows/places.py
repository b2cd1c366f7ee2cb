"""Where things are kept: folders of the user alone, under Jupyter's data directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from jupyter_flows.errors import FlowsError

#: Overrides the folder that everything else lies in.
HOME_VARIABLE = "JUPYTER_FLOWS_HOME"
#: How the folders in `outputs_folder` begin that belong to runs no registry knows.
UNRECORDED = "unrecorded-"


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return (and make) the folder of all that jupyter_flows keeps: ``JUPYTER_FLOWS_HOME``, else Jupyter's."""
    given = environ.get(HOME_VARIABLE)
    if given:
        return private_folder(Path(given).expanduser().absolute())
    from jupyter_core.paths import jupyter_data_dir

    return private_folder(Path(jupyter_data_dir()) / "jupyter_flows")


def artifacts_folder() -> Path:
    """Return the folder in which `Local` storage keeps packed flows."""
    return private_folder(data_folder() / "artifacts")


def notebooks_folder() -> Path:
    """Return the folder of executed notebooks."""
    return private_folder(data_folder() / "notebooks")


def results_folder() -> Path:
    """Return the folder of what runs leave behind for runs that go on from them."""
    return private_folder(data_folder() / "results")


def cache_folder() -> Path:
    """Return the folder of functional tasks' results that have no other."""
    return private_folder(data_folder() / "cache")


def outputs_folder() -> Path:
    """Return the folder of what runs wrote that was too long for their events."""
    return private_folder(data_folder() / "outputs")


def secrets_folder() -> Path:
    """Return the folder of the user's secrets."""
    return private_folder(data_folder() / "secrets")


def images_folder() -> Path:
    """Return the folder of what makes images, and of images that are kept nowhere else."""
    return private_folder(data_folder() / "images")


def part_of_path(name: str) -> str:
    """Make a name one part of a path: nothing climbs out of the folder, names stay readable and different."""
    part = quote(name, safe=" @+,=()[]")
    return part.replace(".", "%2E") if part.strip(".") == "" or part.startswith(".") else part


def private_folder(path: Path) -> Path:
    """Make a folder of mode 0700 with its parents; refuse one that others may write to or that is no folder."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise FlowsError(
            f"The folder {path} can't be made ({error.strerror}): set {HOME_VARIABLE} to another."
        ) from None
    if os.name == "posix" and status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 at once: readers see the old content or the new, never half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
