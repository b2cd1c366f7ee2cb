"""Which cells are definitions: replayed wherever they are needed, as running them has no effect but their names."""

from __future__ import annotations

import ast

from jupyter_flows.capture.trees import walk

#: Decorators that do nothing when applied but describe.
_PURE = frozenset(
    [
        "staticmethod",
        "classmethod",
        "property",
        "dataclass",
        "dataclasses.dataclass",
        "abstractmethod",
        "abc.abstractmethod",
        "functools.wraps",
        "wraps",
        "total_ordering",
        "functools.total_ordering",
        "overload",
        "typing.overload",
        "final",
        "typing.final",
        "contextmanager",
        "contextlib.contextmanager",
        "cached_property",
        "functools.cached_property",
        "override",
        "typing.override",
    ]
)
_LITERALS = (ast.Constant, ast.UnaryOp, ast.UAdd, ast.USub, ast.Tuple, ast.Load, ast.BinOp, ast.operator)


def evaluated_names(tree: ast.Module) -> frozenset[str] | None:
    """Return the names that a definition cell looks up when it runs, None if the cell is no definition cell."""
    names: set[str] = set()
    bound: set[str] = set()
    for node in tree.body:
        looked_up: set[str] = set()
        if not _defines(node, looked_up):
            return None
        names |= looked_up - bound
        bound |= _bound(node)
    return frozenset(names) if tree.body else None


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that one statement of a definition cell binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _defines(node: ast.stmt, names: set[str]) -> bool:
    if isinstance(node, (ast.Import, ast.Pass)):
        return True
    if isinstance(node, ast.ImportFrom):
        return all(alias.name != "*" for alias in node.names)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.Assign):
        return all(isinstance(t, ast.Name) for t in node.targets) and _literal(node.value)
    if isinstance(node, ast.AnnAssign):
        named = isinstance(node.target, ast.Name) and _describes(node.annotation, names)
        return named and (node.value is None or _literal(node.value))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _function(node, names)
    if isinstance(node, ast.ClassDef):
        return _class(node, names)
    return False


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    notes = [a.annotation for a in walk(node.args) if isinstance(a, ast.arg) and a.annotation is not None]
    notes += [node.returns] if node.returns is not None else []
    return (
        all(_decorator(d, names) for d in node.decorator_list)
        and all(_literal(d) for d in defaults)
        and all(_describes(note, names) for note in notes)
    )


def _class(node: ast.ClassDef, names: set[str]) -> bool:
    if node.keywords or not all(_describes(base, names) for base in node.bases):
        return False
    inner: set[str] = set()
    fine = all(_decorator(d, names) for d in node.decorator_list) and all(_defines(n, inner) for n in node.body)
    own = {n.name for n in node.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    names |= inner - own
    return fine and "__init_subclass__" not in own and "__del__" not in own


def _decorator(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in ("setter", "deleter", "getter"):
        return isinstance(node.value, ast.Name)
    if isinstance(node, ast.Call):
        if not all(_literal(a) for a in node.args) or not all(_literal(k.value) for k in node.keywords):
            return False
        node = node.func
    return ast.unparse(node) in _PURE and _describes(node, names)


def _describes(node: ast.expr, names: set[str]) -> bool:
    """Accept names, attributes, subscripts and unions: what bases and annotations are made of."""
    allowed = (
        ast.Name,
        ast.Attribute,
        ast.Subscript,
        ast.Tuple,
        ast.List,
        ast.Constant,
        ast.BinOp,
        ast.BitOr,
        ast.Load,
    )
    parts = list(walk(node))
    names.update(part.id for part in parts if isinstance(part, ast.Name))
    return all(isinstance(part, allowed) for part in parts)


def _literal(node: ast.expr) -> bool:
    return all(isinstance(part, _LITERALS) for part in walk(node))
