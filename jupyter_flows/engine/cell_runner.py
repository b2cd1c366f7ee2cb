"""Choose how cells run: as plain Python, or in a shell from the first cell that needs one."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.cells import PlainCells, Publish
from jupyter_flows.engine.context import on_worker
from jupyter_flows.engine.elements import Elements
from jupyter_flows.engine.figures import choose_inline
from jupyter_flows.engine.namespace import Namespace
from jupyter_flows.engine.on_import import OnImport
from jupyter_flows.engine.values import all_fit
from jupyter_flows.engine.warned import SUPPORTED, Warned

#: Who imports one of these shows things by a shell, whatever else its cell says.
SHOWN_BY_SHELL = frozenset({"IPython", "matplotlib.pyplot"})


class CellRunner:
    """Runs cells in one namespace, on the thread that calls: the main one, or a worker."""

    def __init__(self, namespace: Namespace, publish: Publish, *, shell: bool, parameters: Mapping[str, Any]):
        self._namespace, self._publish, self._parameters = namespace, publish, parameters
        self._plain = PlainCells(namespace, publish)
        self._shell: Any = None
        self.warned = Warned(namespace.names)
        choose_inline()
        if shell:
            self._open_shell()
        elif find_spec("IPython"):
            sys.meta_path.insert(0, OnImport(SHOWN_BY_SHELL, self._open_shell))

    def __call__(self, task: CellTask) -> None:
        """Run a cell and publish what it shows; publish and raise its error."""
        with self.warned.cell():
            self._run(task)
        if task.parameters:
            self._namespace.inject(self._parameters)

    def elements(self, task: CellTask) -> Elements:
        """Return the elements that a mapped cell runs for; raise what its kernel would for a value that has none."""
        return Elements(self._namespace.names, task.options.map or "", task.gathers)

    def _run(self, task: CellTask) -> None:
        if on_worker.get():
            run = self._shell.beside if self._shell is not None else self._plain
            run(task)
        elif self._shell is not None:
            self._shell(task)
        else:
            self._plain(task)
            if self._shell is not None:
                # The cell itself made the shell necessary: its figures are shown at its end.
                self._shell.end_cell()

    def divert(self, name: str, text: str) -> bool:
        """Take text that belongs into a widget; tell whether it does."""
        return self._shell is not None and bool(self._shell.divert(name, text))

    def may_leave(self, task: CellTask) -> bool:
        """Tell whether a portable cell may run on a worker thread, by the values that it reads and replaces."""
        try:
            fit = SUPPORTED and self._is_fit(task)
        except Exception:  # noqa: BLE001 - what the running cells are importing or changing may be looked at in vain
            return False
        if fit:
            self.warned.install()
        return fit

    def _is_fit(self, task: CellTask) -> bool:
        names = self._namespace.names
        if any(name not in names and not hasattr(builtins, name) for name in task.reads):
            return False  # It will fail, or the name is a magic's.
        if self._shell is not None and not self._shell.is_usual():
            return False
        return all_fit([names[name] for name in task.reads | task.writes if name in names], main=names)

    def _open_shell(self) -> None:
        from jupyter_flows.engine.shell import ShellCells

        self._shell = ShellCells(self._namespace, self._publish)
