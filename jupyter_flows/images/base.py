"""Bases: which image a tag stands for, remembered, and where its Python and its libraries are."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jupyter_flows.errors import ImageError
from jupyter_flows.images.archive import Draft, walk_layer
from jupyter_flows.images.manifest import environment
from jupyter_flows.images.reference import Place
from jupyter_flows.images.source import ImageSource, find_image
from jupyter_flows.images.store import passing

#: Shared libraries of the official slim images, beyond the glibc family's.
SLIM_LIBRARIES = frozenset(
    {
        "libbz2.so.1.0", "libcom_err.so.2", "libcrypt.so.1", "libcrypto.so.3", "libdb-5.3.so", "libexpat.so.1",
        "libffi.so.8", "libgcc_s.so.1", "libgdbm.so.6", "libgssapi_krb5.so.2", "libk5crypto.so.3", "libkrb5.so.3",
        "libkrb5support.so.0", "liblz4.so.1", "liblzma.so.5", "libncursesw.so.6", "libnsl.so.2", "libpanelw.so.6",
        "libpcre2-8.so.0", "libreadline.so.8", "libselinux.so.1", "libsqlite3.so.0", "libssl.so.3", "libstdc++.so.6",
        "libtinfo.so.6", "libtirpc.so.3", "libudev.so.1", "libuuid.so.1", "libz.so.1", "libzstd.so.1",
    }
)  # fmt: skip
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Base:
    """A base, resolved for one platform."""

    #: As it was asked for.
    name: str
    #: Of its manifest.
    digest: str
    config: Mapping[str, Any]
    #: The folder of its interpreter; None where none was found.
    python_home: str | None
    #: The interpreter's minor version, as ``3.11``.
    python: str | None
    #: Names of its shared libraries; None where they were not looked at, as with official images.
    libraries: tuple[str, ...] | None

    @property
    def path(self) -> str:
        """The folders that its programs are searched in."""
        return environment(self.config).get("PATH", _DEFAULT_PATH)


class Bases:
    """Remembers which digest a base's name stood for, and what was found in it."""

    def __init__(self, folder: Path, *, refresh: bool = False):
        self._folder, self._refresh = folder, refresh
        self._fresh: dict[tuple[str, str], str] = {}

    def digest(self, name: str, platform: str) -> str:
        """Return the digest that a name stands for: as resolved the first time, unless asked to refresh."""
        place = Place.parse(name)
        key = (name, platform)
        if key in self._fresh:
            return self._fresh[key]
        path = self._file("names", f"{place} {platform}")
        known = None if self._refresh and not place.digest else _read(path)
        if known is None:
            known = {"name": name, "platform": platform, "digest": find_image(place, platform=platform).manifest.digest}
            _write(path, known)
        self._fresh[key] = str(known["digest"])
        return self._fresh[key]

    def find(self, name: str, platform: str, python_path: str | None) -> tuple[Base, ImageSource]:
        """Return what is known of a base, and the base itself, whose manifest alone is fetched if it is known."""
        digest = self.digest(name, platform)
        source = find_image(Place.parse(name).at(digest), platform=platform)
        path = self._file("bases", f"{digest} {python_path}")
        known = _read(path)
        if known is None:
            known = asdict(_look(name, source, python_path))
            _write(path, known)
        libraries = known["libraries"]
        return Base(**{**known, "name": name, "libraries": None if libraries is None else tuple(libraries)}), source

    def _file(self, kind: str, key: str) -> Path:
        return self._folder / kind / f"{sha256(key.encode()).hexdigest()[:40]}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, document: Mapping[str, Any]) -> None:
    with Draft(path) as draft:
        draft.path.write_text(json.dumps(document))


def _look(name: str, source: ImageSource, python_path: str | None) -> Base:
    """Find the interpreter: by what official images say of themselves, else by looking into the layers."""
    config = source.config()
    variables = environment(config)
    version = variables.get("PYTHON_VERSION")
    if version and not python_path and source.store.name == "docker.io/library/python" and "alpine" not in name:
        return Base(name, source.manifest.digest, config, "/usr/local/bin", _minor(version), None)
    found = _Contents(source)
    if any(library.startswith("ld-musl") for library in found.libraries):
        raise ImageError(f"The base {name} is built on musl, for which few wheels exist: take a slim or full one.")
    folders = [python_path] if python_path else variables.get("PATH", _DEFAULT_PATH).split(":")
    for folder in folders:
        for minor in found.pythons.get(posixpath.normpath(folder), ()):
            return Base(name, source.manifest.digest, config, folder, minor, tuple(sorted(found.libraries)))
    return Base(name, source.manifest.digest, config, None, None, tuple(sorted(found.libraries)))


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


class _Contents:
    """What lies in the layers of a base: interpreters by folder, and names of shared libraries."""

    def __init__(self, source: ImageSource):
        self.pythons: dict[str, list[str]] = {}
        self.libraries: set[str] = set()
        for layer in source.layers:
            if "zstd" in layer.media_type:
                raise ImageError(f"{source.name} has layers in zstd: say python_path=, or take a base in gzip.")
            with passing(source.store, layer.digest) as file:
                for member, _ in walk_layer(file):
                    self._meet("/" + member.name.removeprefix("./").lstrip("/"))

    def _meet(self, path: str) -> None:
        folder, name = posixpath.split(path)
        if ".so" in name:
            self.libraries.add(name)
        if name.startswith("python3.") and name.removeprefix("python3.").isdigit() and folder.endswith("bin"):
            # Debian's /bin is a link to /usr/bin.
            self.pythons.setdefault(folder, []).append(name.removeprefix("python"))
