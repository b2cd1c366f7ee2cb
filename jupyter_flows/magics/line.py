"""What every line magic does: read its options, answer ``--help``, and turn mistakes into one line."""

from __future__ import annotations

import functools
import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from IPython.core.magic import no_var_expand

from jupyter_flows.errors import FlowsError
from jupyter_flows.magics.mistake import HelpShown, Mistake
from jupyter_flows.magics.parsers import parser_of
from jupyter_flows.magics.words import split

_Self = TypeVar("_Self")
Method = Callable[[_Self, Namespace], None]


def line_magic_of(name: str) -> Callable[[Method[_Self]], Callable[[_Self, str], None]]:
    """Make a method that takes parsed options the line magic `name`; a `FlowsError` becomes a `Mistake`."""

    def decorate(method: Method[_Self]) -> Callable[[_Self, str], None]:
        @no_var_expand
        @functools.wraps(method)
        def run(self: _Self, line: str = "") -> None:
            try:
                method(self, parser_of(name).parse_args(split(line)))
            except HelpShown:
                return
            except FlowsError as error:
                raise Mistake(str(error)) from None

        run.magic_name = name  # type: ignore[attr-defined]
        return run

    return decorate


def magics_in(holder: Any) -> dict[str, Callable[[str], None]]:
    """Return the line magics that an object's methods are, by name."""
    found = (getattr(holder, name) for name in dir(type(holder)) if not name.startswith("__"))
    return {method.magic_name: method for method in found if hasattr(method, "magic_name")}


def short_path(path: str | os.PathLike[str]) -> str:
    """Write a path as short as it stays clear: from the current folder, else from the home folder."""
    given = Path(path)
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~")):
        if given.is_relative_to(base) and given != base:
            return os.path.join(sign, given.relative_to(base))  # noqa: PTH118 - "~" is no folder
    return str(given)
