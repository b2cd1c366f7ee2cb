"""A Dockerfile that puts ready-made layers on a base, and the engine that follows one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import EngineError, ImageError
from jupyter_flows.images.layer_cache import MadeLayer
from jupyter_flows.images.manifest import environment
from jupyter_flows.images.plan import MARKED_LAYERS, PREFIX, ImagePlan, Say

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an image is put together of, in this order."""

    plan: ImagePlan
    base: Image
    requirements: Sequence[MadeLayer]
    #: Lines of a Dockerfile.
    commands: Sequence[str]
    #: The plan's own layers.
    own: Sequence[MadeLayer]


def write_context(folder: Path, parts: Parts) -> None:
    """Make a folder of layers and the Dockerfile that adds them, what changes most last."""
    folder.mkdir()
    plan, base, requirements, own = parts.plan, parts.base, parts.requirements, parts.own
    numbers = iter(range(len(requirements) + len(own)))
    text = [
        f"FROM {base.id}",
        "USER 0:0",
        *_adds(folder, requirements, numbers),
        *_environment(base, plan),
        # A command may change the user.
        *((*parts.commands, "USER 0:0") if parts.commands else ()),
        *_adds(folder, own[:-1], numbers),
        f"USER {plan.user}",
        f"WORKDIR {plan.working_dir}",
        f"ENTRYPOINT {json.dumps(list(plan.entrypoint))}",
        "CMD []",
        *_adds(folder, own[-1:], numbers),
        *_labels(plan),
    ]
    (folder / "Dockerfile").write_text("\n".join(text) + "\n", encoding="utf-8")


def _adds(folder: Path, layers: Sequence[MadeLayer], numbers: Iterator[int]) -> Iterator[str]:
    """Put layers into the folder and yield the lines that unpack them."""
    for layer in layers:
        name = f"{next(numbers):02}.tar.gz"
        try:
            os.link(layer.file.path, folder / name)
        except OSError:
            shutil.copyfile(layer.file.path, folder / name)
        yield f"ADD {name} /"


def _environment(base: Image, plan: ImagePlan) -> Iterator[str]:
    path = environment({"config": base.attrs["Config"]}).get("PATH", _DEFAULT_PATH)
    variables = {"PATH": f"{PREFIX}/bin:{path}", **plan.env}
    yield "ENV " + " ".join(f"{name}={_quoted(name, value)}" for name, value in variables.items())


def _labels(plan: ImagePlan) -> Iterator[str]:
    marked = sum(1 for layer in plan.layers if layer.annotations)
    labels = sorted({**plan.labels, MARKED_LAYERS: str(marked)}.items())
    yield "LABEL " + " ".join(f"{_quoted(name, name)}={_quoted(name, value)}" for name, value in labels)


def _quoted(name: str, value: str) -> str:
    """Write a value as a Dockerfile's line takes it, nothing in it read as a variable."""
    if "\n" in value or "\r" in value:
        raise ImageError(
            f"{name} has several lines, which no Dockerfile takes: give it to the agent's env_vars instead."
        )
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def build_image(engine: DockerClient, arguments: Mapping[str, Any], say: Say) -> Image:
    """Have an engine follow a Dockerfile; raise `EngineError` with the words of the step that failed.

    `arguments` are those of `docker.api.build.BuildApiMixin.build`.
    """
    from docker.errors import APIError

    found: str | None = None
    step = "its first step"
    try:
        for line in engine.api.build(**{"rm": True, "forcerm": True, **arguments, "decode": True}):
            text = str(line.get("stream") or line.get("status") or "").strip()
            if "error" in line:
                raise EngineError(f"The engine failed at {step}: {str(line['error']).strip()}")
            if text.startswith("Step "):
                step = text
            if isinstance(line.get("aux"), Mapping) and "ID" in line["aux"]:
                found = str(line["aux"]["ID"])
            if text and not text.startswith("--->"):
                say(text)
    except (APIError, TypeError) as error:
        raise EngineError(f"The engine did not build: {getattr(error, 'explanation', None) or error}") from None
    if found is None:
        raise EngineError("The engine built, and did not say what: build again.")
    return engine.images.get(found)
