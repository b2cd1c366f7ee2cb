"""Build images by a container engine: of a Dockerfile, with commands, tried in a container before they leave."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import EngineError, HealthCheckError, ImageError
from jupyter_flows.images.archive import Draft
from jupyter_flows.images.dockerfile import Parts, build_image, write_context
from jupyter_flows.images.engine import open_engine
from jupyter_flows.images.engine_python import EnginePython, find_python
from jupyter_flows.images.environment import Environments
from jupyter_flows.images.plan import BuiltImage, ImagePlan, Say
from jupyter_flows.images.reference import TRANSPORTS, Place
from jupyter_flows.images.scratch import PATIENCE_SECONDS, failures_in
from jupyter_flows.images.shipping import size_text
from jupyter_flows.images.transfer import pull, push

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What only an engine can be asked for."""

    base_url: str | None = None
    tls_config: Mapping[str, Any] | None = None
    #: A Dockerfile whose image is the base; its folder is what it may copy from.
    dockerfile: str | None = None
    #: Lines of a Dockerfile, after the requirements and before the flow.
    commands: Sequence[str] = ()
    #: Arguments of `docker.api.build.BuildApiMixin.build`.
    build_kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: Never pull the base: the engine's own is meant.
    local_base: bool = False
    #: Ask the base's image registry what its tag stands for by now.
    refresh_base: bool = False


class EngineBuilder:
    """Builds images by an engine; `folder` keeps locks, wheels and layers, as the builder without one does."""

    def __init__(self, folder: Path, options: EngineOptions):
        self._folder, self._options = folder, options
        self._environments = Environments(folder)

    def base_digest(self, base: str, platform: str) -> str:
        """Return the digest of a base as the engine has it, pulled if it is not there.

        A base that was never in an image registry has only its configuration's.
        """
        with self._engine() as engine:
            found = self._base(engine, base, platform, lambda _: None)
            return next((str(name).partition("@")[2] for name in found.attrs.get("RepoDigests") or ()), str(found.id))

    def build(self, plan: ImagePlan, say: Say) -> BuiltImage:
        """Build the image, try it in a container, and push it; when anything is wrong with it, nothing is pushed."""
        place = _place(plan.destination)
        with self._engine() as engine:
            base, name = self._foundation(engine, plan, say)
            python = find_python(engine, str(base.id), name, folder=plan.python_path)
            _check_python(python, name, plan)
            # Which libraries the base has is left to the check, which loads what needs them.
            made = self._environments.make(plan, python_home=python.home, libraries=None, say=say)
            with tempfile.TemporaryDirectory(prefix="context-", dir=self._folder) as folder:
                own = [self._environments.layers.of(layer) for layer in plan.layers[:-1]]
                own.append(self._environments.layers.draft(plan.layers[-1], Path(folder)))
                parts = Parts(plan, base, made.layers, self._options.commands, own)
                image = self._assemble(engine, parts, Path(folder, "context"), say)
            self._check(engine, plan, image, [str(base.id), made.lock.key, own[0].file.digest, *self._options.commands])
            return _ship(engine, place, image, say)

    def _engine(self) -> closing[DockerClient]:
        return closing(open_engine(self._options.base_url, self._options.tls_config))

    def _foundation(self, engine: DockerClient, plan: ImagePlan, say: Say) -> tuple[Image, str]:
        """Return the image to build on, and what messages call it."""
        if self._options.dockerfile is None:
            return self._base(engine, plan.base, plan.platform, say), plan.base
        path = Path(self._options.dockerfile).expanduser().absolute()
        if not path.is_file():
            raise ImageError(f"There is no Dockerfile {path}: correct dockerfile=.")
        # The library packs the Dockerfile's folder, less what .dockerignore names there.
        arguments = {"path": str(path.parent), "dockerfile": str(path), "platform": plan.platform}
        return build_image(engine, {**arguments, **self._options.build_kwargs}, say), str(path)

    def _base(self, engine: DockerClient, name: str, platform: str, say: Say) -> Image:
        from docker.errors import ImageNotFound

        options = self._options
        try:
            found = engine.images.get(name)
        except ImageNotFound:
            found = None
        if found is None and options.local_base:
            raise ImageError(f"The engine has no image {name}, and with local_image=True none is pulled.")
        if found is None or (options.refresh_base and not options.local_base):
            pull(engine, name, say, platform=platform)
            found = engine.images.get(name)
        return found

    def _assemble(self, engine: DockerClient, parts: Parts, context: Path, say: Say) -> Image:
        """Have the engine put the layers on the base; it keeps what did not change since the last time."""
        write_context(context, parts)
        arguments = {
            "path": str(context),
            "tag": _tag(_place(parts.plan.destination)),
            "platform": parts.plan.platform,
        }
        return build_image(engine, {**arguments, **self._options.build_kwargs}, say)

    def _check(self, engine: DockerClient, plan: ImagePlan, image: Image, key: Sequence[str]) -> None:
        """Run the plan's check in the image; where `key` passed before, its quick form. Raises `HealthCheckError`."""
        if plan.check is None:
            return
        passed = self._folder / "checked" / sha256("\n".join(key).encode()).hexdigest()[:40]
        command = [word.replace("{root}", "") for word in plan.check.command]
        failures = _failures(engine, image, [*command, *(plan.check.quick if passed.exists() else ())])
        if failures:
            engine.images.remove(image.id, force=True)
            raise HealthCheckError(plan.destination, failures)
        with Draft(passed) as draft:
            draft.path.touch()


