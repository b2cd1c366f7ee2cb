"""Notebooks kept as text (jupytext's ``py:percent`` and its other formats), read as what they stand for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jupyter_flows.errors import NotebookFileError

#: Endings of text notebooks; scripts of other languages have other endings.
SUFFIXES = frozenset({".py", ".md", ".markdown", ".Rmd", ".qmd"})
_CELL_MARK = re.compile(r"^#\s*%%|^# \+|^# In\[", re.MULTILINE)
_HEADER = re.compile(r"\A(?:#!.*\n)?(?:#.*coding.*\n)?(?:# )?---\n(?:.*\n)*?(?:# )?jupyter:\n")


def is_text(path: Path | None) -> bool:
    """Tell whether a file is a text notebook by its ending."""
    return path is not None and path.suffix in SUFFIXES


def to_json(text: str, path: Path) -> str:
    """Return the notebook that a text stands for, as JSON of format 4 without cell ids, which text has none of.

    Raises `NotebookFileError` for a script without cells and for text that jupytext can't read.
    """
    import jupytext

    script = path.suffix == ".py"
    header = _HEADER.match(text)
    if script and not header and not _CELL_MARK.search(text):
        raise NotebookFileError(f"{path} is a script without cells: write `# %%` above each cell.")
    # Without a header nothing says the format, and a lone `# %%` decides for percent.
    percent = script and not header and re.search(r"^#\s*%%", text, re.MULTILINE)
    try:
        notebook = jupytext.reads(text, fmt="py:percent" if percent else {"extension": path.suffix})
    except Exception as error:
        raise NotebookFileError(f"{path} can't be read as a notebook: {error}.") from error
    return _plain(json.loads(json.dumps(notebook)))


def _plain(document: dict[str, Any]) -> str:
    # A copy that names its pair would be written over it by the front end that opens it.
    document["metadata"].pop("jupytext", None)
    for cell in document["cells"]:
        cell.pop("id", None)
        cell["metadata"].pop("lines_to_next_cell", None)
    return json.dumps(dict(document, nbformat_minor=4))
