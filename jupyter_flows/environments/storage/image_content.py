"""What a flow's image holds: the runtime, the files asked for, local modules and, last, the flow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_flows.core.bundle import IMAGE_FOLDER, Bundle
from jupyter_flows.environments.storage.docker_options import ImageOptions
from jupyter_flows.environments.storage.image_runtime import runtime_entries
from jupyter_flows.errors import ArtifactError, StorageError
from jupyter_flows.images.plan import PREFIX, Entry, File, HealthCheck, ImagePlan, Layer
from jupyter_flows.images.venv import site_packages
from jupyter_flows.places import images_folder

if TYPE_CHECKING:
    from jupyter_flows.images.manifest import Blob
    from jupyter_flows.images.source import ImageSource

#: The run's folder.
HOME = "/home/flow"
#: What a layer of the bundle is called, by annotation.
LAYER = "io.github.jupyter-flows.layer"
ENTRYPOINT = f"{PREFIX}/bin/jupyter-flows-run"
_SCRIPT = f"#!{PREFIX}/bin/python\nfrom jupyter_flows.engine.image_run import main\n\nmain()\n"


def plan_of(bundle: Bundle, storage: ImageOptions) -> ImagePlan:
    """Describe the image of a bundle as a storage's options say."""
    document = bundle.document
    python = str(document["python"])
    requirements = _requirements(document, storage)
    return ImagePlan(
        destination=_destination(storage, document),
        base=storage.chosen_base,
        platform=storage.chosen_platform,
        python=python,
        requirements=requirements,
        constraints=_constraints(requirements),
        layers=tuple(_layers(bundle, storage, python)),
        env={**_ENV, **{k: str(v) for k, v in (storage.env_vars or {}).items()}},
        labels=_labels(document),
        entrypoint=(ENTRYPOINT,),
        working_dir=HOME,
        python_path=storage.python_path,
        created=int(os.environ.get("SOURCE_DATE_EPOCH") or 0),
        check=_check(requirements) if storage.healthcheck else None,
    )


_ENV = {"HOME": HOME, "USER": "flow", "JUPYTER_FLOWS_HOME": f"{HOME}/.jupyter_flows"}


def _check(requirements: Sequence[str]) -> HealthCheck:
    command = (f"{PREFIX}/bin/python", "-m", "jupyter_flows.engine.health", f"{{root}}{IMAGE_FOLDER}", *requirements)
    return HealthCheck(command, ("--quick",))


def _destination(storage: ImageOptions, document: Mapping[str, Any]) -> str:
    """Say where the image goes; a name without a transport stands for the engine's own store or our folder."""
    from jupyter_flows.images.reference import slug

    name = storage.image_name or slug(str(document["name"]))
    tag = storage.image_tag or str(document["digest"]).replace(":", "-")[:19]
    where = (storage.registry_url or "").removeprefix("https://").removeprefix("http://").rstrip("/")
    if where.startswith("docker-archive:"):
        return f"{where}:{name}:{tag}"
    if where.startswith("oci-layout:"):
        return f"{where}:{tag}" if storage.image_tag else f"{where}:{name}-{tag}"
    return f"docker://{where}/{name}:{tag}" if where and storage.push else f"{name}:{tag}"


def _requirements(document: Mapping[str, Any], storage: ImageOptions) -> tuple[str, ...]:
    """Return the flow's pins, with what the storage adds in their place, and what the runtime needs."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    named = {"cloudpickle": f"cloudpickle=={metadata.version('cloudpickle')}"}
    for text in (*document["requirements"], *(storage.python_dependencies or ())):
        named[canonicalize_name(Requirement(text).name)] = text
    # Our own package is there already, at the version installed here.
    named.pop("jupyter-flows", None)
    return tuple(sorted(named.values()))


def _constraints(requirements: Sequence[str]) -> tuple[str, ...]:
    """Return the versions installed here of all that the requirements require in turn, themselves left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    asked = [Requirement(text) for text in requirements]
    given = {canonicalize_name(r.name) for r in asked}
    found: dict[str, str] = {}
    todo = sorted(given)
    while todo:
        name = todo.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if name not in given:
            found[name] = f"{name}=={distribution.version}"
        needs = [Requirement(text) for text in distribution.requires or ()]
        known = {canonicalize_name(r.name) for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})}
        todo += sorted(known - found.keys() - given)
    return tuple(sorted(found.values()))


