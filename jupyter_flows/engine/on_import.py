"""Hear of an import that is about to happen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class OnImport(MetaPathFinder):
    """Calls a function when one of some modules is about to be imported, once; finds nothing itself."""

    def __init__(self, names: frozenset[str], call: Callable[[], None]):
        self._names, self._call = names, call

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        """Notice the import."""
        if fullname in self._names:
            sys.meta_path.remove(self)
            self._call()
        return None
