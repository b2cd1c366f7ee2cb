"""The form of ``%flow_config``: storage, environment, executor, labels."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

import ipywidgets as widgets
from IPython.core.error import UsageError
from IPython.display import display

from jupyter_flows.errors import FlowsError

_WIDE = {"width": "min(100%, 460px)"}
_LABELS = {"description_width": "110px"}


class Model(Protocol):
    """What the form asks and tells."""

    @property
    def now(self) -> Any:
        """What is chosen now: ``storage``, ``environment``, ``labels``."""

    def storages(self) -> dict[str, tuple[str, ...]]:
        """Return the storages, each with its options."""

    def environments(self) -> list[str]:
        """Return the environments by name."""

    def executors(self) -> list[str]:
        """Return the executors by name."""

    def apply(
        self, storage: str, options: Mapping[str, str], environment: str, executor: str, labels: list[str]
    ) -> str:
        """Choose all of it and return what to tell; raise when a part can't be."""


class ConfigForm:
    """Fields, a button, and below it what came of it."""

    def __init__(self, model: Model):
        self._model = model
        now = model.now
        executor = now.environment.executor.to_json()["class"].rpartition(".")[2]
        self.storage = _dropdown("Storage", list(model.storages()), now.storage.kind)
        self.options = widgets.VBox()
        self.environment = _dropdown("Environment", model.environments(), type(now.environment).__name__)
        self.executor = widgets.Combobox(
            description="Executor",
            value=executor,
            options=model.executors(),
            placeholder="a name or an import path",
            layout=_WIDE,
            style=_LABELS,
        )
        self.labels = widgets.Text(
            description="Labels",
            value=", ".join(sorted({*now.labels, *now.environment.labels})),
            placeholder="none: agents without labels take it",
            layout=_WIDE,
            style=_LABELS,
        )
        self.button = widgets.Button(description="Use these", button_style="primary", icon="check")
        self.told = widgets.HTML()
        self.storage.observe(self._show_options, names="value")
        self.button.on_click(self._apply)
        self._show_options()
        self.view = widgets.VBox(
            [self.storage, self.options, self.environment, self.executor, self.labels, self.button, self.told]
        )

    def _show_options(self, _change: Any = None) -> None:
        """Give each option of the chosen storage a field of its own."""
        now = self._model.now.storage
        known = now.options() if now.kind == self.storage.value else {}
        self.options.children = [
            widgets.Text(
                description=name,
                value="" if known.get(name) is None else str(known[name]),
                placeholder="default",
                layout=_WIDE,
                style=_LABELS,
            )
            for name in self._model.storages()[self.storage.value]
        ]

    def _apply(self, _button: Any = None) -> None:
        options = {field.description: field.value for field in self.options.children}
        labels = [label.strip() for label in self.labels.value.split(",") if label.strip()]
        try:
            told = self._model.apply(
                self.storage.value, options, self.environment.value, self.executor.value.strip(), labels
            )
        except (FlowsError, UsageError) as error:
            self.told.value = _block(str(error), "var(--jp-error-color1, #d9534f)")
            return
        self.told.value = _block(told, "inherit")


def _dropdown(description: str, options: list[str], value: str) -> Any:
    shown = options if value in options else [*options, value]
    return widgets.Dropdown(description=description, options=shown, value=value, layout=_WIDE, style=_LABELS)


def _block(text: str, colour: str) -> str:
    style = f"white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.4;color:{colour};margin:4px 0 0"
    return f'<pre style="{style}">{escape(text)}</pre>'


def show_form(model: Model) -> ConfigForm:
    """Put the form under the cell."""
    form = ConfigForm(model)
    display(form.view)
    return form
