"""Write a cell's mark in another spelling: as a magic, as a directive, or as tags and metadata."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jupyter_flows.capture.markers import (
    PYTHON_MAGICS,
    Mark,
    Marker,
    arguments_of,
    marks_of,
    read_marker,
    split_mark,
    task_parser,
)
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.triggers import Trigger
from jupyter_flows.errors import MarkerError

Spelling = Literal["magic", "directive", "tags"]
SPELLINGS: tuple[Spelling, ...] = ("magic", "directive", "tags")


@dataclass(frozen=True, slots=True)
class Converted:
    """A cell whose mark is spelt in another way, or why it can't be."""

    cell: Cell
    #: Why it stays as it is; empty for one that was converted.
    reason: str = ""


def convert(cell: Cell, to: Spelling) -> Converted | None:
    """Spell a cell's mark in another way; None for a cell without one, or that has this spelling already.

    The mark's line is all that changes in the text. What would not be read back as the same mark over
    the same code stays as it was, with the reason.
    """
    marker = read_marker(cell)
    if marker.kind not in ("task", "parameters") or marker.injected or _spelling(cell) == to:
        return None
    new = _spelt(_Bare.of(cell, marker), to)
    try:
        same = _meaning(read_marker(new)) == _meaning(marker)
    except MarkerError:
        same = False
    return Converted(new) if same else Converted(cell, f"its mark can't be written as {_WORDS[to]}")


_WORDS = {"magic": "a magic", "directive": "a directive", "tags": "tags"}


def _spelling(cell: Cell) -> Spelling:
    marks = marks_of(cell.source)
    return "tags" if not marks else "directive" if marks[0].directive else "magic"


def _meaning(marker: Marker) -> tuple[Any, ...]:
    """Return what has to stay: of Python, the code without the lines that marks leave behind."""
    lines = [line for line in marker.code.split("\n") if line.strip() not in ("", "#")]
    top = lines[0] if lines and lines[0].startswith("%%") else ""
    if not top or top[2:].split(maxsplit=1)[0] in PYTHON_MAGICS:
        lines = [line for line in lines if not line.startswith("#|")]
    return marker.kind, marker.options, marker.run, tuple(lines)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A cell without its mark, and what the mark says."""

    cell: Cell
    kind: str
    #: As it stands behind ``%%task``.
    words: list[str] = field(default_factory=list)
    #: The words as the author wrote them, where they stood in the text.
    text: str = ""
    #: Index of the line where the mark stood.
    line: int = 0

    @classmethod
    def of(cls, cell: Cell, marker: Marker) -> _Bare:
        """Take a cell's mark off."""
        marks = marks_of(cell.source)
        if not marks:
            words = arguments_of(cell) if marker.kind == "task" else []
            tags = cell.tags - {marker.kind}
            own = {key: value for key, value in cell.metadata.items() if key != marker.kind}
            return cls(replace(cell, tags=tags, metadata=own), marker.kind, words, shlex.join(words))
        mark: Mark = marks[0]
        lines = cell.source.split("\n")
        del lines[mark.line - 1]
        words = split_mark(cell, mark) if marker.kind == "task" else []
        return cls(replace(cell, source="\n".join(lines)), marker.kind, words, _plain(mark, words), mark.line - 1)


def _plain(mark: Mark, words: list[str]) -> str:
    """Return the author's own text if it means the same in every spelling."""
    text = mark.arguments
    try:
        return text if shlex.split(text, comments=True) == words == shlex.split(text) else shlex.join(words)
    except ValueError:
        return shlex.join(words)


def _spelt(bare: _Bare, to: Spelling) -> Cell:
    if to == "tags":
        return _tagged(bare)
    lines = bare.cell.source.split("\n") if bare.cell.source else []
    at = min(bare.line, len(lines))
    if to == "magic":
        line = f"%%{bare.kind} {bare.text}".rstrip()
    else:
        colon = ":" if bare.text else ""
        line = f"#| {bare.kind}{colon} {_yaml(bare.text)}".rstrip()
        # A cell magic works at the very top only: a comment above it would break it in a plain kernel.
        magics = [n for n, text in enumerate(lines[: at + 1]) if text.startswith("%%")]
        at = max([at, *(n + 1 for n in magics)])
    return replace(bare.cell, source="\n".join([*lines[:at], line, *lines[at:]]))


def _yaml(text: str) -> str:
    """Quote a text that YAML would read as something else than a text."""
    risky = re.search(r":(\s|$)|\s#", text) or text[:1] in tuple("{}[],&*!|>%@`")
    return f'"{text}"' if risky and '"' not in text and "'" not in text else text


def _tagged(bare: _Bare) -> Cell:
    own = dict(bare.cell.metadata)
    options = dict(_options(bare.words)) if bare.kind == "task" else {}
    if options:
        own[bare.kind] = options
    return replace(bare.cell, tags=bare.cell.tags | {bare.kind}, metadata=own)


def _options(words: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield what metadata keep of a mark's words."""
    given: Mapping[str, Any] = vars(task_parser().parse_args(words))
    defaults = vars(task_parser().parse_args([]))
    for key, value in given.items():
        if value != defaults[key] and key != "help":
            yield key, str(value) if isinstance(value, Trigger) else list(value) if isinstance(value, tuple) else value
