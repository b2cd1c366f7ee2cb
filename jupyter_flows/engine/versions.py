"""Compare the versions installed here with those pinned at registration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import metadata


def version_differences(pins: Iterable[str], *, installed: Callable[[str], str] = metadata.version) -> list[str]:
    """Return ``pandas 3.0.1 instead of 3.1.1`` for each pin ``name==version`` that does not hold here.

    >>> version_differences(["pandas==3.1.1"], installed=lambda name: "3.0.1")
    ['pandas 3.0.1 instead of 3.1.1']
    """
    found = []
    for pin in pins:
        name, exact, wanted = pin.partition("==")
        name = name.partition("[")[0].strip()
        wanted = wanted.partition(";")[0].strip()
        if not exact:
            continue
        try:
            here = installed(name)
        except metadata.PackageNotFoundError:
            found.append(f"{name} is not installed ({wanted} was)")
            continue
        if here != wanted:
            found.append(f"{name} {here} instead of {wanted}")
    return found
