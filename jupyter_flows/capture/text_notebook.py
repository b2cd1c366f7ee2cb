"""Notebooks kept as text (jupytext's ``py:percent`` and its other formats), read as what they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import NotebookFileError

#: The key under which cells keep what is ours.
KEY = "jupyter_flows"
#: Endings of text notebooks; scripts of other languages have other endings.
SUFFIXES = frozenset({".py", ".md", ".markdown", ".Rmd", ".qmd"})
_CELL_MARK = re.compile(r"^#\s*%%|^# \+|^# In\[", re.MULTILINE)
_HEADER = re.compile(r"\A(?:#!.*\n)?(?:#.*coding.*\n)?(?:# )?---\n(?:.*\n)*?(?:# )?jupyter:\n")


def is_text(path: Path | None) -> bool:
    """Tell whether a file is a text notebook by its ending."""
    return path is not None and path.suffix in SUFFIXES


def has_cells(text: str, path: Path) -> bool:
    """Tell whether a text has cells; a script has them only where it says so."""
    return path.suffix != ".py" or bool(_HEADER.match(text) or _CELL_MARK.search(text))


def to_json(text: str, path: Path) -> str:
    """Return the notebook that a text stands for, as JSON of format 4 without cell ids, which text has none of.

    Raises `NotebookFileError` for a script without cells and for text that jupytext can't read.
    """
    notebook = _read(text, path)
    return _plain(json.loads(json.dumps(notebook)))


def rewritten(text: str, cells: Iterable[Cell], path: Path) -> str:
    """Return the text with other sources, tags and metadata of ours in its code cells, and nothing else changed.

    Raises `NotebookFileError` for a text that jupytext would write in another way.
    """
    import jupytext

    notebook = _read(text, path)
    written = jupytext.writes(notebook, fmt=_format(text, path))
    head, body = _apart(text, path)
    if _apart(written, path)[1].rstrip("\n") != body.rstrip("\n"):
        raise NotebookFileError(
            f"{path} is not written as jupytext does, so other lines would change: format it first."
        )
    code_cells = (c for c in notebook.cells if c.cell_type == "code")
    for known, cell in zip(code_cells, cells, strict=True):
        known.source = cell.source
        for key, value in (("tags", _in_order(known.metadata.get("tags", []), cell.tags)), (KEY, dict(cell.metadata))):
            known.metadata.pop(key, None)
            known.metadata |= {key: value} if value else {}
    new = _apart(jupytext.writes(notebook, fmt=_format(text, path)), path)[1]
    return head + new.rstrip("\n") + body[len(body.rstrip("\n")) :]


def _in_order(known: list[str], tags: frozenset[str]) -> list[str]:
    return [*(t for t in known if t in tags), *sorted(tags - set(known))]


def _apart(text: str, path: Path) -> tuple[str, str]:
    """Split a text into its header, which jupytext writes anew each time, and its cells."""
    mark = re.search(
        r"^# ---\n(?:#.*\n)*?# ---\n\n?" if path.suffix == ".py" else r"\A---\n(?:.*\n)*?---\n\n?", text, re.MULTILINE
    )
    end = mark.end() if mark else 0
    return text[:end], text[end:]


def _read(text: str, path: Path) -> Any:
    import jupytext

    if not has_cells(text, path):
        raise NotebookFileError(f"{path} is a script without cells: write `# %%` above each cell.")
    try:
        return jupytext.reads(text, fmt=_format(text, path))
    except Exception as error:
        raise NotebookFileError(f"{path} can't be read as a notebook: {error}.") from error


def _format(text: str, path: Path) -> str | dict[str, str]:
    """Return the format of a text: its header says it; without one a lone `# %%` decides for percent."""
    percent = path.suffix == ".py" and not _HEADER.match(text) and re.search(r"^#\s*%%", text, re.MULTILINE)
    return "py:percent" if percent else {"extension": path.suffix}


def _plain(document: dict[str, Any]) -> str:
    # A copy that names its pair would be written over it by the front end that opens it.
    document["metadata"].pop("jupytext", None)
    for cell in document["cells"]:
        cell.pop("id", None)
        cell["metadata"].pop("lines_to_next_cell", None)
    return json.dumps(dict(document, nbformat_minor=4))
