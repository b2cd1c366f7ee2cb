"""From imported modules to the distributions that they came from, pinned to the versions installed."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True)
class Requirements:
    """What has to be installed where a flow runs."""

    #: ``pandas==3.1.1``, sorted.
    pinned: tuple[str, ...] = ()
    #: Modules that nothing installed here provides.
    missing: tuple[str, ...] = ()
    #: Distributions that no package index has, and why: installed from a folder, a repository, a file.
    unpublished: Mapping[str, str] | None = None


def pin(modules: Iterable[str], *, explicit: Iterable[str] = (), shell: bool = False) -> Requirements:
    """Pin what the modules (full dotted names) come from; an explicit requirement takes the place of a pin.

    `shell` adds IPython, which cells with magics or rich display need in their run.
    """
    pins: dict[str, str] = {}
    unpublished: dict[str, str] = {}
    missing = []
    for module in sorted({*modules, *(("IPython",) if shell else ())}):
        names = distributions_of(module)
        if not names and not _importable(module.partition(".")[0]):
            missing.append(module)
        if not names and _importable(module.partition(".")[0]):
            unpublished[module.partition(".")[0]] = "it is found on this machine's path only"
        for name in names:
            pins[canonicalize_name(name)] = f"{canonicalize_name(name)}=={importlib.metadata.version(name)}"
            if origin := _origin(name):
                unpublished[canonicalize_name(name)] = origin
    for text in explicit:
        pins[canonicalize_name(Requirement(text).name)] = text
    return Requirements(tuple(sorted(pins.values())), tuple(missing), dict(sorted(unpublished.items())))


def distributions_of(module: str) -> tuple[str, ...]:
    """Return the installed distributions that a module comes from.

    Several may share a top-level name (``google``): then those count that have files of the module.
    """
    names = sorted(set(_by_module(_installation()).get(module.partition(".")[0], ())))
    if len(names) <= 1:
        return tuple(names)
    start = module.replace(".", "/")
    return tuple(n for n in names if _has_files(n, start)) or tuple(names)


def _has_files(distribution: str, start: str) -> bool:
    files = importlib.metadata.files(distribution) or ()
    return any(re.match(re.escape(start) + r"(/|\.)", f.as_posix()) for f in files)


def _installation() -> tuple[tuple[str, int], ...]:
    """Return what changes when a package is installed or removed: the folders on the path and their times."""
    folders = [p for p in sys.path if p.endswith(("site-packages", "dist-packages")) and os.path.isdir(p)]  # noqa: PTH112
    return tuple((p, os.stat(p).st_mtime_ns) for p in folders)  # noqa: PTH116


@functools.lru_cache(maxsize=1)
def _by_module(_installed: tuple[tuple[str, int], ...]) -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def _importable(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _origin(distribution: str) -> str | None:
    """Say where a distribution was installed from, if not from an index (PEP 610)."""
    text = importlib.metadata.distribution(distribution).read_text("direct_url.json")
    if not text:
        return None
    try:
        url = json.loads(text)
    except ValueError:
        return None
    if url.get("dir_info", {}).get("editable"):
        return "it is installed from a folder here, editable"
    if "vcs_info" in url:
        return "it is installed from a repository"
    return "it is installed from a folder or file here"
