"""A notebook's JSON while it is changed: what is not touched is written back as it was."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_flows.capture.finders.look import Reading
from jupyter_flows.capture.markers import read_marker
from jupyter_flows.capture.notebook_file import Notebook, read_notebook
from jupyter_flows.capture.text_notebook import KEY
from jupyter_flows.errors import CheckError

_INDENTS: tuple[int | str | None, ...] = (1, 2, 3, 4, 8, "\t", None)


@dataclass(slots=True)
class Changes:
    """What was put right, and what was not and why, as sentences."""

    fixed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Draft:
    """The JSON text of a notebook, format 4, to be changed cell by cell."""

    def __init__(self, text: str):
        self.changes = Changes()
        self._document: dict[str, Any] = json.loads(text)
        if self._document.get("nbformat") != 4:  # noqa: PLR2004 - the notebook format's major version
            raise CheckError("The notebook is in an old format: save it once with Jupyter, then fix it.")
        self._style = _style_of(self._document, text)

    @property
    def text(self) -> str:
        """The notebook as JSON, written as it was."""
        return _written(self._document, self._style)

    @property
    def notebook(self) -> Notebook:
        """The notebook as it is now."""
        return read_notebook(self.text)

    def readings(self) -> Iterator[Reading]:
        """Yield the code cells as they are now; those that take no part in a flow are not touched."""
        for index, cell in enumerate(self.notebook.cells):
            marker = read_marker(cell)
            if marker.kind in ("plain", "task", "parameters"):
                yield Reading(cell, marker, index)

    def lines(self, ordinal: int) -> list[str]:
        """Return the lines of a code cell."""
        source = self._cell(ordinal)["source"]
        return (source if isinstance(source, str) else "".join(source)).split("\n")

    def write(self, ordinal: int, lines: list[str]) -> None:
        """Give a code cell other lines, kept as the file keeps them: as one text, or as a list."""
        cell, text = self._cell(ordinal), "\n".join(lines)
        cell["source"] = text if isinstance(cell["source"], str) else text.splitlines(keepends=True)

    def describe(self, ordinal: int, tags: Collection[str], own: Mapping[str, Any]) -> None:
        """Give a code cell these tags, those that it keeps in their order, and our metadata; what is empty goes."""
        metadata = self._cell(ordinal)["metadata"]
        kept = [tag for tag in metadata.get("tags", []) if tag in tags]
        for key, value in (("tags", [*kept, *sorted(set(tags) - set(kept))]), (KEY, dict(own))):
            if value:
                metadata[key] = value
            elif key in metadata:
                del metadata[key]

    def move(self, ordinal: int, *, above: int) -> None:
        """Put a code cell above another one."""
        cells = self._document["cells"]
        cell, target = self._cell(ordinal), self._cell(above)
        del cells[next(n for n, c in enumerate(cells) if c is cell)]
        cells.insert(next(n for n, c in enumerate(cells) if c is target), cell)

    def restore(self, text: str) -> None:
        """Take back changes: `text` is what `text` was before them."""
        self._document = json.loads(text)

    def _cell(self, ordinal: int) -> dict[str, Any]:
        code: list[dict[str, Any]] = [c for c in self._document["cells"] if c["cell_type"] == "code"]
        return code[ordinal - 1]


#: Indentation, whether other characters than ASCII are escaped, and what stands at the end.
_Style = tuple[int | str | None, bool, str]


def _style_of(document: dict[str, Any], text: str) -> _Style:
    """Return how a text was written; Jupyter's own way where that can't be told."""
    end = text[len(text.rstrip()) :]
    styles: list[_Style] = [(indent, escaped, end) for indent in _INDENTS for escaped in (False, True)]
    return next((style for style in styles if _written(document, style) == text), (1, False, "\n"))


def _written(document: dict[str, Any], style: _Style) -> str:
    indent, escaped, end = style
    return json.dumps(document, indent=indent, ensure_ascii=escaped) + end
