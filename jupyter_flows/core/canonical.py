"""What code means, as one text: the same on every Python, whatever the formatting.

`ast.dump` and `ast.unparse` differ between Python versions, f-strings most of all, so versions of flows
rest on a dump of our own. It imports the standard library alone, so that any interpreter can run it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import warnings
from collections.abc import Iterator

#: Fields that the meaning does not depend on.
_DROPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def parse(source: str, *, filename: str = "<cell>") -> ast.Module:
    """Parse Python without warnings; whatever can't be parsed, too deep nesting too, is a `SyntaxError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, filename)
    except (RecursionError, MemoryError):
        raise SyntaxError("the code is nested too deeply for Python's parser") from None
    except ValueError as error:
        raise SyntaxError(str(error)) from None


def canonical(source: str | ast.AST) -> str:
    r"""Return the canonical text of code; raise `SyntaxError` when it is none.

    >>> print(canonical("x  =  'a'  # comment"))
    (Module (body [(Assign (targets [(Name (id 'x'))]) (value (Constant (value "a"))))]))
    """
    node = parse(source) if isinstance(source, str) else source
    return "".join(_pieces(node))


def digest(text: str) -> str:
    """Return the sha256 of a text, as hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _pieces(root: ast.AST) -> Iterator[str]:
    """Yield the text in pieces; a stack instead of recursion lets code be as deep as the parser allows."""
    # What is still to be written, last first; a wrapped string is written as it is.
    stack: list[object] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, _Written):
            yield item.text
        elif isinstance(item, ast.Constant):
            yield f"(Constant (value {_literal(item.value)}))"
        elif isinstance(item, ast.AST):
            yield "(" + type(item).__name__
            stack.append(_CLOSE)
            for name, value in reversed(_fields(item)):
                stack += [_CLOSE, value, _Written(f" ({name} ")]
        elif isinstance(item, list):
            yield "["
            stack.append(_CLOSE_LIST)
            stack += reversed(item)
        else:
            yield _plain(item)


class _Written:
    __slots__ = ("text",)

    def __init__(self, text: str):
        self.text = text


_CLOSE = _Written(")")
_CLOSE_LIST = _Written("]")


def _fields(node: ast.AST) -> list[tuple[str, object]]:
    """Return a node's fields by name; empty ones are left out, because later Pythons add fields."""
    fields = [(name, _field(node, name)) for name in sorted(node._fields) if name not in _DROPPED]
    return [(name, value) for name, value in fields if value is not None and value != []]


def _field(node: ast.AST, name: str) -> object:
    value = getattr(node, name, None)
    if isinstance(node, ast.JoinedStr) and name == "values":
        return _merged(value or [])
    if name == "format_spec" and isinstance(value, ast.JoinedStr) and not _merged(value.values):
        return None
    return value


def _merged(values: list[ast.expr]) -> list[ast.expr]:
    """Join neighbouring texts of an f-string; Pythons split them differently."""
    merged: list[ast.expr] = []
    for value in values:
        if isinstance(value, ast.Constant) and value.value == "":
            continue
        last = merged[-1] if merged else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(str(last.value) + str(value.value))
        else:
            merged.append(value)
    return merged


def _plain(value: object) -> str:
    """Write what a field holds that is no node: names, flags, and the gaps in lists (``{**a}``)."""
    if value is None:
        return "~"
    return f"'{value}'" if isinstance(value, str) else _literal(value)


def _literal(value: object) -> str:
    """Write a literal; integers in hex, because Python refuses to write long ones in decimal."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, complex):
        return f"{value.real!r}+{value.imag!r}j"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bytes):
        return f"b{value.hex()}"
    return "..." if value is Ellipsis else repr(value)
