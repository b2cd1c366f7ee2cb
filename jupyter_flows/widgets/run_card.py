"""The run card: one display for a run, the same facts in a terminal and under a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from jupyter_flows.widgets.card_html import card_html
from jupyter_flows.widgets.card_text import card_text
from jupyter_flows.widgets.progress import RunProgress, tasks_of


class RunView(RunProgress):
    """A run as people see it: fold its events, then draw it as text or as HTML without scripts."""

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        *,
        run_id: int | None = None,
        project: str | None = None,
        version: int | None = None,
        **options: Any,
    ) -> Self:
        """Start the card of a run of the flow that a flow.json describes."""
        return cls(
            document["name"],
            run_id=run_id,
            project=project,
            version=version,
            tasks=tasks_of(document),
            **options,
        )

    def text(self, *, width: int = 80, colour: bool = False, log_lines: int = 6) -> str:
        """Return the card as lines of at most `width` characters."""
        return card_text(self, width=width, colour=colour, log_lines=log_lines)

    def html(self) -> str:
        """Return the card as static HTML: inline styles that fit light and dark themes, no script."""
        return card_html(self)

    def bundle(self) -> dict[str, str]:
        """Return the card as a notebook keeps it: HTML, and text for readers without."""
        return {"text/html": self.html(), "text/plain": self.text()}
