"""What of our own package runs flows in an image: sources and, beside them, what Python makes of them.

The user of an image may not write to its packages, so that each run would compile them anew. Compiled code is
written without marshal's references between objects: which of them it uses depends on what else is loaded.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from jupyter_flows.images.archive import Draft
from jupyter_flows.images.plan import Entry, File

ROOMS = frozenset({"__init__", "core", "engine", "environments", "errors", "flow", "images", "places", "settings"})
_MARSHAL = 2
#: "Checked by nobody": the source beside it is of the same layer.
_FLAGS = (0b01).to_bytes(4, "little")


def runtime_entries(site: str, folder: Path) -> Iterator[Entry]:
    """Yield the files of the runtime below a folder of packages in the image; `folder` keeps what was compiled."""
    sources = _sources()
    tag = str(sys.implementation.cache_tag)
    text = "\n".join(f"{path} {sha256(source).hexdigest()}" for path, source in sources.items())
    kept = folder / sha256(f"{tag} {sys.version_info} {site}\n{text}".encode()).hexdigest()[:40]
    if not kept.exists():
        with Draft(kept) as draft:
            draft.path.mkdir()
            for path, source in sources.items():
                (draft.path / _flat(path)).write_bytes(_compiled(source, f"{site}/{path}"))
    os.utime(kept)
    for path, source in sources.items():
        yield File(f"{site}/{path}", source)
        parent, _, name = path.rpartition("/")
        yield File(f"{site}/{parent}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc", kept / _flat(path))


def _sources() -> Mapping[str, bytes]:
    """Read the modules of the runtime as installed here, by path."""
    import jupyter_flows

    house = Path(jupyter_flows.__file__).parent
    paths = sorted(p for p in house.rglob("*.py") if p.relative_to(house).with_suffix("").parts[0] in ROOMS)
    return {f"jupyter_flows/{path.relative_to(house).as_posix()}": path.read_bytes() for path in paths}


def _flat(path: str) -> str:
    return path.replace("/", ".") + "c"


def _compiled(source: bytes, place: str) -> bytes:
    code = compile(source, place, "exec", dont_inherit=True, optimize=0)
    return importlib.util.MAGIC_NUMBER + _FLAGS + importlib.util.source_hash(source) + marshal.dumps(code, _MARSHAL)
