"""Whether a notebook's own kernel is another Python than the one that runs the command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_flows.capture.notebook import Notebook

#: What every environment calls its own kernel.
_OWN = ("python3", "python")


def other_python(notebook: Notebook) -> str | None:
    """Return one line that a person should know before registering with this Python, or None.

    Runs use the Python that registers, and requirements are pinned to what is installed there.
    """
    name = json.loads(notebook.text)["metadata"].get("kernelspec", {}).get("name")
    if not name or name in _OWN:
        return None
    python = _python_of(name)
    if python is None or _same(python, sys.executable):
        return None
    return (
        f"The notebook's kernel {name!r} is {python}, but this command runs in {sys.executable}, and so will its runs: "
        f"to use the kernel's, register with {python} -m jupyter_flows register."
    )


def _python_of(name: str) -> str | None:
    """Return the interpreter that a kernel of this machine starts, if there is such a kernel and it names one."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        argv = KernelSpecManager().get_kernel_spec(name).argv
    except (NoSuchKernel, ValueError, OSError):
        return None
    return argv[0] if argv and Path(argv[0]).is_absolute() else None


def _same(one: str, other: str) -> bool:
    """Compare interpreters by the folder they are in: a virtual environment's is a link to its base's."""
    return os.path.realpath(Path(one).parent) == os.path.realpath(Path(other).parent)
