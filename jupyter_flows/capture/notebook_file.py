"""Notebook files: read, checked, and freed of everything that a run made."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_flows.capture.lines import FlowLine, flow_line
from jupyter_flows.capture.markers import strip_marker
from jupyter_flows.capture.text_notebook import KEY, is_text, to_json
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import NotebookFileError

#: Cell metadata that a run leaves behind.
_TRACES = frozenset({"execution", "ExecuteTime", "papermill", "collapsed", "scrolled"})
_PYTHON = frozenset({"python", "python3", "ipython", "ipython3"})


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook's code cells and what belongs to all of them."""

    cells: tuple[Cell, ...]
    #: The whole notebook as JSON, sorted, without outputs, counts and widget state.
    text: str
    #: Where it is saved; None for one that is not.
    path: Path | None = None
    saved_at: datetime | None = None
    #: What the notebook's metadata chooses under ``jupyter_flows``: name, project, storage, environment, labels.
    chosen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """The folder that it is saved in."""
        return self.path.parent if self.path else None

    @property
    def flow_line(self) -> FlowLine:
        """What its ``%flow`` lines say, the last of each."""
        name = project = None
        for cell in self.cells:
            line = flow_line(strip_marker(cell.source))
            if line:
                name, project = line.name or name, line.project or project
        return FlowLine(name, project)

    @property
    def flow_name(self) -> str | None:
        """The flow's name: as a ``%flow`` line says, else as the metadata choose, else the file's."""
        chosen = self.chosen.get("name")
        stem = self.path.stem if self.path else None
        return self.flow_line.name or (chosen if isinstance(chosen, str) and chosen.strip() else None) or stem

    @property
    def project(self) -> str | None:
        """The project that a ``%flow`` line names."""
        return self.flow_line.project

    def with_sources(self, sources: Mapping[int, str]) -> Notebook:
        """Return the notebook with other texts in some of its code cells, by index."""
        if not sources:
            return self
        cells = tuple(replace(c, source=sources.get(n, c.source)) for n, c in enumerate(self.cells))
        document = json.loads(self.text)
        code_cells = [c for c in document["cells"] if c["cell_type"] == "code"]
        for cell, data in zip(cells, code_cells, strict=True):
            data["source"] = cell.source
        return replace(self, cells=cells, text=_dump(document))


def read_notebook(source: Path | str) -> Notebook:
    """Read a notebook from a file, or from its JSON text (anything that starts with a brace).

    A file of jupytext's (``# %%`` in a ``.py``) is read as the notebook that it stands for.
    Raises `NotebookFileError`, in one sentence, for what is no Python notebook.
    """
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return _notebook(source, "the notebook", None, None)
    path = Path(source).absolute()
    try:
        text = path.read_text(encoding="utf-8-sig")
        saved_at = datetime.fromtimestamp(os.stat(path).st_mtime, UTC)  # noqa: PTH116 - one call either way
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotebookFileError(f"{path} can't be read ({reason}): give the path of a saved notebook.") from None
    except UnicodeDecodeError:
        raise NotebookFileError(f"{path} is not a notebook: it is no text.") from None
    if is_text(path):
        text = to_json(text, path)
    return _notebook(text, str(path), path, saved_at)


