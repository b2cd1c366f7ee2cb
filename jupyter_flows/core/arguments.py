"""The arguments of plain functions, read from their code: a signature costs thirty times as much."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def plain_arguments(fn: Any) -> tuple[str, ...] | None:
    """Return a function's argument names if it takes each by position or name alike; None for all others.

    A function with attributes is not plain: ``__wrapped__`` and ``__signature__`` say that it takes something else.

    >>> plain_arguments(lambda x, y=1: x), plain_arguments(lambda *xs: xs), plain_arguments(print)
    (('x', 'y'), None, None)
    """
    if type(fn) is not FunctionType or fn.__dict__:
        return None
    code = fn.__code__
    if code.co_flags & _VARIADIC or code.co_kwonlyargcount or code.co_posonlyargcount:
        return None
    return code.co_varnames[: code.co_argcount]