def _labels(document: Mapping[str, Any]) -> dict[str, str]:
    import jupyter_flows

    return {
        "org.opencontainers.image.title": str(document["name"]),
        "org.opencontainers.image.version": str(document["digest"]),
        "io.github.jupyter-flows.flow": str(document["name"]),
        "io.github.jupyter-flows.digest": str(document["digest"]),
        "io.github.jupyter-flows.version": jupyter_flows.__version__,
    }


def _layers(bundle: Bundle, storage: ImageOptions, python: str) -> Iterator[Layer]:
    yield Layer("runtime", tuple(_runtime(python)))
    if storage.files:
        yield Layer("files", tuple(_files(storage.files)))
    for name, inside in (("modules", True), ("flow", False)):
        parts = {p: data for p, data in bundle.files.items() if p.startswith("modules/") is inside}
        if parts:
            entries = tuple(File(f"{IMAGE_FOLDER}/{path}", parts[path]) for path in sorted(parts))
            yield Layer(name, entries, {LAYER: name})


def _runtime(python: str) -> Iterator[Entry]:
    yield from runtime_entries(site_packages(python), images_folder() / "compiled")
    yield File(ENTRYPOINT, _SCRIPT.encode(), 0o755)


def _files(files: Mapping[str, str]) -> Iterator[Entry]:
    for path, target in sorted(found_files(files).items()):
        mode = 0o755 if os.access(path, os.X_OK) else 0o644
        yield File(target, path, mode)


def found_files(files: Mapping[str, str]) -> dict[Path, str]:
    """Return each file to be packed with its path in the image; folders give theirs, less what they ignore."""
    found: dict[Path, str] = {}
    for source, target in sorted(files.items()):
        path, inside = Path(source).expanduser().absolute(), PurePosixPath(HOME) / target
        if ".." in inside.parts:
            raise StorageError(f"files={{{source!r}: {target!r}}} leaves the image's folder: name it from its root.")
        if path.is_dir():
            found |= {path / name: str(inside / Path(name).as_posix()) for name in _listed(path)}
        elif path.is_file():
            found[path] = str(inside)
        else:
            raise StorageError(f"There is no file {path} to pack (files={{{source!r}: ...}}): correct the path.")
    return found


def _listed(folder: Path) -> list[str]:
    """Return the files below a folder, less what its ``.dockerignore`` names."""
    from docker.utils import exclude_paths

    ignore = folder / ".dockerignore"
    patterns = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    rules = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    found = exclude_paths(str(folder), rules) - {ignore.name}
    return sorted(name for name in found if (folder / name).is_file())


def options_meaning(storage: ImageOptions) -> dict[str, Any]:
    """Return the options that change what a run does, files and Dockerfile by content."""
    files = {target: _digest_of(path) for path, target in found_files(storage.files or {}).items()}
    given = {
        "base": storage.base_digest,
        "dockerfile": _context_digest(storage.dockerfile) if storage.dockerfile else None,
        "build_kwargs": dict(sorted((storage.build_kwargs or {}).items())),
        "extra_dockerfile_commands": list(storage.extra_dockerfile_commands or ()),
        "python_dependencies": sorted(storage.python_dependencies or ()),
        "env_vars": dict(sorted((storage.env_vars or {}).items())),
        "files": dict(sorted(files.items())),
        "platform": storage.platform,
    }
    return {name: value for name, value in given.items() if value}


def _context_digest(dockerfile: str) -> str:
    """Return a digest of a Dockerfile and of all that it may copy; of its name where it is not there."""
    path = Path(dockerfile).expanduser().absolute()
    names = _listed(path.parent) if path.is_file() else []
    lines = [f"{name} {_digest_of(path.parent / name)}" for name in names]
    return sha256("\n".join([path.name, *lines]).encode()).hexdigest()


def _digest_of(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _last_layers(image: ImageSource) -> Sequence[Blob]:
    """Return the layers that an engine built last, which hold the bundle: engines keep no annotations of layers."""
    from jupyter_flows.images.plan import MARKED_LAYERS

    labels = (image.config().get("config") or {}).get("Labels") or {}
    count = int(labels.get(MARKED_LAYERS) or 0)
    return image.layers[-count:] if count else ()


def bundle_in(image: ImageSource) -> Bundle:
    """Read a bundle from an image's own layers of it; none else is fetched."""
    files: dict[str, bytes] = {}
    for layer in [layer for layer in image.layers if layer.annotations.get(LAYER)] or _last_layers(image):
        files |= {path.removeprefix(f"{IMAGE_FOLDER}/"): data for path, data in image.files_of(layer)}
    if not files:
        raise ArtifactError(f"The image {image.name} holds no flow: register it again.")
    return Bundle(files)
