"""Wheels: fetched by digest, and laid out as they would be installed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jupyter_flows.errors import RequirementError
from jupyter_flows.images.archive import CHUNK_BYTES, Draft, LayerWriter, plain_info
from jupyter_flows.images.libraries import Libraries
from jupyter_flows.images.lock import Package, run_uv
from jupyter_flows.images.plan import PREFIX, File
from jupyter_flows.images.store import Hashing

_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")
_SCRIPT = """#!{prefix}/bin/python
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit({attribute}())
"""
#: A library is looked into on disk when it is larger.
_IN_MEMORY_BYTES = 8 << 20


class Wheels:
    """A folder of wheels by digest, fetched or built when they are first asked for."""

    def __init__(self, folder: Path):
        self._folder = folder

    def fetch(self, package: Package) -> Path:
        """Return the file of a package's wheel; raise `RequirementError` where it can't be had."""
        folder = self._folder / package.sha256
        known = sorted(folder.glob("*.whl"))
        if known:
            os.utime(folder)
            return known[0]
        if package.is_wheel:
            path = folder / package.file
            self._download(package, path)
            return path
        return self._built(package, folder)

    def _download(self, package: Package, path: Path) -> None:
        with Draft(path) as draft, _opened(package) as source:
            reader = Hashing(source)
            with draft.path.open("wb") as target:
                while chunk := reader.read(CHUNK_BYTES):
                    target.write(chunk)
            reader.check(f"sha256:{package.sha256}", f"The index, asked for {package.file},")

    def _built(self, package: Package, folder: Path) -> Path:
        """Build a source distribution whose wheel fits any platform; refuse others by name."""
        with tempfile.TemporaryDirectory(prefix="jupyter_flows-wheel-") as scratch:
            source = Path(scratch, package.file)
            self._download(package, source)
            what = f"{package.name} {package.version} has no wheel, and can't be built from its source"
            run_uv(["build", "--wheel", "--quiet", "--out-dir", f"{scratch}/out", str(source)], what=what)
            made = next(Path(scratch, "out").glob("*.whl"))
            if not made.name.endswith("-none-any.whl"):
                raise RequirementError(
                    f"{package.name} {package.version} has no wheel for the image, only source with compiled parts: "
                    "take a version that has one, or builder='docker'."
                )
            with Draft(folder / made.name) as draft:
                shutil.copyfile(made, draft.path)
        return folder / made.name


def _opened(package: Package) -> IO[bytes]:
    if "://" not in package.url:
        return Path(package.url).open("rb")
    if package.url.startswith("file://"):
        from urllib.request import url2pathname

        return Path(url2pathname(package.url.removeprefix("file://"))).open("rb")
    import requests

    from jupyter_flows.images.registry import CONNECT_SECONDS, READ_SECONDS

    try:
        response = requests.get(package.url, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
        response.raise_for_status()
    except requests.RequestException as error:
        raise RequirementError(f"{package.file} can't be fetched ({error}): try again.") from None
    raw: IO[bytes] = response.raw
    return raw


def add_wheel(writer: LayerWriter, path: Path, python: str, libraries: Libraries) -> None:
    """Add a wheel's files to a layer where they would be installed; note which libraries it has and needs."""
    with zipfile.ZipFile(path) as wheel, path.open("rb") as raw:
        members = sorted((m for m in wheel.infolist() if not m.is_dir()), key=lambda m: m.filename)
        laying = _Laying(writer, wheel, raw, libraries)
        for member in members:
            laying.add(member, *_installed_at(member.filename, python))
        for name, text in sorted(_scripts(wheel, members).items()):
            writer.add(File(f"{PREFIX}/bin/{name}", text.encode(), 0o755))


@dataclass(frozen=True)
class _Laying:
    """A wheel being laid into a layer."""

    writer: LayerWriter
    wheel: zipfile.ZipFile
    raw: IO[bytes]
    libraries: Libraries

    def add(self, member: zipfile.ZipInfo, place: str, is_script: bool) -> None:  # noqa: FBT001 - of a pair
        mode = 0o755 if is_script or (member.external_attr >> 16) & 0o111 else 0o644
        if is_script:
            text = re.sub(rb"\A#!pythonw?\b[^\n]*", f"#!{PREFIX}/bin/python".encode(), self.wheel.read(member))
            self.writer.add(File(place, text, mode))
            return
        info = plain_info(place, member.file_size, mode)
        if not _LIBRARY.search(member.filename):
            self._copy(member, info)
            return
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as seen:
            self._copy(member, info, seen)
            self.libraries.note(member.filename, seen)

    def _copy(self, member: zipfile.ZipInfo, info: tarfile.TarInfo, also: IO[bytes] | None = None) -> None:
        if member.compress_type == zipfile.ZIP_DEFLATED:
            self.writer.add_deflated(info, _deflated(self.raw, member), checksum=member.CRC, also=also)
            return
        self.writer.add_stream(info, _plain(self.wheel, member))
        if also is not None:
            with self.wheel.open(member) as again:
                shutil.copyfileobj(again, also, CHUNK_BYTES)


def _deflated(raw: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's deflate stream as the archive holds it."""
    raw.seek(member.header_offset + 26)
    lengths = raw.read(4)
    raw.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
    left = member.compress_size
    while left and (chunk := raw.read(min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk


def _plain(wheel: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with wheel.open(member) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _installed_at(name: str, python: str) -> tuple[str, bool]:
    """Return where a wheel's member is installed, and whether it is a script of the wheel's own."""
    site = f"{PREFIX}/lib/python{python}/site-packages"
    top, _, rest = name.partition("/")
    if not top.endswith(".data") or not rest:
        return f"{site}/{name}", False
    kind, _, inside = rest.partition("/")
    distribution = top.removesuffix(".data").rpartition("-")[0]
    places = {
        "purelib": site,
        "platlib": site,
        "scripts": f"{PREFIX}/bin",
        "data": PREFIX,
        "headers": f"{PREFIX}/include/site/python{python}/{distribution}",
    }
    if kind not in places or ".." in inside.split("/"):
        raise RequirementError(f"A wheel has a file at {name!r}, for which there is no place: take another version.")
    return f"{places[kind]}/{inside}", kind == "scripts"


def _scripts(wheel: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Return the console scripts that a wheel asks for."""
    info = next((m.filename.partition("/")[0] for m in members if m.filename.endswith(".dist-info/METADATA")), None)
    if info is None:
        raise RequirementError(f"{wheel.filename} has no metadata: it is no wheel.")
    points = importlib.metadata.PathDistribution(zipfile.Path(wheel, f"{info}/")).entry_points
    found = {}
    for point in points.select(group="console_scripts"):
        first = point.attr.partition(".")[0]
        found[point.name] = _SCRIPT.format(prefix=PREFIX, module=point.module, first=first, attribute=point.attr)
    return found
