"""Bring two executions' outputs into a form in which equal means equal."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Output = Mapping[str, Any]
#: One thing that a cell showed: what kind of thing, and its text.
Shown = tuple[str, str]

_NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
#: What may differ between two executions of the same cell, and what stands for it.
_VARYING: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), mark)
    for pattern, mark in (
        (r"\x1b\[[0-9;]*m", ""),
        (r"CPU times: .*\n(?:Wall time: .*)?", "<times>"),
        (r"Wall time: .*", "<times>"),
        (rf"(?:{_NUMBER} ?(?:ns|µs|μs|us|ms|s|min|h)\b ?)+ ± .* per loop .*", "<timeit>"),
        (r"The slowest run took .*", "<slowest>"),
        (rf"\b{_NUMBER}\s?(?:ns|µs|μs|us|ms|msecs?|s|secs?|seconds|min)\b", "<time>"),
        (r"\b0x[0-9a-fA-F]{6,}\b", "<address>"),
        (r"\b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b", "<clock>"),
        # The file of a cell's code: a kernel's, and ours.
        (r"/\S*/(?:ipykernel|jupyter_flows)_\d+/\w+\.py", "<cell>"),
        (r"<ipython-input-[\w-]+>|Cell In\[\d+\]", "<cell>"),
        # Identifiers that libraries make up for their HTML.
        (r"\bT_[0-9a-f]{5,}", "T_<id>"),
        (r"\bsk-(container-id|estimator-id|global-id)-\d+", r"sk-\1-<id>"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b[0-9a-f]{32}\b", "<hex>"),
        (r"\bmpl-?[0-9a-f]{6,}|\b(?:id|clip-path|xlink:href)=\"[^\"]*\"", "<svg-id>"),
    )
)
#: How much two pictures' files may differ in length and still be the same picture, as a share.
_ALIKE = 0.25


def comparable(outputs: Iterable[Output], *, root: str = "") -> list[Shown]:
    """Return what a cell showed, without counts, addresses, timings, made-up ids, and how streams were cut.

    `root` is the folder of this execution, which another has not. Between two displays the text of
    each stream is put together: a kernel sends the two at moments of its own.
    """
    found: list[Shown] = []
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            name = output["name"]
            streams[name] = streams.get(name, "") + _text(output["text"])
            continue
        found += _flushed(streams, root)
        found.append(_shown(output, root))
    return found + _flushed(streams, root)


def same(one: Sequence[Shown], other: Sequence[Shown]) -> bool:
    """Tell whether two cells' outputs, made `comparable`, are equal; pictures by type and roughly by size."""
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Shown, other: Shown) -> bool:
    if one == other:
        return True
    pictures = [_PICTURE.sub("", text) for _, text in (one, other)]
    if one[0] != other[0] or pictures[0] != pictures[1]:
        return False
    sizes = [list(map(int, _PICTURE_NUMBERS.findall(text))) for _, text in (one, other)]
    return all(abs(a - b) <= _ALIKE * max(a, b) for a, b in zip(*sizes, strict=True))


_PICTURE = re.compile(r"<picture [^>]*>")
_PICTURE_NUMBERS = re.compile(r"(?<=[ x])\d+(?=[x >])")


def _flushed(streams: dict[str, str], root: str) -> list[Shown]:
    shown = [(name, _steady(text, root)) for name, text in sorted(streams.items()) if text]
    streams.clear()
    return shown


def _shown(output: Output, root: str) -> Shown:
    kind = output["output_type"]
    if kind == "error":
        return kind, f"{output['ename']}: {_steady(_text(output['evalue']), root)}"
    shown = {mime: datum for mime, datum in output["data"].items() if not _of_widget(mime, datum)}
    data = [f"{mime}: {_datum(mime, datum, root)}" for mime, datum in sorted(shown.items())]
    return kind, "\n".join(data)


def _of_widget(mime: str, datum: Any) -> bool:
    """Tell a widget's live part, which only a kernel has, and the picture of it that only a flow leaves."""
    return mime == "application/vnd.jupyter.widget-view+json" or (
        mime == "text/html" and _text(datum).startswith('<div class="jupyter-flows-widget">')
    )


def _datum(mime: str, datum: Any, root: str) -> str:
    if mime.startswith("image/") and mime != "image/svg+xml":
        return _picture(mime, base64.b64decode(_text(datum)))
    if isinstance(datum, (str, list)):
        text = _steady(_text(datum), root)
        return f"<picture {len(text)}>" if mime == "image/svg+xml" else text
    return _steady(json.dumps(datum, sort_keys=True), root)


def _picture(mime: str, data: bytes) -> str:
    if mime == "image/png" and len(data) > 24:  # noqa: PLR2004 - where a PNG's size ends
        width, height = struct.unpack(">II", data[16:24])
        return f"<picture {width}x{height} {len(data)}>"
    return f"<picture {len(data)}>"


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _steady(text: str, root: str) -> str:
    if root:
        text = text.replace(root, "<folder>")
    for pattern, mark in _VARYING:
        text = pattern.sub(mark, text)
    return text
