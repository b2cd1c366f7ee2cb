"""The form of the tables: a spec, and the names that it is true of."""

from __future__ import annotations


def rows(prefix: str, *groups: tuple[str, str]) -> dict[str, str]:
    """Return a table of import paths: each name of each group, below a prefix."""
    return {f"{prefix}.{name}": spec for spec, names in groups for name in names.split()}
