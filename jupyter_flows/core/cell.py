"""A code cell of a notebook, as every room passes it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The hidden state that a cell may use which nobody can follow: all there is.
EVERYTHING = "<everything>"


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell: its text as the author wrote it, and its place in the notebook."""

    #: The text, marker lines (``%%task``, ``#| task:``) included.
    source: str
    #: Position among the notebook's code cells, counted from 1; what people are shown.
    ordinal: int
    #: The notebook format's cell id, absent in nbformat 4.4 and older.
    id: str | None = None
    #: Cell tags, in no order.
    tags: frozenset[str] = frozenset()
    #: The cell's metadata under ``jupyter_flows``.
    metadata: Mapping[str, Any] = field(default_factory=dict)
