"""Compare the versions installed here with those pinned at registration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

#: ``pandas[parquet]==3.1.1; python_version >= "3.11"``; bounds, and addresses, pin nothing that could differ.
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*==\s*(?P<version>[^\s;,*]+)\s*(?:;.*)?$")


def version_differences(pins: Iterable[str], *, installed: Callable[[str], str] | None = None) -> list[str]:
    """Return ``pandas 3.0.1 instead of 3.1.1`` for each pin ``name==version`` that does not hold here.

    >>> version_differences(["pandas==3.1.1"], installed=lambda name: "3.0.1")
    ['pandas 3.0.1 instead of 3.1.1']
    """
    from importlib import metadata  # A third of what a run would import, and only for flows with pins.

    installed = installed or metadata.version
    found = []
    for pin in pins:
        exact = _PIN.match(pin)
        if exact is None:
            continue
        name, wanted = exact["name"], exact["version"]
        try:
            here = installed(name)
        except metadata.PackageNotFoundError:
            found.append(f"{name} is not installed ({wanted} was)")
            continue
        if here != wanted:
            found.append(f"{name} {here} instead of {wanted}")
    return found
