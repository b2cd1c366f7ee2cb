"""Find the file that the notebook in front of this kernel is saved in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Set by VS Code in the user's namespace.
VS_CODE = "__vsc_ipynb_file__"
#: Set by Jupyter Server in a kernel's environment; it stays as it was when the notebook is renamed.
JUPYTER = "JPY_SESSION_NAME"


def notebook_file(
    namespace: Mapping[str, Any],
    *,
    folder: Path,
    given: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Path | None:
    """Return the saved notebook: the one given, else what VS Code or Jupyter Server says, else None.

    `folder` is where the kernel started: notebooks live there, even after ``os.chdir``.
    """
    if given:
        return (folder / Path(given).expanduser()).absolute()
    told = namespace.get(VS_CODE)
    if isinstance(told, str) and Path(told).is_file():
        return Path(told)
    named = environ.get(JUPYTER, "")
    for path in (Path(named), folder / Path(named).name):
        if path.is_absolute() and path.is_file() and (path.suffix == ".ipynb" or _holds_cells(path)):
            return path
    return None


def _holds_cells(path: Path) -> bool:
    """Tell a text notebook from a script whose console this is."""
    from jupyter_flows.capture.text_notebook import has_cells, is_text

    try:
        return is_text(path) and has_cells(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError):
        return False
