"""Links in a notebook to files beside it."""

from __future__ import annotations

import html
import os
from pathlib import Path
from urllib.parse import quote

from jupyter_flows.magics.line import short_path
from jupyter_flows.magics.saying import say


def show_link(path: Path, folder: Path, *, in_kernel: bool) -> None:
    """Show a file of the notebook's folder as a link that opens it there; elsewhere print where it is."""
    if not in_kernel:
        say(str(path))
        return
    from IPython.display import display

    relative = Path(os.path.relpath(path, folder)).as_posix()
    link = f'<a href="{html.escape(quote(relative))}">{html.escape(short_path(path))}</a>'
    display({"text/html": link, "text/plain": str(path)}, raw=True)
