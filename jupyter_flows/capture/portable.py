"""Which cells are portable: all that they do is known, so that they may run beside others, on another thread."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_flows.capture.heap import Value
from jupyter_flows.capture.interpreter import Interpreter
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import FILES, HISTORY, SETTINGS
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.capture.trees import walk

#: Arguments by which known code starts threads or processes, or writes past Python.
_ELSEWHERE = frozenset({"n_jobs", "verbose", "workers", "n_threads", "num_threads"})
#: Code that needs the thread that cells have in a kernel, or runs elsewhere than where it stands.
_AT_HOME = (
    ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom, ast.Yield, ast.YieldFrom,
)  # fmt: skip
_NAMES = frozenset(
    {"get_ipython", "input", "breakpoint", "exit", "quit", "exec", "eval", "globals", "locals", "vars", "__import__"}
)


class Noting(Interpreter):
    """An interpreter that notes the cells in which it met code that is not known."""

    def __init__(self, rules: Rules = ALL_RULES) -> None:
        self.unsettled: set[int] = set()
        super().__init__(rules)

    def havoc(self, value: Value, node: object) -> Value:
        """Hand a value to code that is not known; return what may come back."""
        self.unsettled.add(self.cell)
        return super().havoc(value, node)

    def arguments(self, node: ast.Call) -> Args:
        """Evaluate a call's arguments."""
        if any(word.arg in _ELSEWHERE for word in node.keywords):
            self.unsettled.add(self.cell)
        return super().arguments(node)


def portable_cells(machine: Noting, trees: Sequence[ast.Module], imports: Sequence[object]) -> frozenset[int]:
    """Return the cells that call nothing unknown, use no hidden state and import nothing.

    `imports` are each cell's, those of the functions that it calls among them. What is known so is what code does;
    whether the values that it is given are of types that may be used on another thread is seen in the run.
    """
    kept = machine.unsettled | machine.involved | machine.barriers.keys() | _with_hidden_state(machine)
    return frozenset(n for n, tree in enumerate(trees) if n not in kept and not imports[n] and not _belongs_home(tree))


def _with_hidden_state(machine: Noting) -> set[int]:
    return {cell for name, log in machine.resources.log.items() for cell, mode, _ in log if not _harmless(name, mode)}


def _harmless(name: str, mode: str) -> bool:
    """Tell what any number of cells may do at once: read a file or a setting, end in a value that is shown."""
    if name == HISTORY:
        return mode != "read"
    return mode == "read" and (name == FILES or name.startswith("<file:") or name in SETTINGS)


def _belongs_home(tree: ast.Module) -> bool:
    return any(isinstance(node, _AT_HOME) or (isinstance(node, ast.Name) and node.id in _NAMES) for node in walk(tree))
