"""``%flow_config``: choices by options, or by the form, and the metadata that keeps them."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_flows.core.labels import normalize
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.words import evaluated, pairs
from jupyter_flows.widgets.words import joined

if TYPE_CHECKING:
    from jupyter_flows.environments import Environment
    from jupyter_flows.environments.storage import Storage
    from jupyter_flows.magics.session import NotebookSession

_EXECUTORS = "jupyter_flows.engine.executors"
_ENVIRONMENTS = "jupyter_flows.environments"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a notebook chooses, made and checked."""

    storage: Storage
    environment: Environment
    labels: tuple[str, ...]

    def summary(self) -> str:
        """Say it in one line."""
        executor = self.environment.executor.to_json()["class"].rpartition(".")[2]
        labels = normalize([*self.environment.labels, *self.labels])
        return joined(
            [
                f"storage {self.storage!r}",
                f"environment {type(self.environment).__name__}",
                f"executor {executor}",
                f"labels {', '.join(labels)}" if labels else "no labels",
                " and ".join(self.environment.callbacks()),
            ]
        )


def current(session: NotebookSession) -> Configuration:
    """Return what the notebook chooses now, defaults included."""
    from jupyter_flows.cli.captured import chosen_environment, chosen_storage
    from jupyter_flows.environments import RemoteEnvironment

    chosen = session.chosen(session.merged().notebook)
    environment = session.environment or chosen_environment(chosen) or RemoteEnvironment()
    return Configuration(chosen_storage(chosen), environment, normalize(chosen.get("labels")))


def configure(session: NotebookSession, given: Namespace) -> None:
    """Set what the options say, or show the form where there are none."""
    said = [given.words, given.storage, given.label, given.no_labels, given.environment, given.executor]
    if any(said):
        _set(session, given)
    elif not given.text:
        from jupyter_flows.widgets.config import show_form

        show_form(FormModel(session))
        return
    say(current(session).summary())
    say(how_to_keep(session))


def _set(session: NotebookSession, given: Namespace) -> None:
    before = dict(session.choices), session.environment
    try:
        if given.storage or given.words:
            set_storage(session, given.storage, pairs(given.words, "An option of the storage"))
        if given.environment or given.executor:
            set_environment(session, given.environment, given.executor)
        if given.label or given.no_labels:
            session.choices["labels"] = list(normalize(given.label))
        current(session)
    except BaseException:
        session.choices, session.environment = before
        raise


def set_storage(session: NotebookSession, name: str | None, options: Mapping[str, str]) -> None:
    """Choose a storage by name; its options are texts, or JSON values where they are some."""
    from jupyter_flows.cli.captured import option_value
    from jupyter_flows.environments.storage import storage_named

    kind = name or current(session).storage.kind
    made = storage_named(kind, {key: option_value(text) for key, text in options.items()})
    if not made.lasting:
        raise Mistake(f"{made.kind} storage is gone with this kernel, so no agent could load it: choose local.")
    given = {key: value for key, value in made.options().items() if value is not None}
    session.choices["storage"] = {"class": made.kind, "options": given} if given else made.kind


def set_environment(session: NotebookSession, text: str | None, executor: str | None) -> None:
    """Choose an environment and its executor, by names or import paths; ``{expression}`` gives an object."""
    from jupyter_flows.environments import Environment, environment_from_json

    if text and text.startswith("{") and text.endswith("}"):
        made = evaluated(text, session.shell.user_ns)
        if not isinstance(made, Environment):
            raise Mistake(f"--environment {text} gives {made!r}, which is no environment.")
        if executor:
            raise Mistake(f"{text} has its executor already: leave --executor out.")
        session.environment = made
    else:
        old = current(session).environment
        path = _full(text, _ENVIRONMENTS) if text else old.to_json()["class"]
        options = old.options()
        if executor:
            options |= {"executor": _full(executor, _EXECUTORS), "executor_kwargs": {}}
        made = environment_from_json({"class": path, "options": options}, old.callbacks())
        session.environment = made if made.callbacks() else None
    session.choices["environment"] = {k: v for k, v in made.to_json().items() if k in ("class", "options")}


def _full(name: str, room: str) -> str:
    return name if "." in name else f"{room}.{name}"


def how_to_keep(session: NotebookSession) -> str:
    """Say how the choices stay with the notebook, for colleagues and the command line."""
    notebook = session.merged().notebook
    unsaved = {k: v for k, v in session.choices.items() if notebook.chosen.get(k) != v}
    if not unsaved:
        return "The notebook's metadata say so too." if session.choices else "These are the defaults."
    line = json.dumps({"jupyter_flows": {**notebook.chosen, **session.choices}})
    lines = ["This holds in this kernel. To keep it, put this into the notebook's metadata:", f"  {line}"]
    if session.environment is not None and session.environment.callbacks():
        lines.append("on_start and on_exit are functions of this kernel, which metadata can't hold.")
    return "\n".join(lines)


class FormModel:
    """What the form shows and does, without widgets."""

    def __init__(self, session: NotebookSession):
        self._session = session

    @property
    def now(self) -> Configuration:
        """What is chosen now."""
        return current(self._session)

    @staticmethod
    def storages() -> dict[str, tuple[str, ...]]:
        """Return the storages that agents can load, each with its options."""
        from jupyter_flows.environments.storage import storage_named, storage_names

        made = [storage_named(name) for name in storage_names()]
        return {storage.kind: storage.option_names() for storage in made if storage.lasting}

    @staticmethod
    def environments() -> list[str]:
        """Return the environments that this version has."""
        from jupyter_flows import environments

        return [name for name in environments.__all__ if name.endswith("Environment") and name != "Environment"]

    @staticmethod
    def executors() -> list[str]:
        """Return the executors that this version has."""
        from jupyter_flows.engine import executors

        return [name for name in executors.__all__ if name.endswith("Executor") and name != "Executor"]

    def apply(
        self, storage: str, options: Mapping[str, str], environment: str, executor: str, labels: list[str]
    ) -> str:
        """Choose all of it, or nothing when a part can't be; return what to tell. Raises `FlowsError` or `Mistake`."""
        given = Namespace(
            storage=storage,
            words=[f"{key}={text}" for key, text in options.items() if text.strip()],
            environment=environment,
            executor=executor,
            label=labels,
            no_labels=not labels,
        )
        _set(self._session, given)
        return f"{self.now.summary()}\n{how_to_keep(self._session)}"
