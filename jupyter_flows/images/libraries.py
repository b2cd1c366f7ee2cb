"""Shared libraries: what an image's compiled packages need, and whether anything there has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename
from typing import IO, Any, Self

from jupyter_flows.images.base import SLIM_LIBRARIES

#: Part of every base with glibc.
_GLIBC = re.compile(
    r"(?:ld-linux[\w-]*|libc|libm|libdl|libpthread|librt|libutil|libresolv|libanl|libnss_\w+|libBrokenLocale|"
    r"libmvec|libthread_db|libcrypt)\.so\.\d+|linux-vdso\.so\.\d+"
)
#: Of drivers that the machine brings along, and of parts that packages do without.
_OPTIONAL = re.compile(r"lib(?:cuda|nvidia-\w+|nvcuvid|tbb|mpi|cufile|cudart|rocm\w*|hip\w*|ibverbs|mlx5|rdmacm)\.so")
_INTERPRETER = re.compile(r"libpython3[\d.]*\.so")


class Libraries:
    """What some packages have and need."""

    def __init__(self) -> None:
        self.has: set[str] = set()
        #: The libraries that each needs, by its own name.
        self.needs: dict[str, list[str]] = {}

    def note(self, name: str, file: IO[bytes]) -> None:
        """Look into one library, which may be no ELF file at all."""
        self.has.add(basename(name))
        file.seek(0)
        if file.read(4) == b"\x7fELF":
            file.seek(0)
            needed, own = _dynamic(file)
            self.has |= own
            self.needs[basename(name)] = sorted(needed)

    def to_json(self) -> dict[str, Any]:
        """Write what was noted."""
        return {"has": sorted(self.has), "needs": self.needs}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        made = cls()
        made.has, made.needs = set(data["has"]), dict(data["needs"])
        return made


def missing(packages: Mapping[str, Libraries], base: Iterable[str] | None, name: str) -> Iterator[str]:
    """Say what packages need that neither they nor the base has; `base` is None for an official image."""
    there = set(SLIM_LIBRARIES if base is None else base).union(*(p.has for p in packages.values()))
    for package, libraries in sorted(packages.items()):
        needed = {library for needs in libraries.needs.values() for library in needs}
        for library in sorted(needed - there):
            if not (_GLIBC.fullmatch(library) or _OPTIONAL.match(library) or _INTERPRETER.match(library)):
                yield f"{package} needs {library}, absent from {name}"


def _dynamic(file: IO[bytes]) -> tuple[set[str], set[str]]:
    """Return the libraries that an ELF file needs, and the name it goes by."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    needed: set[str] = set()
    own: set[str] = set()
    try:
        segments: Any = ELFFile(file).iter_segments("PT_DYNAMIC")
        for segment in segments:
            for tag in segment.iter_tags():
                if tag.entry.d_tag == "DT_NEEDED":
                    needed.add(tag.needed)
                elif tag.entry.d_tag == "DT_SONAME":
                    own.add(tag.soname)
    except ELFError:
        return set(), set()
    return needed, own
