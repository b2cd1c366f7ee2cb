"""Names of images: ``host:port/group/name:tag@sha256:...``, and other places that images are kept in."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Self

from jupyter_flows.errors import ImageError

#: Where a name without a host lies, and the folder of its official images.
DEFAULT_HOST = "docker.io"
OFFICIAL = "library"
TRANSPORTS = ("docker", "oci-layout", "docker-archive", "docker-daemon")

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?")


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in an image registry."""

    host: str
    #: Group and name, as ``team/etl``.
    name: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[host/]name[:tag][@digest]`` as engines do; raise `ImageError` saying what is wrong with it."""
        rest, _, digest = text.removeprefix("docker://").partition("@")
        first, slash, path = rest.partition("/")
        has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
        host, rest = (first, path) if has_host else (DEFAULT_HOST, rest)
        name, _, tag = rest.partition(":")
        if host == DEFAULT_HOST and "/" not in name:
            name = f"{OFFICIAL}/{name}"
        if not _HOST.fullmatch(host):
            raise ImageError(f"{text!r} is no image's name: {host!r} is no host.")
        if not _NAME.fullmatch(name):
            raise ImageError(f"{text!r} is no image's name: {name!r} has to be of lower-case letters and digits.")
        if tag and not _TAG.fullmatch(tag):
            raise ImageError(f"{text!r} is no image's name: {tag!r} is no tag.")
        if digest and not _DIGEST.fullmatch(digest):
            raise ImageError(f"{text!r} is no image's name: {digest!r} is no digest.")
        return cls(host, name, tag or None, digest or None)

    @property
    def version(self) -> str:
        """What a registry is asked for: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine, which engines and we speak plain HTTP to."""
        return is_loopback(self.host)

    def at(self, digest: str) -> Self:
        """Return this name with a digest."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is kept: a transport, and what it calls the place."""

    #: One of `TRANSPORTS`.
    transport: str
    #: A reference, a folder, or a file, without digest.
    path: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``transport:path[:tag][@digest]``; without a transport it is an image registry's."""
        transport, colon, rest = text.partition(":")
        if not colon or transport not in TRANSPORTS:
            transport, rest = "docker", text
        if transport == "docker":
            reference = Reference.parse(rest.removeprefix("//"))
            return cls("docker", f"{reference.host}/{reference.name}", reference.tag, reference.digest)
        rest, _, digest = rest.partition("@")
        if digest and not _DIGEST.fullmatch(digest):
            raise ImageError(f"{text!r} names no image: {digest!r} is no digest.")
        path, _, tag = rest.partition(":")
        return cls(transport, path, tag or None, digest or None)

    @property
    def reference(self) -> Reference:
        """The image registry's name of it."""
        return replace(Reference.parse(self.path), tag=self.tag, digest=self.digest)

    def at(self, digest: str) -> Self:
        """Return this place with a digest."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        slashes = "//" if self.transport == "docker" else ""
        return f"{self.transport}:{slashes}{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def slug(text: str) -> str:
    """Make a component of an image's name of any text.

    >>> slug("Étude no. 3 (final)")
    'etude-no-3-final'
    """
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9._]+", "-", plain)
    return re.sub(r"[-._]{2,}", "-", words).strip("-._") or "flow"
