"""Going through syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Give a node and all below it, in no particular order: faster than `ast.walk`.

    Below a node is what its fields hold. Other attributes are not looked at: who formats tracebacks hangs parents to
    nodes, and some nodes, such as contexts, are shared by all trees.
    """
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                stack.append(value)
            elif value.__class__ is list:
                stack += [item for item in value if isinstance(item, ast.AST)]
