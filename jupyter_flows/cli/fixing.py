"""Put right in a notebook's file what can be put right safely."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.errors import CaptureError, CheckError, DefinitionError

if TYPE_CHECKING:
    from jupyter_flows.capture.fixing.draft import Changes


def fix_file(path: Path) -> Changes:
    """Fix a notebook file; one in which there is nothing to fix is not written."""
    from jupyter_flows.capture.fixing.draft import Draft
    from jupyter_flows.capture.fixing.installs import fix_installs
    from jupyter_flows.capture.fixing.order import fix_order
    from jupyter_flows.capture.fixing.paths import fix_paths
    from jupyter_flows.capture.fixing.stars import fix_stars
    from jupyter_flows.capture.notebook import read_notebook

    if path.suffix != ".ipynb":
        raise CheckError(f"--fix changes .ipynb files, and {path} is none: fix it by hand, or convert it.")
    read_notebook(path)  # Says in one sentence what is no notebook.
    draft = Draft(path.read_bytes().decode("utf-8-sig"))
    try:
        fix_stars(draft)
        fix_paths(draft, path.absolute().parent)
        fix_installs(draft)
        fix_order(draft)
    except (CaptureError, DefinitionError) as error:
        draft.changes.left.append(str(error))
    if draft.changes.fixed:
        replace_file(path, draft.text)
    return draft.changes


def replace_file(path: Path, text: str) -> None:
    """Write a file in one step, so that no reader ever sees half of it."""
    target = path.resolve()
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
