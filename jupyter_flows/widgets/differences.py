"""What changed between two versions of a flow, as text and inline."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

from jupyter_flows.core.changes import Change

#: Colours a text: ``ink("red", "gone")``.
Ink = Callable[[str, str], str]

_SIGNS = {"added": "+", "removed": "-", "new flow": "+"}
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_INDENT = "    "


def _without_colour(colour: str, text: str) -> str:
    del colour
    return text


@dataclass(frozen=True, slots=True)
class Differences:
    """The changes from one version of a flow to another."""

    #: ``project/flow``.
    flow: str
    #: What the older one is called, None where there is none.
    old: str | None
    new: str
    changes: tuple[Change, ...]
    #: Other projects that have a flow of that name, told where there is nothing to compare with.
    elsewhere: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, ink: Ink = _without_colour) -> str:
        """Write the changes for a terminal: one paragraph a task, code lines below it."""
        if self.old is None:
            said = f"{self.flow} has no version to compare {self.new} with: it is new."
            others = " or ".join(f"--project {shlex.quote(project)}" for project in self.elsewhere)
            return f"{said} A flow of that name is elsewhere: {others}." if others else said
        if not self.changes:
            return f"{self.flow}: {self.new} means the same as {self.old}."
        return "\n".join([ink("bold", f"{self.flow} {self.old} -> {self.new}"), *lines_of(self.changes, ink)])

    def _repr_html_(self) -> str:
        old = None if self.old is None else escape(self.old)
        others = tuple(map(escape, self.elsewhere))
        safe = Differences(escape(self.flow), old, escape(self.new), tuple(map(_escaped, self.changes)), others)
        return f'<pre style="line-height: 1.4">{safe.text(_html_ink)}</pre>'


def lines_of(changes: tuple[Change, ...], ink: Ink = _without_colour) -> Iterator[str]:
    """Yield the lines that say what changed, without a heading."""
    of_tasks = [c for c in changes if c.task is not None]
    width = max((len(c.task or "") for c in of_tasks), default=0)
    for name, group in groupby(of_tasks, key=lambda c: c.task):
        found = list(group)
        sign = next((_SIGNS[c.what] for c in found if c.what in _SIGNS), "~")
        said = ", ".join(f"{c.what} ({c.detail})" if c.detail else c.what for c in found)
        yield f"{ink(_COLOURS[sign], sign)} {ink('bold', name or '')}{' ' * (width - len(name or ''))}  {said}"
        for change in found:
            yield from (_INDENT + _coloured(line, ink) for line in change.lines)
    for change in changes:
        if change.task is None:
            sign = _SIGNS.get(change.what, "~")
            said = f": {change.detail}" if change.detail else ""
            yield f"{ink(_COLOURS[sign], sign)} {ink('bold', change.what)}{said}"


def _coloured(line: str, ink: Ink) -> str:
    colour = {"+": "green", "-": "red"}.get(line[:1], "dim")
    return ink(colour, line)


#: Colours that read on light and dark pages.
_CSS = {"green": "color: #2a8a4a", "red": "color: #cf4c45", "yellow": "color: #b07d12", "dim": "color: #888888"}


def _html_ink(colour: str, text: str) -> str:
    return f"<b>{text}</b>" if colour == "bold" else f'<span style="{_CSS[colour]}">{text}</span>'


def _escaped(change: Change) -> Change:
    """Return the change with its texts safe to stand between tags; the ink puts tags around them."""
    task = None if change.task is None else escape(change.task)
    return Change(task, escape(change.what), escape(change.detail), tuple(map(escape, change.lines)))
