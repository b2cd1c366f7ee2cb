"""The notebook's module: the one namespace that all cells of a run share."""

from __future__ import annotations

import builtins
import getpass
import linecache
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn


class StdinNotImplementedError(NotImplementedError):
    """``input()`` in a run; of the name and text that kernels use where nobody can answer."""


class Namespace:
    """A module named ``__main__``, as a kernel has it."""

    def __init__(self) -> None:
        self.module = ModuleType("__main__", "Automatically created module for IPython interactive environment")
        self.module.__dict__.update(__builtin__=builtins, __builtins__=builtins)

    @property
    def names(self) -> dict[str, Any]:
        """What the cells have defined."""
        return self.module.__dict__

    def install(self) -> None:
        """Make it this process's ``__main__``, for pickles, processes and type names."""
        sys.modules["__main__"] = self.module
        vars(builtins)["input"] = vars(getpass)["getpass"] = _no_input

    def inject(self, values: Mapping[str, Any]) -> None:
        """Set the run's parameters."""
        self.names.update(values)


def cell_file(ordinal: int) -> str:
    """Return the file name of a cell's code, as tracebacks show it."""
    return f"Cell In[{ordinal}]"


def remember_source(ordinal: int, source: str) -> str:
    """Let tracebacks and `inspect` find a cell's lines; return the code's file name."""
    name = cell_file(ordinal)
    lines = [line + "\n" for line in source.splitlines()]
    linecache.cache[name] = (len(source), None, lines, name)
    return name


def _no_input(prompt: str = "", *_: Any, **__: Any) -> NoReturn:
    raise StdinNotImplementedError(f"A run can't ask anybody ({prompt!r}): make this value a parameter of the flow.")
