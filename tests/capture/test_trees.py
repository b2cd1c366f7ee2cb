"""Going through syntax trees."""

from __future__ import annotations

import ast
from itertools import islice

from jupyter_flows.capture.trees import walk


def test_every_node_is_met_once():
    """The nodes are those of `ast.walk`, in whatever order."""
    tree = ast.parse("def f(a, *b: int, c=[1]):\n    return {a: (yield b)}\nx = f'{f(1)!r:>{2}}'")
    assert sorted(map(ast.dump, walk(tree))) == sorted(map(ast.dump, ast.walk(tree)))


def test_what_others_hang_to_nodes_is_not_followed():
    """Libraries that format tracebacks note each node's parent in it; contexts are shared by all trees."""
    tree = ast.parse("x = y")
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    try:
        other = ast.parse("z")
        assert len(list(islice(walk(other), 100))) == len(list(ast.walk(other)))
    finally:
        for node in ast.walk(tree):
            node.__dict__.pop("parent", None)
