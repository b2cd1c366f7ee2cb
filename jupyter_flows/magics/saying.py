"""What magics tell people."""

from __future__ import annotations


def say(text: str) -> None:
    """Print a text under the cell."""
    print(text)  # noqa: T201 - this is where magics speak
