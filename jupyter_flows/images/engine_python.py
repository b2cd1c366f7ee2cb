"""Which Python an image has, as an engine finds by looking into it and starting it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_flows.errors import EngineError, ImageError
from jupyter_flows.images.manifest import environment

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_ASK = (
    "import json, os, sys;"
    "print(json.dumps([os.path.dirname(os.path.realpath(sys.executable)), '%d.%d' % sys.version_info[:2]]))"
)
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class EnginePython:
    """The interpreter of an image."""

    #: The folder that it lies in.
    home: str
    #: Its minor version, as ``3.11``.
    version: str


def find_python(engine: DockerClient, image: str, name: str, *, folder: str | None = None) -> EnginePython:
    """Return the interpreter that an image's PATH finds first, or that lies in `folder`.

    Raises `ImageError` when there is none, and `EngineError` when it can't be started; `name` is what messages call
    the image.
    """
    from docker.errors import APIError, ContainerError

    made = engine.containers.create(image, command=["none"])
    try:
        program = next(_programs(made, [folder] if folder else _path_of(engine, image)), None)
    finally:
        made.remove()
    if program is None:
        where = folder or "the folders of its PATH"
        raise ImageError(f"The base {name} has no Python in {where}: take one that has, or say where: python_path=.")
    try:
        said = engine.containers.run(
            image, entrypoint=[program, "-c", _ASK], command=[], remove=True, network_mode="none"
        )
    except (ContainerError, APIError) as error:
        raise EngineError(f"The Python of {name}, {program}, does not start: {error}") from None
    home, version = json.loads(said)
    return EnginePython(str(home), str(version))


def _path_of(engine: DockerClient, image: str) -> list[str]:
    config = {"config": engine.images.get(image).attrs["Config"]}
    return environment(config).get("PATH", _DEFAULT_PATH).split(":")


def _programs(container: Container, folders: list[str]) -> Iterator[str]:
    """Yield the interpreters in some folders of a container that need not run."""
    from docker.errors import NotFound

    for folder in folders:
        for name in ("python3", "python"):
            path = f"{folder.rstrip('/')}/{name}"
            try:
                stream, _ = container.get_archive(path)
            except NotFound:
                continue
            with closing(stream):
                yield path
