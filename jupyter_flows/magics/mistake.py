"""How a mistake is shown: its sentence, never a traceback."""

from __future__ import annotations

from IPython.core.error import UsageError


class Mistake(UsageError):
    """Stop the cell, and a Run All with it, and show only the message.

    IPython prints its own `UsageError` to standard error; this one also becomes the cell's error
    output, so that a saved notebook and nbclient show why the run stopped.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class HelpShown(Exception):
    """``--help`` was asked for and has been printed."""
