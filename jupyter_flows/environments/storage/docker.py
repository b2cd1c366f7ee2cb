"""Flows kept in container images."""

from __future__ import annotations

import platform as machine
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.bundle import Bundle
from jupyter_flows.environments.storage.base import Storage
from jupyter_flows.environments.storage.docker_options import check_together, needs_engine
from jupyter_flows.errors import ArtifactError, ImageGoneError

if TYPE_CHECKING:
    from jupyter_flows.images.plan import Builder, BuiltImage, ImagePlan

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Docker(Storage):
    """Keep a flow in an image: its cells, local modules and requirements, over a base that has Python.

    `registry_url` is ``host/group`` of an image registry, or ``oci-layout:FOLDER`` or ``docker-archive:FILE`` on this
    machine; without, images go to a folder of the user's own, or to the engine. `files` maps paths here to paths in
    the image, relative ones to the run's folder. `builder` is ``"oci"`` (no engine needed), ``"docker"``, or None: an
    engine where the work needs one. `python_path` says where the base's interpreter lies, if its configuration
    doesn't. `refresh_base` asks anew which image the base's tag stands for.
    """

    def __init__(
        self,
        registry_url: str | None = None,
        *,
        base_image: str | None = None,
        dockerfile: str | None = None,
        extra_dockerfile_commands: Sequence[str] | None = None,
        python_dependencies: Sequence[str] | None = None,
        image_name: str | None = None,
        image_tag: str | None = None,
        env_vars: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
        platform: str | None = None,
        builder: str | None = None,
        local_image: bool = False,
        push: bool = True,
        healthcheck: bool = True,
        base_url: str | None = None,
        tls_config: Mapping[str, Any] | None = None,
        build_kwargs: Mapping[str, Any] | None = None,
        python_path: str | None = None,
        refresh_base: bool = False,
    ):
        self.registry_url = registry_url
        self.base_image, self.dockerfile = base_image, dockerfile
        self.extra_dockerfile_commands, self.python_dependencies = extra_dockerfile_commands, python_dependencies
        self.image_name, self.image_tag = image_name, image_tag
        self.env_vars, self.files, self.platform = env_vars, files, platform
        self.builder, self.local_image, self.push, self.healthcheck = builder, local_image, push, healthcheck
        self.base_url, self.tls_config, self.build_kwargs = base_url, tls_config, build_kwargs
        self.python_path, self.refresh_base = python_path, refresh_base
        check_together(self.options())
        #: What the last build made, with what it took.
        self.image: BuiltImage | None = None
        self._base: str | None = None
        self._made_by: Builder | None = None

    # -- building ------------------------------------------------------------------------------------

    @property
    def chosen_platform(self) -> str:
        """The platform of the image: the one given, else Linux on this machine's processor."""
        if self.platform:
            return self.platform
        here = machine.machine().lower()
        return f"linux/{_ARCHITECTURES.get(here, here)}"

    @property
    def chosen_base(self) -> str:
        """The base: the one given, else the setting's, else the official slim image of this Python's minor version."""
        if self.base_image:
            return self.base_image
        from jupyter_flows.settings import load_settings

        major, minor, _ = machine.python_version_tuple()
        return load_settings().base_image or f"python:{major}.{minor}-slim"

    @property
    def base_digest(self) -> str | None:
        """The digest of the base, asked for once; None where a Dockerfile says what it is."""
        if self.dockerfile:
            return None
        if self._base is None:
            self._base = self._builder().base_digest(self.chosen_base, self.chosen_platform)
        return self._base

    def plan(self, bundle: Bundle) -> ImagePlan:
        """Return what the image of a bundle holds, for any builder."""
        from jupyter_flows.environments.storage.image_content import plan_of

        return plan_of(bundle, self)

    def keep(self, bundle: Bundle, name: str) -> Artifact:  # noqa: ARG002 - the plan names the image
        """Build and ship the image; its manifest's digest is the artifact's."""
        self.image = built = self._builder().build(self.plan(bundle), self.say)
        return Artifact(built.uri, built.digest, built.size_bytes)

    def _builder(self) -> Builder:
        from jupyter_flows.environments.storage.image_builders import builder_of

        if self._made_by is None:
            self._made_by = builder_of(self, needs_engine(self.options()))
        return self._made_by

    def summary(self) -> str:
        """Say which image the last build made, and what it took."""
        from jupyter_flows.images.shipping import size_text

        image = self.image
        if image is None:
            return self.kind
        sent, reused = size_text(image.uploaded_bytes), len(image.reused)
        return f"{self.kind} {image.reference}, {size_text(image.size_bytes)}, {sent} sent, {reused} layers reused"

    # -- loading -------------------------------------------------------------------------------------

    def load(self, artifact: Artifact) -> Bundle:
        """Return the bundle from the image's flow layers alone, each checked against the manifest's digest."""
        from jupyter_flows.environments.storage.image_content import bundle_in
        from jupyter_flows.images.source import open_image

        if not artifact.uri.endswith(f"@{artifact.digest}"):
            raise ArtifactError(
                f"What is kept at {artifact.uri} is not what was registered ({artifact.digest}): "
                "it was damaged or replaced. Register the flow again."
            )
        try:
            with open_image(artifact.uri) as image:
                return bundle_in(image)
        except ImageGoneError as error:
            raise ArtifactError(f"The stored flow {artifact.uri} is gone ({error}): register it again.") from None

    def read(self, uri: str) -> bytes:
        """Return the bundle in an image, packed anew."""
        return self.load(Artifact(uri, uri.rpartition("@")[2], 0)).pack()

    # -- meaning -------------------------------------------------------------------------------------

    def meaning(self) -> dict[str, Any]:
        """Return what changes a run: the base by digest, variables, files by content, requirements; no addresses."""
        from jupyter_flows.environments.storage.image_content import options_meaning

        return {"class": self.kind, **options_meaning(self)}
