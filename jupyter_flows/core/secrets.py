"""How a notebook names its secrets: tags of cells; values are no business of a flow's."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: ``secret:API_KEY`` among a cell's tags says that the cell's ``API_KEY`` is a secret.
TAG_PREFIX = "secret:"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_secret_name(name: str) -> bool:
    """Tell whether a secret can be called so: as a variable can, of plain letters.

    >>> is_secret_name("API_KEY"), is_secret_name("api-key")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def tagged_secrets(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a cell's tags call secrets, sorted, whether or not they can be names.

    >>> tagged_secrets({"secret:DB", "task", "secret: API_KEY"})
    ('API_KEY', 'DB')
    """
    return tuple(sorted({t.removeprefix(TAG_PREFIX).strip() for t in tags if t.startswith(TAG_PREFIX)}))
