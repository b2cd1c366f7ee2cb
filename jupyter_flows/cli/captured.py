"""A notebook file as the command line sees it: captured, with what it chooses and what options override."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import NoSuchError, SettingsError

if TYPE_CHECKING:
    from jupyter_flows.capture.notebook import Captured, Notebook
    from jupyter_flows.environments import Environment
    from jupyter_flows.environments.storage import Storage
    from jupyter_flows.flow import Flow


@dataclass(frozen=True, slots=True)
class Reading:
    """A notebook's flow, ready to be registered, shown or compared."""

    path: Path
    captured: Captured
    flow: Flow
    project: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What options say; None leaves it to the notebook, then to the settings."""

    project: str | None = None
    name: str | None = None
    storage: str | None = None
    storage_options: Mapping[str, Any] | None = None
    labels: tuple[str, ...] = ()


def read(path: Path, wishes: Wishes | None = None) -> Reading:
    """Capture a notebook's flow without running a cell; raise `NoSuchError` for a file that is not there."""
    from jupyter_flows.capture.notebook import read_notebook

    check_file(path)
    return reading(read_notebook(path), path, wishes or Wishes())


def reading(notebook: Notebook, path: Path, wishes: Wishes) -> Reading:
    """Capture a notebook that is read already; the magics bring one that may be newer than its file."""
    from jupyter_flows.capture.notebook import capture
    from jupyter_flows.flow import Flow
    from jupyter_flows.settings import resolve

    folder = path if path.is_dir() else path.parent
    captured = capture(notebook, name=wishes.name, folder=folder)
    chosen = notebook.chosen
    project = resolve("project", option=wishes.project, line=notebook.project, metadata=chosen).value
    flow = Flow.of(captured.flow, storage=chosen_storage(chosen, wishes), environment=chosen_environment(chosen))
    labels = wishes.labels or tuple(chosen.get("labels") or ())
    return Reading(path, captured, flow, project, labels)


def is_path(text: str) -> bool:
    """Tell whether PATH|FLOW means a file: it is written as a notebook's, or is there and has an ending."""
    path = Path(text)
    return path.suffix in (".ipynb", ".py") or (bool(path.suffix) and path.is_file())


def check_file(path: Path) -> None:
    """Raise `NoSuchError` unless the file is there, naming near ones."""
    if path.is_file():
        return
    if path.is_dir():
        raise NoSuchError(f"{path} is a folder: name a notebook in it.")
    folder = path.parent
    around = [p.name for end in ("*.ipynb", "*.py") for p in folder.glob(end)] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, around, 1)
    raise NoSuchError(f"There is no file {path}{f': did you mean {path.with_name(near[0])}?' if near else '.'}")


def chosen_storage(chosen: Mapping[str, Any], wishes: Wishes | None = None) -> Storage:
    """Make the storage that options wish for, else the one that a notebook's metadata choose, else the default."""
    from jupyter_flows.environments.storage import storage_named
    from jupyter_flows.settings import resolve

    wishes = wishes or Wishes()
    choice = resolve("storage", option=wishes.storage, metadata=chosen)
    path, options = _class_and_options("storage", choice.value)
    return storage_named(path.rpartition(".")[2], {**options, **(wishes.storage_options or {})})


def chosen_environment(chosen: Mapping[str, Any]) -> Environment | None:
    """Make the environment that a notebook's metadata choose; None where they choose none."""
    from jupyter_flows.environments import environment_from_json

    if not chosen.get("environment"):
        return None
    path, options = _class_and_options("environment", chosen["environment"])
    full = path if "." in path else f"jupyter_flows.environments.{path}"
    return environment_from_json({"class": full, "options": options}, {})


def _class_and_options(what: str, value: Any) -> tuple[str, dict[str, Any]]:
    """Read a class by its name, or with its options as `to_json` writes them."""
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and isinstance(value.get("class"), str):
        return value["class"], dict(value.get("options") or {})
    raise SettingsError(f"The notebook's metadata choose the {what} {value!r}: write its name, or class and options.")


def option_value(text: str) -> Any:
    """Read a storage option's value: JSON where it is some, else the text itself.

    >>> option_value("3"), option_value("true"), option_value("data/flows")
    (3, True, 'data/flows')
    """
    try:
        return json.loads(text)
    except ValueError:
        return text
