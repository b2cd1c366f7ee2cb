"""Live widgets in a run: nobody can move them, so they are shown as they are when their cell ends."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_flows.engine.static_widgets import gone, static_html

logger = logging.getLogger(__name__)

WIDGET = "application/vnd.jupyter.widget-view+json"

Bundle = dict[str, Any]


class LiveWidgets:
    """Remembers the widgets that a cell showed, and shows them again as they ended.

    Their text is the one that a kernel gives when they are displayed; beside it stands, as HTML, what a page
    would show.
    """

    def __init__(self, publish: Callable[[dict[str, Any]], None]):
        self._publish = publish
        #: Display id to widget model id and the data shown last.
        self._shown: dict[str, tuple[str, Bundle]] = {}

    def take(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return a display without its live part, which only a kernel can serve."""
        data = output.get("data", {})
        live = data.get(WIDGET)
        if not isinstance(live, Mapping):
            return output
        model_id = str(live.get("model_id"))
        static = _with_html({mime: value for mime, value in data.items() if mime != WIDGET}, _html(model_id))
        transient = {"display_id": uuid.uuid4().hex, **output.get("transient", {})}
        self._shown[transient["display_id"]] = (model_id, static)
        return {**output, "data": static, "transient": transient}

    def settle(self) -> None:
        """Show again the widgets that look otherwise by now: a progress bar at its end."""
        shown, self._shown = self._shown, {}
        for display_id, (model_id, before) in shown.items():
            after = _with_html(before, _html(model_id))
            if after != before:
                output = {"output_type": "update_display_data", "data": after, "metadata": {}}
                self._publish({**output, "transient": {"display_id": display_id}})


def _with_html(data: Bundle, shown: str | None) -> Bundle:
    return data if shown is None else {**data, "text/html": shown}


def _html(model_id: str) -> str | None:
    """Return what a widget shows now, by its id where ipywidgets keeps those that are open."""
    module = sys.modules.get("ipywidgets.widgets.widget")
    widget = getattr(module, "_instances", {}).get(model_id)
    if widget is None:
        return gone()
    try:
        return static_html(widget)
    except Exception:
        # A widget of the notebook's own may be anything; its text is there already.
        logger.debug("A widget can't be shown", exc_info=True)
        return None
