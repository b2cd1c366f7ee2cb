"""Each finding has its place on the page, and the page tells of no others."""

from __future__ import annotations

import re
from pathlib import Path

from jupyter_flows.capture.checks import CODES

PAGE = Path(__file__).resolve().parents[2] / "docs/findings.md"


def test_each_code_is_explained():
    """The page has a heading for each code, in order."""
    assert re.findall(r"^## (F\d{3})$", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == sorted(CODES)
