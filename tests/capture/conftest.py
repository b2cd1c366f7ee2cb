"""Distributions made for a test."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution of given files into a folder on the path."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def put(name, number, *files, url=None):
        info = folder / f"{name.replace(chr(45), chr(95))}-{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        for file in files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (info / "RECORD").write_text("".join(f"{f},,\n" for f in [*files, f"{info.name}/METADATA"]))
        if url:
            (info / "direct_url.json").write_text(json.dumps(url))
        return folder

    return put
