"""Requirements resolved for an image's platform, by uv: which wheel of each, by its digest."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from jupyter_flows.errors import RequirementError
from jupyter_flows.images.archive import Draft

#: The newest glibc that wheels may ask for: that of Debian 10, RHEL 8 and all since.
GLIBC = (2, 28)
_COMPILE = ("pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_LEGACY = {"x86_64": {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}, "aarch64": {17: "manylinux2014"}}


@dataclass(frozen=True, slots=True)
class Package:
    """One distribution, as it will be installed."""

    name: str
    version: str
    #: Where it is fetched from: an address, or a path here.
    url: str
    #: Hex digits, of the file.
    sha256: str
    #: The file's name; a source distribution's does not end in ``.whl``.
    file: str
    size_bytes: int | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it need not be built."""
        return self.file.endswith(".whl")


@dataclass(frozen=True, slots=True)
class Lock:
    """Everything that is installed, by digest."""

    packages: tuple[Package, ...]

    @property
    def key(self) -> str:
        """A digest of the whole."""
        return sha256("\n".join(p.sha256 for p in self.packages).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Write the lock."""
        return {"packages": [asdict(p) for p in self.packages]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(tuple(Package(**p) for p in data["packages"]))


def find_uv() -> str:
    """Return the path of uv, which comes as a Python package."""
    import uv

    return str(uv.find_uv_bin())


def run_uv(arguments: Sequence[str], *, text: str | None = None, what: str) -> str:
    """Run uv and return what it prints; raise `RequirementError` with its own words when it fails."""
    done = subprocess.run([find_uv(), *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise RequirementError(f"{what}: {' '.join(words)[-1500:]}")
    return done.stdout


class Locks:
    """Resolves requirements once, and remembers."""

    def __init__(self, folder: Path):
        self._folder = folder

    def resolve(
        self, requirements: Sequence[str], constraints: Sequence[str], *, python: str, platform: str
    ) -> tuple[Lock, bool]:
        """Return the lock, and whether it was known; raise `RequirementError` naming what can't be had.

        `constraints` are versions to be taken where they fit; they give way where they don't.
        """
        asked = json.dumps([list(requirements), list(constraints), python, platform, GLIBC])
        path = self._folder / f"{sha256(asked.encode()).hexdigest()[:40]}.json"
        try:
            return Lock.from_json(json.loads(path.read_bytes())), True
        except (OSError, ValueError, KeyError, TypeError):
            pass
        lock = _resolve(requirements, constraints, python, platform)
        with Draft(path) as draft:
            draft.path.write_text(json.dumps(lock.to_json()))
        return lock, False


def _resolve(requirements: Sequence[str], constraints: Sequence[str], python: str, platform: str) -> Lock:
    try:
        return _compile(requirements, constraints, python, platform)
    except RequirementError:
        if not constraints:
            raise
        # What else the kernel has installed may not exist for the image's platform.
        return _compile(requirements, (), python, platform)


def _compile(requirements: Sequence[str], constraints: Sequence[str], python: str, platform: str) -> Lock:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="jupyter_flows-lock-") as folder:
        limits = Path(folder, "constraints.txt")
        limits.write_text("\n".join(constraints))
        machine = _machine(platform)
        options = ["--python-version", python, "--python-platform", f"{machine}-manylinux_{GLIBC[0]}_{GLIBC[1]}"]
        found = run_uv(
            [*_COMPILE, "--constraint", str(limits), *options],
            text="\n".join(requirements),
            what=f"These requirements can't be had for Python {python} on {platform}",
        )
    tags = _tags(python, machine)
    base = Path.cwd()
    packages = [_package(p, tags, base, platform) for p in tomllib.loads(found).get("packages", ())]
    return Lock(tuple(sorted(packages, key=lambda p: p.name)))


def _machine(platform: str) -> str:
    architecture = platform.split("/")[1]
    if architecture not in _MACHINES:
        raise RequirementError(
            f"Images for {platform} need an engine: without one, {' and '.join(_MACHINES)} are made."
        )
    return _MACHINES[architecture]


@lru_cache(maxsize=8)
def _tags(python: str, machine: str) -> Mapping[str, int]:
    """Return every wheel tag that the image takes, with its rank: lower is nearer."""
    from packaging import tags

    minor = (int(python.split(".", maxsplit=1)[0]), int(python.split(".")[1]))
    platforms = []
    for small in range(GLIBC[1], 4, -1):
        platforms.append(f"manylinux_2_{small}_{machine}")
        legacy = _LEGACY[machine].get(small)
        platforms += [f"{legacy}_{machine}"] if legacy else []
    platforms.append(f"linux_{machine}")
    short = f"cp{minor[0]}{minor[1]}"
    known = [
        *tags.cpython_tags(minor, [short], platforms),
        *tags.compatible_tags(minor, short, platforms),
    ]
    return {str(tag): rank for rank, tag in reversed(list(enumerate(known)))}


def _package(data: Mapping[str, Any], tags: Mapping[str, int], base: Path, platform: str) -> Package:
    name = str(data["name"])
    for kind in ("vcs", "directory"):
        if kind in data:
            raise RequirementError(
                f"{name} comes from a {'repository' if kind == 'vcs' else 'folder'}, and an image without an engine "
                "takes wheels: give a wheel's address, or publish it."
            )
    if "archive" in data:
        return _described(data, data["archive"], base)
    ranked = sorted(data.get("wheels", ()), key=lambda w: _rank(_file_of(w), tags))
    if ranked and _rank(_file_of(ranked[0]), tags) < len(tags):
        return _described(data, ranked[0], base)
    if "sdist" in data:
        return _described(data, data["sdist"], base)
    raise RequirementError(f"{name} {data.get('version', '')} has no wheel for {platform}: take another version.")


def _described(data: Mapping[str, Any], file: Mapping[str, Any], base: Path) -> Package:
    url = str(file.get("url") or (base / file["path"]))
    digest = file.get("hashes", {}).get("sha256")
    name, version = str(data["name"]), str(data.get("version", ""))
    if not digest:
        raise RequirementError(f"{name} {version} is offered without a SHA-256 digest: it can't be pinned.")
    return Package(name, version, url, str(digest), _file_of(file), file.get("size"))


def _file_of(file: Mapping[str, Any]) -> str:
    return str(file.get("name") or unquote(os.path.basename(urlsplit(str(file.get("url") or file["path"])).path)))  # noqa: PTH119


def _rank(file: str, tags: Mapping[str, int]) -> int:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        _, _, _, offered = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return len(tags)
    return min((tags.get(str(tag), len(tags)) for tag in offered), default=len(tags))


def names_of(packages: Iterable[Package]) -> str:
    """Name packages with their versions, for people."""
    return ", ".join(f"{p.name} {p.version}" for p in packages)
