"""``ipywidgets.Output`` in a run: what is shown while one is entered goes into it, as a front end would have it.

In a kernel the widget asks for the id of the request that runs, and the front end then puts all that answers this
request into the widget. In a run the ids are ours, and so is what a front end would do.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from typing import Any

Output = dict[str, Any]


class OutputWidgets:
    """Keeps what was shown inside of each output widget, and gives it to the widget at the end of the cell."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, list[Output]]] = {}
        #: Those that are cleared when something new comes.
        self._stale: set[str] = set()

    def install(self) -> None:
        """Let widgets have a kernel to ask for the running request's id; to be called before widgets are made."""
        with contextlib.suppress(ImportError):
            _give_widgets_a_kernel()

    def write(self, name: str, text: str) -> bool:
        """Take text of a stream; return False where no output widget is entered."""
        return self.take({"output_type": "stream", "name": name, "text": text})

    def take(self, output: Output) -> bool:
        """Take an output; return False where no output widget is entered."""
        widget = _entered()
        if widget is None or output["output_type"] == "update_display_data":
            return False
        model_id = str(widget.model_id)
        _, kept = self._kept.setdefault(model_id, (widget, list(map(dict, widget.outputs))))
        clears = output["output_type"] == "clear_output"
        if clears and output.get("wait"):
            self._stale.add(model_id)
            return True
        if clears or model_id in self._stale:
            kept.clear()
            self._stale.discard(model_id)
        if not clears:
            _append(kept, {key: value for key, value in output.items() if key != "transient"})
        return True

    def settle(self) -> None:
        """Give the widgets what they show; a front end, too, does so when the cell has ended."""
        kept, self._kept = self._kept, {}
        for widget, outputs in kept.values():
            widget.outputs = tuple(outputs)


def _append(kept: list[Output], output: Output) -> None:
    last = kept[-1] if kept else {}
    if output["output_type"] == "stream" == last.get("output_type") and last.get("name") == output["name"]:
        last["text"] += output["text"]
    else:
        kept.append(output)


def _entered() -> Any:
    """Return the output widget that was entered last, and not left."""
    module, widgets = (sys.modules.get(f"ipywidgets.widgets.{name}") for name in ("widget_output", "widget"))
    kind = getattr(module, "Output", None)
    if kind is None:
        return None
    inside = [w for w in list(widgets._instances.values()) if isinstance(w, kind) and w.msg_id]  # type: ignore[union-attr] # noqa: SLF001 - said nowhere else
    return max(inside, key=lambda widget: str(widget.msg_id), default=None)


class _Requests:
    """Stands for the kernel of a widget: gives each who asks a request of its own, later ones with greater ids."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def get_parent(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return a request."""
        return {"header": {"msg_id": f"run-{next(self._numbers):012d}"}}


def _give_widgets_a_kernel() -> None:
    import comm
    from comm.base_comm import BaseComm

    class RunComm(BaseComm):
        """A comm that nobody listens to."""

        kernel = _Requests()

        def publish_msg(self, *_: Any, **__: Any) -> None:
            """Send nothing."""

    comm.create_comm = RunComm
