"""What a call passes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from jupyter_flows.capture.heap import NOTHING, Value


@dataclass(slots=True)
class Args:
    """The values that a call passes."""

    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    #: What ``*`` and ``**``, or callers that are not known, may pass for any parameter.
    rest: Value | None = None
    node: ast.Call | None = None
    #: Whether the notebook's own names are passed, as ``globals=globals()``.
    namespace: bool = False

    def all(self) -> Value:
        """Return everything passed."""
        return NOTHING.union(*self.positional, *self.keywords.values(), self.rest or NOTHING)

    def constant(self, index: int, keyword: str = "") -> object:
        """Return the literal passed for a parameter, None if there is none."""
        if self.node is None:
            return None
        for word in self.node.keywords:
            if word.arg == keyword and keyword:
                return word.value.value if isinstance(word.value, ast.Constant) else None
        if 0 <= index < len(self.node.args):
            node = self.node.args[index]
            return node.value if isinstance(node, ast.Constant) else None
        return None

    def bound_to(self, this: Value) -> Args:
        """Return the arguments with the instance before them."""
        return replace(self, positional=[this, *self.positional], node=None)

    def shifted(self) -> Args:
        """Return the arguments without the first one."""
        node = self.node
        if node is not None and node.args:
            node = ast.Call(func=node.func, args=node.args[1:], keywords=node.keywords)
        return replace(self, positional=self.positional[1:], node=node)
