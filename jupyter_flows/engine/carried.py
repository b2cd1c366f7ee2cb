"""Context variables that one cell sets and the next one sees."""

from __future__ import annotations

from contextvars import Context

_ABSENT = object()


def carry_over(context: Context) -> None:
    """Set here what was set in a copy of this context.

    Cells run as tasks of a loop, each in a copy; a kernel runs those that don't await in one context, in
    which NumPy's print options and decimal's precision last from cell to cell.
    """
    for variable, value in context.items():
        if variable.get(_ABSENT) is not value:
            variable.set(value)
