"""How many examples a property gets: as many as it asks for, a tenth on the interpreters that repeat the suite."""

from __future__ import annotations

import os


def examples(number: int) -> int:
    """Return the number of examples for this occasion."""
    return max(10, number // 10) if os.environ.get("HYPOTHESIS_PROFILE") == "quick" else number
