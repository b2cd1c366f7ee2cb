"""Matplotlib's figures, shown inline at the end of their cell as a kernel does."""

from __future__ import annotations

import os
from importlib.util import find_spec

#: The backend that draws into the notebook.
INLINE = "module://matplotlib_inline.backend_inline"


def choose_inline() -> None:
    """Let matplotlib draw inline, unless another backend is chosen or this one is not installed."""
    if not os.environ.get("MPLBACKEND") and find_spec("matplotlib_inline"):
        os.environ["MPLBACKEND"] = INLINE
