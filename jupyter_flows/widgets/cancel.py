"""The Cancel button under a run card; it leaves nothing behind once the run has ended."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from jupyter_flows.errors import FlowsError


class CancelButton:
    """A button that asks for a run to be cancelled, and what came of asking.

    A kernel hears a click only between cells: in a busy one ``jupyter flows cancel`` is what works.
    """

    def __init__(self, run_id: int, cancel: Callable[[], Any]):
        self._cancel = cancel
        self.button = widgets.Button(
            description="Cancel", icon="stop", tooltip=f"Stop run {run_id}", layout={"width": "110px"}
        )
        self.said = widgets.HTML()
        self.box = widgets.HBox([self.button, self.said])
        self.button.on_click(self._clicked)

    def _clicked(self, _: widgets.Button) -> None:
        self.button.disabled = True
        try:
            self._cancel()
        except FlowsError as error:
            self.said.value = escape(str(error))
        else:
            self.said.value = "cancelling"

    def bundle(self, hint: str) -> dict[str, Any]:
        """Return the button for a front end's widgets, with a hint for those that have none."""
        return {**self.box._repr_mimebundle_(), "text/plain": hint}

    def close(self) -> None:
        """Take the button away from the page and the kernel."""
        for widget in (self.button, self.said, self.box):
            widget.close()