def _check_python(python: EnginePython, name: str, plan: ImagePlan) -> None:
    if python.version != plan.python:
        raise ImageError(
            f"The base {name} has Python {python.version}, and the flow is written in {plan.python}: take a base with "
            f"Python {plan.python}, such as python:{plan.python}-slim. Nothing was built."
        )


def _place(destination: str) -> Place:
    """Read a destination; a bare name is one in the engine's own store."""
    bare = not destination.startswith(tuple(f"{transport}:" for transport in TRANSPORTS))
    place = Place.parse(f"docker-daemon:{destination}" if bare else destination)
    if place.transport == "oci-layout":
        raise EngineError(
            f"An engine can't write {destination}: take builder='oci', or registry_url=docker-archive:FILE."
        )
    return place


def _tag(place: Place) -> str:
    """Return what the engine is to call the image."""
    return str(place.tag) if place.transport == "docker-archive" else f"{place.path}:{place.tag or 'latest'}"


def _failures(engine: DockerClient, image: Image, command: Sequence[str]) -> list[str]:
    """Run a check in a container without a network, and return what it found."""
    from docker.errors import APIError

    made = engine.containers.create(image.id, entrypoint=list(command), command=[], network_mode="none", init=True)
    try:
        made.start()
        code = int(made.wait(timeout=PATIENCE_SECONDS)["StatusCode"])
        said, words = (made.logs(stdout=out, stderr=not out).decode(errors="replace") for out in (True, False))
    except APIError as error:
        return [f"its check does not start: {error.explanation or error}"]
    finally:
        made.remove(force=True, v=True)
    return failures_in(said, words, code)


def _ship(engine: DockerClient, place: Place, image: Image, say: Say) -> BuiltImage:
    """Bring the image where it is to be, and describe it; an image that only the engine has is named by its id."""
    size = int(image.attrs["Size"])
    if place.transport == "docker":
        moved = push(engine, place.path, place.tag or "latest", say)
        digest = str(moved.digest)
        built = BuiltImage(
            str(place.at(digest)),
            digest,
            size,
            tuple(sorted(moved.there)),
            tuple(sorted(moved.layers)),
            moved.done_bytes,
        )
    else:
        digest = str(image.id)
        if place.transport == "docker-archive":
            with Draft(Path(place.path)) as draft, draft.path.open("wb") as file:
                file.writelines(image.save(named=_tag(place)))
        built = BuiltImage(str(place.at(digest)), digest, size)
    say(f"{built.uri}, {size_text(size)}, {size_text(built.uploaded_bytes)} sent")
    return built
