"""Images read from where they are kept: manifest, configuration, and files of single layers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_flows.errors import ImageError
from jupyter_flows.images.archive import read_layer
from jupyter_flows.images.layout import ArchiveStore, LayoutStore
from jupyter_flows.images.manifest import Blob, Manifest, choose, is_index
from jupyter_flows.images.reference import Place
from jupyter_flows.images.store import Store, verified, verified_manifest

#: What the files of a layer may add up to when they are read into memory.
LIMIT_BYTES = 512 << 20


@dataclass(frozen=True)
class ImageSource:
    """One image, for one platform."""

    store: Store
    manifest: Manifest

    @property
    def name(self) -> str:
        """Where it is kept, with its digest."""
        return f"{self.store.name}@{self.manifest.digest}"

    @property
    def layers(self) -> tuple[Blob, ...]:
        """Its layers, the base's first."""
        return self.manifest.layers

    def config(self) -> Mapping[str, Any]:
        """Read its configuration."""
        with verified(self.store, self.manifest.config.digest) as file:
            found = json.loads(file.read())
        if not isinstance(found, dict):
            raise ImageError(f"The configuration of {self.name} can't be read.")
        return found

    def files_of(self, layer: Blob) -> Iterator[tuple[str, bytes]]:
        """Yield the plain files of one layer, by absolute path, its digest checked first."""
        with verified(self.store, layer.digest) as file:
            yield from read_layer(file, limit_bytes=LIMIT_BYTES)


def store_of(place: Place, *, push: bool = False) -> Store:
    """Return the store that a place names; raise `ImageError` for one that only an engine reads."""
    if place.transport == "docker":
        from jupyter_flows.images.registry import RegistryStore

        return RegistryStore(place.reference, push=push)
    if place.transport == "docker-daemon":
        raise ImageError(f"{place} is kept by an engine: an agent that has one runs it.")
    path = Path(place.path).expanduser().absolute()
    return LayoutStore(path) if place.transport == "oci-layout" else ArchiveStore(path)


def find_image(place: Place, *, platform: str | None = None) -> ImageSource:
    """Find an image, an index's one for the platform; raise `ImageGoneError` where there is none."""
    store = store_of(place)
    data, kind = verified_manifest(store, place.digest or place.tag or "latest")
    if is_index(data, kind):
        if platform is None:
            raise ImageError(f"{place} holds images for several platforms, and it was not said which.")
        data, kind = verified_manifest(store, choose(data, platform, str(place)))
    return ImageSource(store, Manifest.parse(data))


@contextmanager
def open_image(uri: str) -> Iterator[ImageSource]:
    """Give the image that a uri with a digest names."""
    yield find_image(Place.parse(uri))
