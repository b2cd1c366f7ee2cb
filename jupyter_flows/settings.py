"""Settings: what a person sets once, in a file, in the environment, or with ``%config Flows.x = y``.

For what a notebook may choose too, `resolve` holds the order: option > ``%flow`` line > notebook
metadata > ``%config`` > environment variable > file > default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from traitlets import Enum, Float, Int, TraitError, TraitType, Unicode, validate
from traitlets.config import Config, Configurable

from jupyter_flows.errors import SettingsError, listed

#: ``JUPYTER_FLOWS_KEEP_NOTEBOOKS`` sets ``Flows.keep_notebooks``.
PREFIX = "JUPYTER_FLOWS_"
#: The file ``jupyter_flows_config.py`` or ``.json`` in any folder of Jupyter's configuration path.
FILE_NAME = "jupyter_flows_config"

DEFAULT = "the default"
SESSION = "%config"


class Flows(Configurable):
    """What jupyter_flows does unless told otherwise."""

    registry = Unicode(help="Where flows and runs are recorded: a database URL or a file; empty: the user's own.")
    registry.tag(config=True, allowed="a URL such as sqlite:////data/flows.db, a file's path, or nothing")
    default_project = Unicode("default", help="The project of a flow that names none.")
    default_project.tag(config=True, allowed="a name without '/'")
    default_storage = Unicode("local", help="The storage of a flow that chooses none.")
    default_storage.tag(config=True, allowed="the name of a storage, such as local")
    base_image = Unicode(help="The base of images of flows; empty: the official slim image of the Python in use.")
    base_image.tag(config=True, allowed="an image's name such as python:3.12-slim")
    record_outputs = Enum(
        ("all", "errors", "none"),
        default_value="all",
        help="What an executed notebook keeps of its cells' outputs: all, errors only, or none.",
    )
    record_outputs.tag(config=True, allowed="all, errors or none")
    keep_notebooks = Int(30, min=0, help="How many executed notebooks are kept of each flow, the newest.")
    keep_notebooks.tag(config=True, allowed="a whole number from 0")
    keep_results = Enum(
        ("failed", "all", "none"),
        default_value="failed",
        help="Of which runs the cells' results stay, so that a later run can go on from them: failed, all, or none.",
    )
    keep_results.tag(config=True, allowed="failed, all or none")
    idle_seconds = Float(300.0, min=0.0, help="How long an agent keeps a warm process for the next run.")
    idle_seconds.tag(config=True, allowed="a number of seconds from 0")

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._sources: dict[str, str] = {}

    @validate("default_project", "default_storage")
    def _check_name(self, proposal: Any) -> str:
        name = str(proposal.value).strip()
        if not name or "/" in name:
            raise TraitError(f"{proposal.value!r} is no name")
        return name

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the settings' names, sorted."""
        return tuple(sorted(cls.class_trait_names(config=True)))

    def source(self, name: str) -> str:
        """Say where a setting's value comes from: a file, an environment variable, ``%config``, or the default."""
        return self._sources.get(name, DEFAULT)

    def assign(self, name: str, value: Any, source: str) -> None:
        """Set a setting and remember where from; raise `SettingsError` for a name or value that can't be."""
        trait = _trait(name, source)
        try:
            setattr(self, name, trait.from_string(value) if source.startswith(PREFIX) else value)
        except (TraitError, ValueError):
            allowed = trait.metadata["allowed"]
            raise SettingsError(f"Flows.{name} can't be {value!r} (from {source}): it takes {allowed}.") from None
        self._sources[name] = source

    def follow(self, fresh: Flows) -> None:
        """Take from others what ``%config`` has not set: files and the environment may have changed since."""
        for name in self.names():
            if self.source(name) != SESSION:
                setattr(self, name, getattr(fresh, name))
                self._sources[name] = fresh.source(name)

    def update_config(self, config: Config) -> None:
        """Take what ``%config Flows.x = y`` says."""
        for name, value in config.get(type(self).__name__, {}).items():
            self.assign(name, value, SESSION)

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return every setting with its value and where that comes from."""
        return {name: {"value": getattr(self, name), "from": self.source(name)} for name in self.names()}


def _trait(name: str, source: str) -> TraitType[Any, Any]:
    traits = Flows.class_traits(config=True)
    if name not in traits:
        near = difflib.get_close_matches(name, traits, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {listed(traits)}."
        raise SettingsError(f"There is no setting Flows.{name} (from {source}): {hint}")
    return traits[name]


_session: Flows | None = None


def load_settings() -> Flows:
    """Return the settings that count now: what ``%config`` set in this process, the rest read afresh."""
    fresh = read_settings()
    if _session is None:
        return fresh
    _session.follow(fresh)
    return _session


def keep_settings() -> Flows:
    """Return settings that stay for this process; a kernel registers them, so that ``%config`` can change them."""
    global _session  # noqa: PLW0603 - a kernel has one set of settings
    _session = _session or read_settings()
    return _session


def forget_settings() -> None:
    """Let `load_settings` read files and environment again."""
    global _session  # noqa: PLW0603 - as above
    _session = None


def read_settings(*, environ: Mapping[str, str] | None = None, folders: Iterable[str] | None = None) -> Flows:
    """Read the configuration files, then the environment; raise `SettingsError` for what can't be used.

    `folders` are Jupyter's configuration folders, the most important first.
    """
    settings = Flows()
    for path in _files(_config_folders() if folders is None else folders):
        for name, value in _read_file(path).items():
            settings.assign(name, value, str(path))
    environment = os.environ if environ is None else environ
    for name in Flows.names():
        variable = PREFIX + name.upper()
        if environment.get(variable):
            settings.assign(name, environment[variable], variable)
    return settings


def settings_files() -> list[Path]:
    """Return the settings files that are read, the most important last."""
    return list(_files(_config_folders()))


def _config_folders() -> list[str]:
    from jupyter_core.paths import jupyter_config_path

    return jupyter_config_path()


def _files(folders: Iterable[str]) -> Iterator[Path]:
    """Yield the files that exist, the most important last; as in Jupyter ``.json`` comes after ``.py``."""
    for folder in reversed(list(folders)):
        for ending in (".py", ".json"):
            path = Path(folder, FILE_NAME + ending)
            if path.is_file():
                yield path


def _read_file(path: Path) -> dict[str, Any]:
    from traitlets.config import loader

    read: Callable[..., Any] = loader.PyFileConfigLoader if path.suffix == ".py" else loader.JSONFileConfigLoader
    try:
        found: Config = read(path.name, path=str(path.parent)).load_config()
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise SettingsError(f"The settings file {path} can't be read ({what}): correct it or move it away.") from error
    return dict(found.get("Flows", {}))


@dataclass(frozen=True, slots=True)
class Choice:
    """A value and who chose it."""

    value: Any
    #: "the option", "the %flow line", "the notebook's metadata", or a setting's source.
    source: str


def resolve(
    name: str,
    *,
    option: Any = None,
    line: Any = None,
    metadata: Mapping[str, Any] | None = None,
    settings: Flows | None = None,
) -> Choice:
    """Choose a value for `name` ("project", "storage", or a setting) from the first that has one.

    `line` is what the notebook's ``%flow`` line says of it, `metadata` the notebook's metadata
    under ``jupyter_flows``. A setting for ``project`` is called ``default_project``.
    """
    chosen = (metadata or {}).get(name)
    for value, source in ((option, "the option"), (line, "the %flow line"), (chosen, "the notebook's metadata")):
        if value is not None:
            return Choice(value, source)
    settings = settings or load_settings()
    setting = name if name in Flows.names() else f"default_{name}"
    return Choice(getattr(settings, setting), settings.source(setting))