def from_sources(cells: Iterable[Cell]) -> Notebook:
    """Make the notebook that holds these code cells and nothing else."""
    numbered = tuple(replace(c, ordinal=n) for n, c in enumerate(cells, start=1))
    data: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": c.source, "outputs": [], "execution_count": None}
        | ({"id": c.id} if c.id else {})
        for c in numbered
    ]
    minor = 5 if all(c.id for c in numbered) else 4
    return Notebook(numbered, _dump({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": data}))


def _notebook(text: str, name: str, path: Path | None, saved_at: datetime | None) -> Notebook:
    document = _current(_parsed(text, name), text, name)
    _check_language(document["metadata"], name)
    _strip(document)
    cells: list[Cell] = []
    seen: set[str] = set()
    for data in document["cells"]:
        if data["cell_type"] == "code":
            cells.append(_cell(data, len(cells) + 1, seen))
    chosen = document["metadata"].get(KEY)
    return Notebook(tuple(cells), _dump(document), path, saved_at, chosen if isinstance(chosen, dict) else {})


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        detail = f"it is not JSON (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else str(error)
        raise NotebookFileError(f"{name} is not a notebook: {detail}.") from None
    except RecursionError:
        raise NotebookFileError(f"{name} is not a notebook: its JSON is nested too deeply.") from None
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        raise NotebookFileError(f"{name} is not a notebook: its JSON has no 'nbformat'.")
    return document


def _current(document: dict[str, Any], text: str, name: str) -> dict[str, Any]:
    """Return the document in format 4, checked as far as it is read here."""
    version = document["nbformat"]
    if version > 4:  # noqa: PLR2004 - the notebook format's major version
        raise NotebookFileError(f"{name} has notebook format {version}; this version reads up to 4: upgrade.")
    if version < 4:  # noqa: PLR2004 - as above
        document = _upgraded(text, name)
    document.setdefault("metadata", {})
    cells = document.get("cells")
    if not isinstance(document["metadata"], dict) or not isinstance(cells, list):
        raise NotebookFileError(f"{name} is not a notebook: it has no list of cells.")
    for number, cell in enumerate(cells, start=1):
        _check_cell(cell, f"{name} is not a sound notebook: its {number}. cell")
    return document


def _upgraded(text: str, name: str) -> dict[str, Any]:
    """Convert an old format; the ids that this invents are dropped, because they differ each time."""
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = json.loads(json.dumps(nbformat.reads(text, as_version=4)))
    except Exception as error:
        raise NotebookFileError(f"{name} can't be converted from its old notebook format: {error}.") from error
    for cell in document["cells"]:
        cell.pop("id", None)
    return dict(document, nbformat_minor=4)


def _check_cell(cell: Any, where: str) -> None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise NotebookFileError(f"{where} is none of code, markdown and raw.")
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or not isinstance(cell.setdefault("metadata", {}), dict):
        raise NotebookFileError(f"{where} has no source.")
    cell["source"] = source.replace("\r\n", "\n")


def _check_language(metadata: Mapping[str, Any], name: str) -> None:
    for key, field_ in (("kernelspec", "language"), ("language_info", "name")):
        info = metadata.get(key)
        language = info.get(field_) if isinstance(info, dict) else None
        if isinstance(language, str) and language and language.lower() not in _PYTHON:
            raise NotebookFileError(f"{name} is written in {language}: only Python notebooks become flows.")


def _strip(document: dict[str, Any]) -> None:
    """Remove what runs and front ends leave in a notebook; a bundle must not publish anybody's data."""
    for key in ("widgets", "signature", "papermill"):
        document["metadata"].pop(key, None)
    _forget_run(document["metadata"])
    for cell in document["cells"]:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k not in _TRACES}
        _forget_run(cell["metadata"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


def _forget_run(metadata: dict[str, Any]) -> None:
    """Remove what an executed notebook says of its run, so that it can be registered as the notebook it was."""
    own = metadata.get(KEY)
    if isinstance(own, dict) and "run" in own:
        kept = {k: v for k, v in own.items() if k != "run"}
        metadata.update({KEY: kept}) if kept else metadata.pop(KEY)


def _cell(data: Mapping[str, Any], ordinal: int, seen: set[str]) -> Cell:
    tags = data["metadata"].get("tags")
    own = data["metadata"].get(KEY)
    id_ = data.get("id")
    # The second cell of one id is a copy that no front end has told apart yet.
    known = isinstance(id_, str) and id_ not in seen
    if isinstance(id_, str):
        seen.add(id_)
    return Cell(
        source=data["source"],
        ordinal=ordinal,
        id=id_ if known else None,
        tags=frozenset(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else frozenset(),
        metadata=own if isinstance(own, dict) else {},
    )


def _dump(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    # JSON can name half characters that no file can hold.
    return text.encode("utf-8", "replace").decode()
