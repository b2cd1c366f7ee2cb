"""The parameters that a cell declares: names, types and defaults."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_flows.capture import source
from jupyter_flows.core.parameter import ParameterSpec

_TYPES = frozenset({"int", "float", "str", "bool", "list", "dict"})


def declared(code: str, *, ordinal: int = 1) -> tuple[ParameterSpec, ...]:
    r"""Return the parameters that a cell's assignments declare, in their order.

    The type is the annotation's, else the default's. A name annotated without a value must be given;
    a default that has to be computed is the cell's own business, and its type any.

    >>> [(p.name, p.type, p.default) for p in declared("region = 'EU'\nlimit: float = 3")]
    [('region', 'str', 'EU'), ('limit', 'float', 3.0)]
    """
    specs: dict[str, ParameterSpec] = {}
    for node in source.parse(code, ordinal=ordinal).body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    specs[target.id] = _spec(target.id, node.value, None)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            specs[node.target.id] = _spec(node.target.id, node.value, node.annotation)
    return tuple(specs.values())


def _spec(name: str, value: ast.expr | None, annotation: ast.expr | None) -> ParameterSpec:
    stated = _type_name(annotation)
    if value is None:
        return ParameterSpec(name, stated or "any", None, required=True)
    try:
        default: Any = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ParameterSpec(name, stated or "any", None, computed=True)
    inferred = ParameterSpec.infer(name, default)
    if stated == "float" and inferred.type == "int":
        return ParameterSpec(name, "float", float(default))
    if stated is None or (default is not None and stated != inferred.type):
        return inferred if stated is None else ParameterSpec(name, "any", default)
    return ParameterSpec(name, stated, default)


def _type_name(annotation: ast.expr | None) -> str | None:
    """Return the type that an annotation names, ``| None`` and item types aside; None without one, else "any"."""
    if annotation is None:
        return None
    node = annotation
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if node.value in _TYPES else "any"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [s for s in (node.left, node.right) if not (isinstance(s, ast.Constant) and s.value is None)]
        return _type_name(sides[0]) if len(sides) == 1 else "any"
    if isinstance(node, ast.Subscript):
        optional = isinstance(node.value, ast.Name) and node.value.id == "Optional"
        return _type_name(node.slice if optional else node.value)
    return node.id if isinstance(node, ast.Name) and node.id in _TYPES else "any"
