"""A notebook's findings, what keeps it from being a flow at all among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.cli.captured import read
from jupyter_flows.errors import CaptureError, DefinitionError, NotebookFileError

if TYPE_CHECKING:
    from jupyter_flows.capture.checks import Finding


def findings_of(path: Path) -> tuple[Finding, ...]:
    """Check a notebook; a mistake that stops the reading is the one finding then, coded by its error's name.

    A file that is no notebook raises `NotebookFileError`: there is nothing to check.
    """
    from jupyter_flows.capture.checks import Finding

    try:
        return tuple(read(path).captured.findings)
    except NotebookFileError:
        raise
    except (CaptureError, DefinitionError) as error:
        cell, line = getattr(error, "ordinal", None), getattr(error, "line", None)
        return (Finding(type(error).__name__, "error", cell, line, str(error).rstrip(".")),)
