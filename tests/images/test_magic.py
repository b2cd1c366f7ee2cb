"""Registering to an image from a notebook."""

import re

from tests.images.bases import layout_base


def test_the_line_says_which_image_and_what_it_took(group, tmp_path, index, monkeypatch, talk):
    """Progress comes a line a step; the last line names the image, its size, what was sent and reused."""
    monkeypatch.setenv("JUPYTER_FLOWS_BASE_IMAGE", layout_base(tmp_path / "base"))
    talk("%flow sales --project shop", "%%task load\nrows = [3, 1, 2]", "%%task sort\nrows = sorted(rows)")
    said = talk(f"%flow_register shop --storage docker --registry-url {group}").splitlines()
    assert any(re.fullmatch(r"sending flow, \d+ kB", line) for line in said)
    assert re.match(
        rf"v1 · Docker {group}/sales:v1-[0-9a-f]+@sha256:[0-9a-f]{{64}}, [\d.]+ [kM]B, [\d.]+ kB sent, 0 layers",
        said[-1],
    )
    talk("%%task sort\nrows = sorted(rows, reverse=True)")
    assert "reused" in talk(f"%flow_register shop --storage docker --registry-url {group}").splitlines()[-1]
