"""Hide the values of secrets in everything that a run says, before it leaves the run's process."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from jupyter_flows.core.events import Event

#: What stands where a secret's value stood.
MASK = "***"
#: A line of a value of several lines counts by itself from this length on.
LINE_CHARACTERS = 8
#: Data whose text is bytes in base64, in which there is no text to find.
_BINARY = re.compile(r"(image/(?!svg)|audio/|video/|font/|application/(pdf|octet-stream)).*")

Key = TypeVar("Key", bound=Hashable)


class Masker:
    """Knows values that must not be shown; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._held: dict[Any, str] = {}

    def hide(self, value: str) -> None:
        """Show this value no more: neither as it is nor as repr, JSON, HTML, URLs and base64 write it."""
        with self._lock:
            forms = self._forms | set(_forms(value))
            if forms != self._forms:
                longest_first = sorted(forms, key=lambda form: (-len(form), form))
                # A look-ahead finds also what begins inside of what was found before.
                self._pattern = re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))")
                self._forms = frozenset(forms)

    @property
    def hides_anything(self) -> bool:
        """Whether there is any value to hide."""
        return self._pattern is not None

    def text(self, text: str) -> str:
        """Return a text without the values.

        >>> masker = Masker()
        >>> masker.hide("opensesame")
        >>> masker.text("key=opensesame;")
        'key=***;'
        """
        return _without(text, self._spans(text))

    def value(self, value: Any) -> Any:
        """Return a JSON value in whose texts, names included, the values are not."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(name): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    # -- text that comes in pieces -------------------------------------------------------------

    def stream(self, place: Hashable, text: str) -> str:
        """Return what of a stream's text may be sent now; an end that may begin a value is held back."""
        if self._pattern is None:
            return text
        with self._lock:
            text = self._held.pop(place, "") + text
            spans = self._spans(text)
            start = len(text) - _beginning(text, self._forms)
            start = min([start, *(begin for begin, end in spans if end > start)])
            if start < len(text):
                self._held[place] = text[start:]
            return _without(text[:start], [span for span in spans if span[1] <= start])

    def release(self, wanted: Callable[[Any], bool] = lambda _: True) -> list[tuple[Any, str]]:
        """Return the held ends of the places that are wanted: nothing follows on them."""
        with self._lock:
            return [(place, self.text(self._held.pop(place))) for place in [p for p in self._held if wanted(p)]]

    # -- events --------------------------------------------------------------------------------

    def event(self, event: Event) -> Event:
        """Return an event that shows no value; names of tasks and states stay as they are."""
        if self._pattern is None:
            return event
        body = dict(event.body)
        if event.kind == "tasks":
            body["rows"] = [[*row[:4], self.text(row[4])] for row in body["rows"]]
        elif event.kind == "output":
            body["output"] = self._output(body["output"])
        else:
            body |= {name: self.value(body[name]) for name in ("message", "text", "parameters") if name in body}
        return replace(event, body=body)

    def _output(self, output: Mapping[str, Any]) -> dict[str, Any]:
        clean = dict(output)
        if "data" in clean:
            clean["data"] = {
                mime: data if _BINARY.fullmatch(mime) else self.value(data) for mime, data in clean["data"].items()
            }
        if "traceback" in clean:
            # A value of several lines is one text only where the lines are together.
            clean["traceback"] = self.text("\n".join(clean["traceback"])).split("\n")
        for name in ("ename", "evalue", "text", "metadata"):
            if name in clean:
                clean[name] = self.value(clean[name])
        return clean

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Return where values stand, those that touch or overlap as one."""
        found: list[tuple[int, int]] = []
        # Most texts hold none, which is told a hundred times faster so.
        if self._pattern is None or not any(form in text for form in self._forms):
            return found
        for match in self._pattern.finditer(text):
            begin, end = match.span(1)
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((begin, end))
        return found


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, last = [], 0
    for begin, end in spans:
        parts += [text[last:begin], MASK]
        last = end
    return "".join([*parts, text[last:]])


def _beginning(text: str, forms: Iterable[str]) -> int:
    """Return how many characters at a text's end may be the beginning of a value."""
    longest = 0
    for form in forms:
        for count in range(min(len(form) - 1, len(text)), longest, -1):
            if text.endswith(form[:count]):
                longest = count
                break
    return longest


def _forms(value: str) -> Iterator[str]:
    """Yield the ways in which a value is commonly written."""
    # Runs without secrets need none of these.
    import base64
    import html
    from urllib.parse import quote, quote_plus

    parts = value.splitlines()
    # A key in a file: its frame (-----BEGIN ...) is no secret, each of its lines is.
    lines = [line.strip() for line in parts if not line.startswith("-----")] if len(parts) > 1 else []
    for text in (value, *(line for line in lines if len(line) >= LINE_CHARACTERS)):
        yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        yield from (html.escape(text), html.escape(text, quote=False), quote(text, safe=""), quote(text))
        yield quote_plus(text)
        data = text.encode()
        yield from (code(data).decode().rstrip("=") for code in (base64.b64encode, base64.urlsafe_b64encode))


#: The masker of this process: a run's, which has a process to itself.
process_masker = Masker()
