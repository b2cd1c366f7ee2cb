"""Magics that a kernel has and IPython alone has not: what they show in a notebook, without a front end to serve."""

from __future__ import annotations

import sys
from pathlib import Path

from IPython.core import page
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import Javascript, display

_NO_KERNEL = "A run is no kernel: there is nothing to connect to, and nobody to edit."


@magics_class
class KernelMagics(Magics):
    """Show what a kernel's magics of these names show."""

    @line_magic
    def autosave(self, line: str) -> None:
        """Say how often the page saves the notebook; a run has no page."""
        try:
            seconds = int(line)
        except ValueError:
            raise UsageError(f"%autosave requires an integer, got {line!r}") from None
        script = f"IPython.notebook.set_autosave_interval({1000 * seconds})"
        display(Javascript(script), include=["application/javascript"])
        sys.stdout.write(f"Autosaving every {seconds} seconds\n" if seconds else "Autosave disabled\n")

    @line_magic
    def less(self, line: str) -> None:
        """Read a file for the pager."""
        _show(line)

    @line_magic
    def more(self, line: str) -> None:
        """Read a file for the pager."""
        _show(line)

    @line_magic
    def man(self, line: str) -> None:
        """Read a manual for the pager, which leaves nothing in a notebook."""

    @line_magic
    def clear(self, line: str) -> None:  # noqa: ARG002 - IPython's signature
        """Clear the terminal, as a kernel does too."""
        self.shell.system("clear")  # type: ignore[union-attr] # a magic has a shell

    @line_magic
    def connect_info(self, line: str) -> None:  # noqa: ARG002 - IPython's signature
        """Refuse: nothing can connect to a run."""
        raise UsageError(_NO_KERNEL)

    @line_magic
    def qtconsole(self, line: str) -> None:  # noqa: ARG002 - as above
        """Refuse: nothing can connect to a run."""
        raise UsageError(_NO_KERNEL)

    @line_magic
    def subshell(self, line: str) -> None:  # noqa: ARG002 - as above
        """Refuse: a run has one shell."""
        raise UsageError(_NO_KERNEL)

    @line_magic
    def edit(self, line: str) -> None:  # noqa: ARG002 - as above
        """Refuse: a run has nobody who edits."""
        raise UsageError(_NO_KERNEL)

    @line_magic
    def ed(self, line: str) -> None:  # noqa: ARG002 - as above
        """Refuse: a run has nobody who edits."""
        raise UsageError(_NO_KERNEL)


def _show(name: str) -> None:
    if not name:
        raise UsageError("Missing filename.")
    page.page(Path(name).read_text())
