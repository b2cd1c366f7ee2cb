"""Which builder makes a storage's image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_flows.environments.storage.docker_options import ImageOptions
from jupyter_flows.errors import ImageError

if TYPE_CHECKING:
    from jupyter_flows.images.plan import Builder


def builder_of(storage: ImageOptions, needs_engine: bool) -> Builder:  # noqa: FBT001 - one question, answered by the caller
    """Return the builder that the storage asks for, or that its options need."""
    if storage.builder == "docker" or needs_engine:
        raise ImageError("This version builds images without an engine only: use builder='oci'.")
    from jupyter_flows.images.pure import PureBuilder
    from jupyter_flows.places import images_folder

    return PureBuilder(images_folder(), refresh_base=storage.refresh_base)
