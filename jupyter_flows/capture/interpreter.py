"""The whole interpreter: a notebook, cell by cell."""

from __future__ import annotations

import ast

from jupyter_flows.capture.heap import Refused
from jupyter_flows.capture.overview import Overview


class Interpreter(Overview):
    """Run a notebook cell by cell; each as precisely as its cost allows."""

    def run_cell(self, index: int, tree: ast.Module, *, parameters: bool = False, may_fail: bool = False) -> None:
        """Run one cell."""
        self.reset_cell(index)
        self.weak = 1 if may_fail else 0
        before, stamps = dict(self.module.vars), dict(self.stamps)
        try:
            self.follow(tree)
        except (Refused, RecursionError):
            self.start_over()
            self.stamps = stamps
            self.overview(tree, before)
        self.weak = 0
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            self.resources.use("<display history>")
        if parameters:
            self._loosen()
        for name, writers in self.before.items():
            if self.stamps.get(name) != index:
                self.ledger.need(writers)

    def follow(self, tree: ast.Module) -> None:
        """Run a cell's statements one by one; raise `Refused` when that costs too much."""
        self.block(tree.body)

    def _loosen(self) -> None:
        """Let parameters have any value that JSON can give them."""
        for name in sorted(self.writes):
            made = self.heap.make(("parameter", self.cell, name), "json")
            if name in self.module.vars:
                self.module.vars[name] |= {made.id}
