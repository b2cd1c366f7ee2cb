"""Images made without an engine: layers put on a base that is referred to by digest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_flows.errors import ImageError
from jupyter_flows.images.base import Base, Bases
from jupyter_flows.images.environment import Environment, Environments
from jupyter_flows.images.layer_cache import MadeLayer
from jupyter_flows.images.layout import LayoutStore, write_archive
from jupyter_flows.images.manifest import (
    OCI_CONFIG,
    Blob,
    digest_of,
    environment,
    rfc3339,
    stack,
    to_bytes,
    write_manifest,
)
from jupyter_flows.images.plan import PREFIX, BuiltImage, ImagePlan, Say
from jupyter_flows.images.reference import Place
from jupyter_flows.images.scratch import Scratch, why_not
from jupyter_flows.images.shipping import Cargo, Shipping, of_base, of_bytes, of_layer
from jupyter_flows.images.source import ImageSource, store_of
from jupyter_flows.images.store import Store


@dataclass(frozen=True)
class _Made:
    """An image's documents and layers, before it goes anywhere."""

    base: ImageSource
    layers: tuple[MadeLayer, ...]
    config: bytes
    manifest: bytes

    @property
    def config_blob(self) -> Blob:
        return Blob(OCI_CONFIG, digest_of(self.config), len(self.config))

    @property
    def size_bytes(self) -> int:
        return sum(b.size_bytes for b in self.base.layers) + sum(one.file.size_bytes for one in self.layers)


class PureBuilder:
    """Builds images with nothing but Python; `folder` keeps what is made or found once."""

    def __init__(self, folder: Path, *, refresh_base: bool = False):
        self._folder = folder
        self._bases = Bases(folder, refresh=refresh_base)
        self._environments = Environments(folder)
        self._scratch = Scratch(folder / "scratch", self._environments.wheels)

    def base_digest(self, base: str, platform: str) -> str:
        """Return the digest that a base's name stands for, as resolved the first time."""
        return self._bases.digest(base, platform)

    def build(self, plan: ImagePlan, say: Say) -> BuiltImage:
        """Make the image and ship it; when anything is wrong with it, nothing is shipped."""
        base, source = self._bases.find(plan.base, plan.platform, plan.python_path)
        _check_python(base, plan)
        if base.python_home is None:
            raise ImageError(_no_python(plan))
        environment = self._environments.make(plan, python_home=base.python_home, libraries=base.libraries, say=say)
        with tempfile.TemporaryDirectory(prefix="draft-", dir=self._folder) as folder:
            made = self._make(plan, base, source, environment.layers, Path(folder))
            return self._ship(plan, made, lambda: self._check(plan, environment), say)

    def _check(self, plan: ImagePlan, environment: Environment) -> list[str]:
        """Hold the image against what it needs, by looking and, where this machine can, by trying."""
        if plan.check is None:
            return list(environment.absent)
        if environment.absent:
            raise ImageError(
                f"{'; '.join(environment.absent)}. Take a base that has it, other versions, or healthcheck=False if it "
                "is never loaded. Nothing was pushed, nothing was registered."
            )
        reason = why_not(plan)
        if reason:
            return [reason]
        # Where the first layer, our own program, is another, everything is looked at again.
        program = self._environments.layers.of(plan.layers[0]).file.digest
        self._scratch.check(plan, plan.check, environment.lock, program.removeprefix("sha256:"))
        return []

    def _make(
        self, plan: ImagePlan, base: Base, source: ImageSource, packages: Sequence[MadeLayer], folder: Path
    ) -> _Made:
        own = [self._environments.layers.of(layer) for layer in plan.layers[:-1]]
        last = self._environments.layers.draft(plan.layers[-1], folder)
        layers = (*packages, *own, last)
        stacked = [one.stacked for one in layers]
        config = to_bytes(stack(base.config, stacked, _settings(plan, base), created=plan.created))
        blobs = [*source.layers, *(one.blob for one in stacked)]
        annotations = {**plan.labels, **_annotations(plan, base)}
        manifest = write_manifest(Blob(OCI_CONFIG, digest_of(config), len(config)), blobs, annotations)
        return _Made(source, layers, config, manifest)

    def _ship(self, plan: ImagePlan, made: _Made, check: Callable[[], list[str]], say: Say) -> BuiltImage:
        """Ask what the destination has while the image is checked, and send what is missing once it is found well."""
        place = self._place(plan.destination)
        archive = place.transport == "docker-archive"
        kept = Place("oci-layout", str(self._folder / "archives"), place.tag) if archive else place
        target = store_of(kept, push=True)
        shipping = Shipping(target, self._folder, say)
        with ThreadPoolExecutor(1, "flows-ask") as pool:
            asked = pool.submit(shipping.ask, _cargo(made, target))
            remarks = check()
            for remark in remarks:
                say(remark)
            shipping.ship(asked.result())
        target.put_manifest(made.manifest, kept.tag)
        digest = digest_of(made.manifest)
        if archive and isinstance(target, LayoutStore):
            write_archive(target, digest, place.tag or "flow:latest", Path(place.path))
        return BuiltImage(
            str(place.at(digest)), digest, made.size_bytes, tuple(shipping.reused), tuple(shipping.sent),
            shipping.uploaded_bytes + len(made.manifest), tuple(remarks),
        )  # fmt: skip

    def _place(self, destination: str) -> Place:
        """Read a destination; a bare name stands for the layout in our folder, as there is no engine."""
        if ":" in destination.partition("/")[0] and destination.startswith(
            ("docker:", "oci-layout:", "docker-archive:")
        ):
            return Place.parse(destination)
        return Place("oci-layout", str(self._folder / "images"), destination.replace(":", "-").replace("/", "-"))


def _cargo(made: _Made, target: Store) -> list[Cargo]:
    return [
        *of_base(made.base, target),
        *map(of_layer, made.layers),
        of_bytes(made.config_blob, "configuration", made.config),
    ]


def _no_python(plan: ImagePlan) -> str:
    return (
        f"The base {plan.base} has no Python on its PATH: take one that has, such as python:{plan.python}-slim, "
        "or say where it is with python_path=."
    )


def _check_python(base: Base, plan: ImagePlan) -> None:
    if base.python is not None and base.python != plan.python:
        raise ImageError(
            f"The base {plan.base} has Python {base.python}, and the flow is written in {plan.python}: take a base "
            f"with Python {plan.python}, such as python:{plan.python}-slim. Nothing was built."
        )


def _settings(plan: ImagePlan, base: Base) -> Mapping[str, Any]:
    """Return what the image's configuration changes of the base's."""
    variables = {**environment(base.config), "PATH": f"{PREFIX}/bin:{base.path}", **plan.env}
    labels = {**((base.config.get("config") or {}).get("Labels") or {}), **plan.labels}
    return {
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "User": plan.user,
        "WorkingDir": plan.working_dir,
        "Entrypoint": list(plan.entrypoint),
        "Cmd": [],
        "Labels": labels,
    }


def _annotations(plan: ImagePlan, base: Base) -> dict[str, str]:
    place = Place.parse(base.name)
    # The path of a folder is nobody else's business, and would be another digest on another machine.
    name = {"org.opencontainers.image.base.name": str(place.reference)} if place.transport == "docker" else {}
    return {
        **name,
        "org.opencontainers.image.created": rfc3339(plan.created),
        "org.opencontainers.image.base.digest": base.digest,
    }
