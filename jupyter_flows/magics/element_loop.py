"""Let a mapped cell run in the kernel once for each element, as it does in a flow.

The marker's line becomes a text, `signed` with the name, which the tree of the cell then begins with: so line numbers
stay, ``await`` works, and a kernel that lost the transformer runs the cell once.
"""

from __future__ import annotations

import ast

from jupyter_flows.capture.mapped_cells import written_names
from jupyter_flows.engine.elements import INDEX, LOOP

_HOME = "jupyter_flows.engine.elements"
_SIGN = "jupyter_flows: a run of this cell for each element of "


def signed(over: str) -> str:
    """Return the line that stands where the marker stood."""
    return repr(_SIGN + over)


class ElementLoop:
    """A transformer of IPython's syntax trees; other cells it leaves as they are."""

    def visit(self, tree: ast.AST) -> ast.AST:
        """Return the cell's tree, as a loop if it is signed."""
        first = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
        if not isinstance(tree, ast.Module) or not isinstance(first, ast.Expr):
            return tree
        text = first.value.value if isinstance(first.value, ast.Constant) else None
        if isinstance(text, str) and text.startswith(_SIGN):
            return _loop(tree, text.removeprefix(_SIGN))
        return tree


def _loop(tree: ast.Module, over: str) -> ast.Module:
    """Return the loop that a mapped cell is; the value of its last line is shown in each run."""
    sign, *body = tree.body
    written = written_names(ast.Module(body=body, type_ignores=[]))
    loop = ast.parse(
        f"{LOOP} = __import__({_HOME!r}, fromlist=['_']).KernelLoop(globals(), {over!r}, {written})\n"
        f"try:\n for {INDEX} in {LOOP}: pass\nfinally:\n {LOOP}.end()"
    )
    for node in ast.walk(loop):
        ast.copy_location(node, sign)
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = _shown(body[-1])
    attempt = loop.body[1]
    if isinstance(attempt, ast.Try) and isinstance(attempt.body[0], ast.For):
        attempt.body[0].body = body or attempt.body[0].body
    return loop


def _shown(last: ast.Expr) -> ast.Expr:
    call = ast.parse("__import__('sys').displayhook(None)", mode="eval").body
    if isinstance(call, ast.Call):
        for node in ast.walk(call):
            ast.copy_location(node, last)
        call.args = [last.value]
    return ast.copy_location(ast.Expr(value=call), last)
