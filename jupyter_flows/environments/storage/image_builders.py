"""Which builder makes a storage's image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_flows.environments.storage.docker_options import ImageOptions

if TYPE_CHECKING:
    from jupyter_flows.images.plan import Builder


def builder_of(storage: ImageOptions, needs_engine: bool) -> Builder:  # noqa: FBT001 - answered by the caller
    """Return the builder that the storage asks for, or that its options need.

    Raises `EngineError` at once, and not after minutes of work, when one is needed and none answers.
    """
    from jupyter_flows.places import images_folder

    folder = images_folder()
    if storage.builder == "docker" or (storage.builder is None and needs_engine):
        from jupyter_flows.images.docker_engine import EngineBuilder, EngineOptions
        from jupyter_flows.images.engine import MOMENT_SECONDS, REQUEST_SECONDS, open_engine

        patience = REQUEST_SECONDS if storage.builder else MOMENT_SECONDS
        open_engine(storage.base_url, storage.tls_config, timeout=patience).close()
        options = EngineOptions(
            base_url=storage.base_url,
            tls_config=storage.tls_config,
            dockerfile=storage.dockerfile,
            commands=tuple(storage.extra_dockerfile_commands or ()),
            build_kwargs=dict(storage.build_kwargs or {}),
            local_base=storage.local_image,
            refresh_base=storage.refresh_base,
        )
        return EngineBuilder(folder, options)
    from jupyter_flows.images.pure import PureBuilder

    return PureBuilder(folder, refresh_base=storage.refresh_base)
