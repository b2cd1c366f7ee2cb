"""Manifests, indexes and configurations of images, in OCI's and in Docker's words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from jupyter_flows.errors import ImageError

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)
INDEXES = (OCI_INDEX, DOCKER_INDEX)
#: The same bytes by another name, so that one manifest speaks one language.
_OCI_NAMES = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": OCI_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.container.image.v1+json": OCI_CONFIG,
}


def digest_of(data: bytes) -> str:
    """Return ``sha256:...`` of bytes."""
    return "sha256:" + sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Blob:
    """A descriptor: what a blob is, and the digest it is kept by."""

    media_type: str
    digest: str
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Blob:
        """Read a descriptor, Docker's names turned into OCI's."""
        kind = str(data["mediaType"])
        return cls(_OCI_NAMES.get(kind, kind), str(data["digest"]), int(data["size"]), data.get("annotations") or {})

    def to_json(self) -> dict[str, Any]:
        """Write the descriptor."""
        data: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size_bytes}
        return data | ({"annotations": dict(sorted(self.annotations.items()))} if self.annotations else {})


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image's manifest, as its store gave it."""

    digest: str
    config: Blob
    layers: tuple[Blob, ...]

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest of either kind; raise `ImageError` for anything else."""
        try:
            found = json.loads(data)
            layers = tuple(map(Blob.from_json, found["layers"]))
            return cls(digest_of(data), Blob.from_json(found["config"]), layers)
        except (ValueError, KeyError, TypeError) as error:
            raise ImageError(f"An image's manifest can't be read ({type(error).__name__}: {error}).") from None


def choose(data: bytes, platform: str, name: str) -> str:
    """Return the digest that an index has for a platform; raise `ImageError` naming those it has."""
    system, architecture, *variant = platform.split("/")
    found = [entry for entry in json.loads(data).get("manifests", ()) if _is_image(entry)]
    fits = [e for e in found if (e["platform"]["os"], e["platform"]["architecture"]) == (system, architecture)]
    exact = [e for e in fits if not variant or e["platform"].get("variant") == variant[0]]
    if not exact:
        there = ", ".join(sorted({f"{e['platform']['os']}/{e['platform']['architecture']}" for e in found}))
        raise ImageError(f"The base {name} has no image for {platform}; it has {there or 'none'}.")
    return str(exact[0]["digest"])


def _is_image(entry: Mapping[str, Any]) -> bool:
    return "platform" in entry and entry["platform"].get("os") != "unknown"


def is_index(data: bytes, media_type: str | None) -> bool:
    """Tell an index from a manifest; layouts' media types are in the document."""
    kind = media_type or json.loads(data).get("mediaType")
    return kind in INDEXES or (kind not in MANIFESTS and b'"manifests"' in data)


def rfc3339(seconds: int) -> str:
    """Write a time as manifests do."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Stacked:
    """A layer to be put on a base."""

    name: str
    blob: Blob
    diff_id: str


def stack(
    base: Mapping[str, Any], layers: Sequence[Stacked], changes: Mapping[str, Any], *, created: int
) -> dict[str, Any]:
    """Return a base's configuration with layers put on it and settings changed, without what varies by machine."""
    kept = ("architecture", "os", "variant", "os.version", "os.features")
    config = {key: base[key] for key in kept if key in base}
    history = [dict(step) for step in base.get("history", ())]
    added = [{"created": rfc3339(created), "created_by": f"jupyter-flows {one.name}"} for one in layers]
    return config | {
        "created": rfc3339(created),
        "config": {**(base.get("config") or {}), **changes},
        "rootfs": {
            "type": "layers",
            "diff_ids": [*(base.get("rootfs") or {}).get("diff_ids", ()), *(one.diff_id for one in layers)],
        },
        "history": [*history, *added],
    }


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Write a document, the same way each time."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def write_manifest(config: Blob, layers: Sequence[Blob], annotations: Mapping[str, str]) -> bytes:
    """Write an OCI manifest."""
    return to_bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
            "annotations": dict(annotations),
        }
    )


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that an image's configuration sets."""
    return dict(_pairs((config.get("config") or {}).get("Env") or ()))


def _pairs(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition("=")
        yield name, value
