"""Every example in a docstring is run."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import jupyter_flows

HOUSE = Path(jupyter_flows.__file__).parent


def modules_with_examples() -> list[str]:
    """Name the modules in whose text an example stands, without importing any."""
    found = []
    for path in sorted(HOUSE.rglob("*.py")):
        if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE):
            parts = path.relative_to(HOUSE.parent).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_docstring_examples(name, tmp_path, monkeypatch):
    """A module's examples give what they say."""
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert tried > 0
    assert failed == 0
