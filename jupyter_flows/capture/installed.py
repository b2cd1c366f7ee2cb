"""Which installed distribution a module comes from, found without reading what all of them hold."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

#: Distributions that are not called what is imported: looked at first, believed only if they hold the module.
_CALLED = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "mpl_toolkits": "matplotlib",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_INFO = re.compile(r"(?P<name>.+?)(?:-(?P<version>[^-]+))?(?:-py[\d.]+)?\.(?:dist-info|egg-info)")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution, by the folder or file that describes it."""

    #: Its canonical name.
    name: str
    info: Path

    @property
    def version(self) -> str:
        """The version installed."""
        return importlib.metadata.version(self.name)

    def holds(self, start: str) -> bool:
        """Tell whether it has files of a module, whose path without ending is `start`."""
        return (
            re.search(
                rf"^(?:\.\./)*{re.escape(start)}(?:/|\.)", _listing(self.info, _changed_at(self.info)), re.MULTILINE
            )
            is not None
        )

    def direct_url(self) -> Mapping[str, Any]:
        """Return where it was installed from, if not from an index (PEP 610)."""
        return _direct_url(self.info)

    @property
    def source(self) -> Path | None:
        """The folder that it is installed from so that edits there count."""
        url = self.direct_url()
        if not url.get("dir_info", {}).get("editable"):
            return None
        return Path(unquote(urlsplit(str(url.get("url", ""))).path))


def distributions_of(module: str) -> tuple[Distribution, ...]:
    """Return the installed distributions that a module (a full dotted name) comes from, by their names.

    Several may share a top-level name (``google``): then those count that have files of the module.
    """
    top = module.partition(".")[0]
    owners = _owners(top, _installation())
    parts = module.split(".")
    while len(owners) > 1 and len(parts) > 1:
        having = tuple(d for d in owners if d.holds("/".join(parts)))
        if having:
            return having
        parts.pop()
    return owners or _edited(top)


def find_distribution(name: str) -> Distribution | None:
    """Return the installed distribution of a name."""
    found = _index(_installation()).get(canonicalize_name(name))
    return Distribution(canonicalize_name(name), found) if found else None


def _installation() -> tuple[tuple[str, int], ...]:
    """Return what changes when a package is installed or removed: the folders on the path and their times."""
    folders = [p for p in sys.path if p.endswith(("site-packages", "dist-packages")) and os.path.isdir(p)]  # noqa: PTH112
    return tuple((p, os.stat(p).st_mtime_ns) for p in folders)  # noqa: PTH116


@functools.lru_cache(maxsize=1)
def _index(installed: tuple[tuple[str, int], ...]) -> Mapping[str, Path]:
    """Return where each distribution is described; what is first on the path counts."""
    found: dict[str, Path] = {}
    for folder, _ in installed:
        for entry in os.listdir(folder):  # noqa: PTH208 - only the names, and they are many
            match = _INFO.fullmatch(entry)
            if match:
                found.setdefault(canonicalize_name(match["name"]), Path(folder, entry))
    return found


@functools.lru_cache(maxsize=1024)
def _owners(top: str, installed: tuple[tuple[str, int], ...]) -> tuple[Distribution, ...]:
    known = {name: Distribution(name, info) for name, info in _index(installed).items()}
    likely = known.get(canonicalize_name(_CALLED.get(top, top)))
    if likely and likely.holds(f"{top}/__init__"):
        # A package with a file of its own that makes it one is nobody else's.
        return (likely,)
    return tuple(known[name] for name in sorted(known) if known[name].holds(top))


def _edited(top: str) -> tuple[Distribution, ...]:
    """Return the distribution whose source folder, where edits count, a module is found in."""
    try:
        spec = PathFinder.find_spec(top)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    places = [Path(p) for p in (*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin else []))]
    for distribution in _edited_ones():
        source = distribution.source
        if source and any(place.is_relative_to(source) for place in places):
            return (distribution,)
    return ()


def _edited_ones() -> Iterator[Distribution]:
    for name, info in sorted(_index(_installation()).items()):
        if (info / "direct_url.json").is_file():
            yield Distribution(name, info)


def _changed_at(info: Path) -> int:
    try:
        return os.stat(info).st_mtime_ns  # noqa: PTH116 - one of many
    except OSError:
        return 0


@functools.lru_cache(maxsize=4096)
def _listing(info: Path, _changed: int) -> str:
    """Return the paths that a distribution installed, one a line; of an old one, the names of its modules."""
    for name in ("RECORD", "installed-files.txt", "top_level.txt"):
        try:
            text = (info / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return "".join(f"{line}/\n" for line in text.split()) if name == "top_level.txt" else text
    return ""


def _direct_url(info: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
