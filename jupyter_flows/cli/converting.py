"""Spell the marks of a notebook's file in another way, and change nothing else in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.errors import NotebookFileError

if TYPE_CHECKING:
    from jupyter_flows.capture.converting import Spelling
    from jupyter_flows.capture.fixing.draft import Draft


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a file's marks."""

    #: Ordinals of the cells whose mark is spelt in another way now.
    converted: tuple[int, ...]
    #: Cells that stay as they were, and why.
    kept: tuple[tuple[int, str], ...]


def convert_file(path: Path, to: Spelling) -> Conversion:
    """Convert a notebook's marks; the file is written only if something changed and the flow means the same."""
    from jupyter_flows.capture.fixing.draft import Draft
    from jupyter_flows.capture.notebook import read_notebook
    from jupyter_flows.capture.text_notebook import is_text, rewritten, to_json
    from jupyter_flows.cli.fixing import replace_file

    before = read_notebook(path).text
    text = path.read_bytes().decode("utf-8-sig")
    draft = Draft(to_json(text, path) if is_text(path) else text)
    found = _convert(draft, to)
    if not found.converted:
        return found
    new = rewritten(text, draft.notebook.cells, path) if is_text(path) else draft.text
    after = to_json(new, path) if is_text(path) else new
    if _digest(before, path) != _digest(after, path):
        raise NotebookFileError(f"{path} would mean something else with its marks as {to}: nothing was written.")
    replace_file(path, new)
    return found


def _convert(draft: Draft, to: Spelling) -> Conversion:
    from jupyter_flows.capture.converting import convert

    converted, kept = [], []
    for cell in draft.notebook.cells:
        new = convert(cell, to)
        if new is not None and new.reason:
            kept.append((cell.ordinal, new.reason))
        elif new is not None:
            draft.write(cell.ordinal, new.cell.source.split("\n"))
            draft.describe(cell.ordinal, new.cell.tags, new.cell.metadata)
            converted.append(cell.ordinal)
    return Conversion(tuple(converted), tuple(kept))


def _digest(text: str, path: Path) -> str:
    from jupyter_flows.capture.notebook import capture, read_notebook
    from jupyter_flows.core.document import to_document

    found = capture(read_notebook(text), name="any", folder=path.absolute().parent)
    return str(to_document(found.flow)["digest"])
