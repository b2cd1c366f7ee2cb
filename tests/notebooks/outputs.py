"""Bring two executions' outputs into a form in which equal means equal."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Mapping
from typing import Any

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
TIMING = re.compile(r"\b\d+(\.\d+)?\s?(ns|µs|us|ms|s|min)\b")


def comparable(outputs: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return a cell's outputs without what may differ: counts, addresses, timings, pixels, and how streams were cut."""
    found: list[tuple[Any, ...]] = []
    for output in outputs:
        item = _comparable(output)
        if found and item[0] == "stream" and found[-1][:2] == item[:2]:
            item = (*item[:2], found.pop()[2] + item[2])
        found.append(item)
    return found


def _comparable(output: Mapping[str, Any]) -> tuple[Any, ...]:
    kind = output["output_type"]
    if kind == "stream":
        return kind, output["name"], _steady(output["text"])
    if kind == "error":
        return kind, output["ename"], _steady(output["evalue"])
    return kind, {mime: _datum(mime, data) for mime, data in sorted(output["data"].items())}


def _datum(mime: str, data: Any) -> Any:
    text = "".join(data) if isinstance(data, list) else data
    if mime == "image/png":
        return "png {}x{}".format(*struct.unpack(">II", base64.b64decode(text)[16:24]))
    return _steady(text) if isinstance(text, str) else text


def _steady(text: str | list[str]) -> str:
    whole = "".join(text) if isinstance(text, list) else text
    return TIMING.sub("<time>", ADDRESS.sub("<address>", whole))
