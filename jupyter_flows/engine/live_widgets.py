"""Live widgets in a run: nobody can move them, so they are shown by what they say when their cell ends."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"

Bundle = dict[str, Any]


class LiveWidgets:
    """Remembers the widgets that a cell showed, and shows them again as they ended."""

    def __init__(self, publish: Callable[[dict[str, Any]], None], format_widget: Callable[[Any], Bundle]):
        self._publish, self._format = publish, format_widget
        #: Display id to widget model id and the data shown last.
        self._shown: dict[str, tuple[str, Bundle]] = {}

    def take(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return a display without its live part, which only a kernel can serve."""
        data = output.get("data", {})
        live = data.get(WIDGET)
        if not isinstance(live, Mapping) or len(data) == 1:
            return output
        static = {mime: value for mime, value in data.items() if mime != WIDGET}
        transient = {"display_id": uuid.uuid4().hex, **output.get("transient", {})}
        self._shown[transient["display_id"]] = (str(live.get("model_id")), static)
        return {**output, "data": static, "transient": transient}

    def settle(self) -> None:
        """Show again the widgets whose text has changed since: a progress bar at its end."""
        shown, self._shown = self._shown, {}
        for display_id, (model_id, before) in shown.items():
            widget = _widget(model_id)
            after = self._format(widget) if widget is not None else before
            after.pop(WIDGET, None)
            if after and after != before:
                output = {"output_type": "update_display_data", "data": after, "metadata": {}}
                self._publish({**output, "transient": {"display_id": display_id}})


def _widget(model_id: str) -> Any:
    """Find a widget by its id where ipywidgets keeps them, if a cell has loaded it."""
    module = sys.modules.get("ipywidgets.widgets.widget")
    return getattr(module, "_instances", {}).get(model_id)
