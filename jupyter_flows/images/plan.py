"""What an image is to hold, and what building one gives: the same words for every builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: The environment in the image: a venv of the base's Python, shipped as layers.
PREFIX = "/opt/flow"
#: A label that says how many of the last layers are annotated in the plan, where layers keep no annotations.
MARKED_LAYERS = "io.github.jupyter-flows.marked-layers"
#: Takes one line of progress, for people.
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class File:
    """A plain file."""

    #: Absolute, in the image.
    path: str
    #: The bytes, or the file that holds them.
    content: bytes | Path
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose mode or owner matters; others come into being with their files."""

    path: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0


Entry = File | Link | Folder


@dataclass(frozen=True, slots=True)
class Layer:
    """A named group of files that change together."""

    #: A word for people, such as "runtime"; the image's history says it.
    name: str
    entries: tuple[Entry, ...]
    #: Annotations of the layer's descriptor, by which it is found again.
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A program of the image that must succeed before the image goes anywhere.

    It prints one JSON document, ``{"failures": [...]}``, and exits with 1 if there are any.
    """

    #: As run inside of the image: looks at everything. The program is the first word; ``{root}`` stands for where
    #: the image's files begin, nothing in the image itself.
    command: tuple[str, ...]
    #: Added to the command where the same requirements were looked at before.
    quick: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Everything that decides an image. Equal plans on equal bases give equal images."""

    #: What the image is called: ``docker://host/group/name:tag``, ``oci-layout:/folder:tag``,
    #: ``docker-archive:/file.tar:name:tag``, or a bare ``name:tag`` for the engine's own store.
    destination: str
    #: An image reference, or ``oci-layout:/folder:tag``.
    base: str
    #: As ``linux/amd64``.
    platform: str
    #: The minor version that the base's Python must have, as ``3.11``.
    python: str
    #: Requirements as pip writes them; they are resolved for the platform and installed into `PREFIX`.
    requirements: tuple[str, ...]
    #: Versions of what requirements require in turn, to be taken where they fit.
    constraints: tuple[str, ...]
    #: After the requirements, in this order; what changes most comes last.
    layers: tuple[Layer, ...]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...]
    #: User and group, by number.
    user: str = "1000:0"
    working_dir: str = "/home/flow"
    #: Where the base's interpreter lies, if its configuration doesn't say.
    python_path: str | None = None
    #: Seconds since the epoch; the image's one date.
    created: int = 0
    check: HealthCheck | None = None


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What a builder made, and what it took."""

    #: The destination with ``@sha256:...`` of its manifest (of its configuration, in an engine's own store).
    uri: str
    digest: str
    #: Of all layers, compressed, the base's included.
    size_bytes: int
    #: Names of layers that were there already, and of those that were not.
    reused: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    #: Bytes sent to the destination, configuration and manifest included.
    uploaded_bytes: int = 0
    #: Sentences about what could not be checked.
    remarks: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """What engines pull: the uri, without the transport of image registries."""
        return self.uri.removeprefix("docker://")


class Builder(Protocol):
    """Makes images of plans."""

    def base_digest(self, base: str, platform: str) -> str:
        """Return ``sha256:...`` of a base's manifest, as resolved the first time; raise `ImageError`."""
        ...

    def build(self, plan: ImagePlan, say: Say) -> BuiltImage:
        """Make the image and ship it where the plan says; raise `ImageError`, with nothing shipped."""
        ...
