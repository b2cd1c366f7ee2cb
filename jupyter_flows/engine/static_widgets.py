"""Widgets as HTML that needs no kernel: what they show, and nothing that could be moved."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping
from typing import Any

#: The class of what stands in a widget's place.
CLASS = "jupyter-flows-widget"
_CHARACTERS = 100_000


def static_html(widget: Any) -> str | None:
    """Return what a widget shows; None for one whose kind is not known here.

    Nothing is imported for it: widgets are known by the names of their classes and of what they hold.
    """
    shown = _shown(widget)
    return None if shown is None else f'<div class="{CLASS}">{shown}</div>'


def gone() -> str:
    """Return what stands in the place of a widget that was closed: nothing that is seen."""
    return f'<div class="{CLASS}"></div>'


def _shown(widget: Any) -> str | None:
    if _is_hidden(widget):
        return ""
    names = {kind.__name__ for kind in type(widget).__mro__}
    for name, render in _KINDS.items():
        if name in names:
            return render(widget)
    if "DescriptionWidget" in names and hasattr(widget, "value"):
        return _described(widget, f"<b>{_text(widget.value)}</b>")
    return None


def _is_hidden(widget: Any) -> bool:
    layout = getattr(widget, "layout", None)
    return getattr(layout, "display", None) == "none" or getattr(layout, "visibility", None) == "hidden"


def _text(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return html.escape(text[:_CHARACTERS])


def _described(widget: Any, shown: str) -> str:
    description = str(getattr(widget, "description", "") or "")
    # Descriptions are HTML only where their widget allows it.
    allowed = getattr(widget, "description_allow_html", False) or "_HTML" in str(getattr(widget, "_view_name", ""))
    label = description if allowed else html.escape(description)
    return f"{label} {shown}" if label else shown


def _box(widget: Any) -> str:
    parts = []
    for child in getattr(widget, "children", ()):
        shown = _shown(child)
        parts.append(f"<code>{_text(repr(child))}</code>" if shown is None else shown)
    row = any(kind.__name__ == "HBox" for kind in type(widget).__mro__)
    style = "display:flex;gap:0.5em;align-items:center" if row else "display:block"
    inner = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'<div style="{style}">{inner}</div>' if inner else ""


def _progress(widget: Any) -> str:
    low, high, value = float(widget.min), float(widget.max), float(widget.value)
    return _described(widget, f'<progress value="{value - low:g}" max="{max(high - low, 0) or 1:g}"></progress>')


def _output(widget: Any) -> str:
    return "".join(_of_output(output) for output in getattr(widget, "outputs", ()))


def _of_output(output: Mapping[str, Any]) -> str:
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{html.escape(str(data["image/png"]).strip())}">'
    text = output.get("text") or data.get("text/plain") or output.get("evalue") or ""
    return f"<pre>{_text(text)}</pre>"


def _image(widget: Any) -> str:
    kind = html.escape(str(getattr(widget, "format", "png")))
    return f'<img src="data:image/{kind};base64,{base64.b64encode(bytes(widget.value)).decode()}">'


def _truth(widget: Any) -> str:
    return f"{'☑' if widget.value else '☐'} {_text(getattr(widget, 'description', ''))}"


#: By class name, the first that fits. What is HTML in a widget is HTML here; Jupyter shows it only where it is trusted.
_KINDS: dict[str, Callable[[Any], str]] = {
    "Output": _output,
    "Box": _box,
    "HTML": lambda widget: _described(widget, str(widget.value)),
    "HTMLMath": lambda widget: _described(widget, str(widget.value)),
    "Label": lambda widget: _text(widget.value),
    "FloatProgress": _progress,
    "IntProgress": _progress,
    "Image": _image,
    "Button": lambda widget: f"<button disabled>{_text(widget.description)}</button>",
    "ToggleButton": _truth,
    "Checkbox": _truth,
    "Valid": _truth,
    "Password": lambda widget: _described(widget, "<b>•••</b>"),
}
