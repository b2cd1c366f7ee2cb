"""Bundles: everything a run needs, as named files in one reproducible archive."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_flows.core.collecting import uncollected
from jupyter_flows.core.document import Document, cell_file, cells_flow, to_document
from jupyter_flows.core.flow import Flow
from jupyter_flows.errors import ArtifactError, DefinitionError

#: A bundle that unpacks to more is refused: cells, modules and callbacks are text.
MAX_BYTES = 512 * 1024 * 1024
MAX_FILES = 20_000
#: Where the files of a bundle lie in a flow's image.
IMAGE_FOLDER = "/opt/flow/bundle"
_COMPRESSION = 4


@dataclass(frozen=True, slots=True)
class Bundle:
    """A packed flow: ``flow.json``, ``cells/*.py``, ``notebook.ipynb``, ``modules/*``, ``flow.cloudpickle``."""

    files: Mapping[str, bytes]

    @property
    def document(self) -> Document:
        """Return ``flow.json``, parsed; raise `ArtifactError` when it is absent or no JSON."""
        try:
            document = json.loads(self.files["flow.json"])
        except (KeyError, ValueError) as error:
            raise ArtifactError(f"The bundle has no readable flow.json ({error}): register again.") from None
        if not isinstance(document, dict):
            raise ArtifactError("The bundle's flow.json is no flow: register again.")
        return document

    @property
    def digest(self) -> str:
        """Return the flow's digest, of meaning (``v1:...``)."""
        return str(self.document["digest"])

    def pack(self) -> bytes:
        """Return a gzipped tar; the same files give the same bytes on any machine and day.

        Compressed lightly: the strongest level takes twenty times as long for a few bytes in a hundred.
        """
        buffer = io.BytesIO()
        with (
            gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=_COMPRESSION, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for name in sorted(self.files):
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(self.files[name]), 0o644
                tar.addfile(info, io.BytesIO(self.files[name]))
        return buffer.getvalue()

    @classmethod
    def unpack(cls, data: bytes) -> Bundle:
        """Read what `pack` wrote; raise `ArtifactError` for anything else, or anything unsafe."""
        files: dict[str, bytes] = {}
        total = 0
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
                for member in tar:
                    total += member.size
                    if total > MAX_BYTES or len(files) >= MAX_FILES:
                        raise ArtifactError(f"The bundle is larger than {MAX_BYTES} bytes or {MAX_FILES} files.")
                    name = _safe_name(member)
                    files[name] = _content(tar, member)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ArtifactError(f"The stored flow is no bundle ({error}): register again.") from None
        return cls(files)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Bundle:
        """Read a bundle whose files lie in a folder, as in a flow's image; raise `ArtifactError` when there is none."""
        root = Path(folder)
        files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        if "flow.json" not in files:
            raise ArtifactError(f"There is no flow in {root}: register it again.")
        return cls(files)


def _safe_name(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if not member.isfile() or path.is_absolute() or ".." in path.parts or member.name != str(path):
        raise ArtifactError(f"The bundle holds {member.name!r}, which is no plain file inside it.")
    return member.name


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    handle = tar.extractfile(member)
    return handle.read() if handle else b""


def pack_flow(flow: Flow) -> Bundle:
    """Gather a flow's files; raise `DefinitionError` naming what can't be pickled."""
    with uncollected():
        return _pack_flow(flow)


def _pack_flow(flow: Flow) -> Bundle:
    from jupyter_flows.core import pickled

    flow.validate()
    document = to_document(flow)
    files = {"flow.json": (json.dumps(document, sort_keys=True) + "\n").encode()}
    for task in flow.cell_tasks:
        files[cell_file(task)] = task.code.encode()
    if flow.origin:
        files["notebook.ipynb"] = flow.origin.notebook.encode()
        files |= {f"modules/{path}": source for path, source in flow.origin.modules.items()}
    callbacks = flow.environment.callbacks() if flow.environment else {}
    _check_cells(flow)
    if callbacks or flow.handlers or not flow.of_cells:
        files["flow.cloudpickle"] = pickled.dump(flow, callbacks)
    return Bundle(files)


def _check_cells(flow: Flow) -> None:
    """Refuse what a cell can't take along: cells are packed as text."""
    heard = [t.name for t in flow.cell_tasks if t.rules.are_heard]
    if heard:
        raise DefinitionError(f"Task {heard[0]!r} is a cell, which has no handlers: set them on the flow.")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A flow brought back from a bundle; making one runs the pickle's code, so only run processes do."""

    flow: Flow
    callbacks: Mapping[str, Any]


def unpack_flow(bundle: Bundle) -> Unpacked:
    """Bring back the flow and its callbacks, unpickling where the bundle has a pickle."""
    document = bundle.document
    content: dict[str, Any] = {"flow": None, "callbacks": {}}
    if "flow.cloudpickle" in bundle.files:
        from jupyter_flows.core import pickled  # Flows of cells run without, and start sooner.

        try:
            with uncollected():
                content = pickled.load(bundle.files["flow.cloudpickle"])
        except Exception as error:
            made_with = document.get("python", "?")
            raise ArtifactError(
                f"The flow's functions can't be loaded here ({type(error).__name__}: {error}). They were packed with "
                f"Python {made_with}: run them with that version and the same packages."
            ) from error
    flow = content["flow"] or cells_flow(document, bundle.files)
    if "state_handlers" in content:
        flow.state_handlers, flow.on_failure = content["state_handlers"], content["on_failure"]
    return Unpacked(flow, content["callbacks"])
