"""Which options of `Docker` go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from jupyter_flows.errors import StorageOptionClash

BUILDERS = ("docker", "oci")
#: Options that only an engine can follow, and why.
ENGINE_ONLY = {
    "dockerfile": "a Dockerfile is run by an engine",
    "extra_dockerfile_commands": "commands are run by an engine",
    "local_image": "an engine keeps its own images",
    "base_url": "it says where the engine is",
    "tls_config": "it says how to speak to the engine",
    "build_kwargs": "they are the engine's",
}
#: Pairs that say two things about one, and what to do.
EXCLUSIVE = (
    ("base_image", "dockerfile", "the Dockerfile's FROM names the base"),
    ("extra_dockerfile_commands", "dockerfile", "write them into the Dockerfile"),
    ("python_path", "dockerfile", "the Dockerfile says where Python is: PATH"),
)
_PLATFORM = re.compile(r"linux/[a-z0-9]+(?:/v\d+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class ImageOptions(Protocol):
    """What plans and builders read of `Docker`, whose docstring says what each is."""

    registry_url: str | None
    dockerfile: str | None
    extra_dockerfile_commands: Sequence[str] | None
    python_dependencies: Sequence[str] | None
    image_name: str | None
    image_tag: str | None
    env_vars: Mapping[str, str] | None
    files: Mapping[str, str] | None
    platform: str | None
    builder: str | None
    local_image: bool
    push: bool
    healthcheck: bool
    base_url: str | None
    tls_config: Mapping[str, Any] | None
    build_kwargs: Mapping[str, Any] | None
    python_path: str | None
    refresh_base: bool

    @property
    def chosen_platform(self) -> str:
        """The platform of the image."""
        ...

    @property
    def chosen_base(self) -> str:
        """The base, by its name."""
        ...

    @property
    def base_digest(self) -> str | None:
        """The base, by its digest; None where a Dockerfile says what it is."""
        ...


def needs_engine(options: Mapping[str, Any]) -> bool:
    """Tell whether the options ask for what only an engine does."""
    return any(options[name] for name in ENGINE_ONLY)


def check_together(options: Mapping[str, Any]) -> None:
    """Raise `StorageOptionClash` naming options that can't be or can't stand together, and the reason."""
    reasons = [*_wrong_values(options), *_wrong_pairs(options)]
    if reasons:
        raise StorageOptionClash("Docker", reasons)


def _wrong_pairs(options: Mapping[str, Any]) -> Iterator[str]:
    for one, two, why in EXCLUSIVE:
        if options[one] and options[two]:
            yield f"{one} and {two} exclude each other: {why}"
    for name, why in ENGINE_ONLY.items():
        if options["builder"] == "oci" and options[name]:
            yield f"{name} and builder='oci' exclude each other: {why}"


def _wrong_values(options: Mapping[str, Any]) -> Iterator[str]:
    if options["builder"] not in (None, *BUILDERS):
        yield f"builder is 'docker', 'oci' or None, not {options['builder']!r}"
    if options["platform"] and not _PLATFORM.fullmatch(str(options["platform"])):
        yield f"platform is such as 'linux/amd64', not {options['platform']!r}"
    if options["image_tag"] and not _TAG.fullmatch(str(options["image_tag"])):
        yield f"image_tag {options['image_tag']!r} is no tag: letters, digits, '.', '_' and '-'"
    for name in ("env_vars", "files", "tls_config", "build_kwargs"):
        if not isinstance(options[name], Mapping | None):
            yield f"{name} maps names to values, and is not {options[name]!r}"
    for name in ("python_dependencies", "extra_dockerfile_commands"):
        if isinstance(options[name], str):
            yield f"{name} is a list of texts, not the text {options[name]!r}"
