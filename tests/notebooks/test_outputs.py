"""The comparison of outputs sees differences that matter, and only those."""

from __future__ import annotations

import base64

import pytest

from tests.notebooks.outputs import comparable

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x00\x00\x00\x01\x00"


def stream(text, name="stdout"):
    """Make a stream output."""
    return {"output_type": "stream", "name": name, "text": text}


def result(**data):
    """Make a result whose mime types have `_` for `/`."""
    return {
        "output_type": "execute_result",
        "execution_count": len(data),
        "metadata": {},
        "data": {mime.replace("_", "/"): datum for mime, datum in data.items()},
    }


def test_streams_are_compared_whole():
    """The same text in two pieces, or as a list of lines, is the same text."""
    assert (
        comparable([stream("a\nb\n")])
        == comparable([stream("a\n"), stream(["b\n"])])
        == [("stream", "stdout", "a\nb\n")]
    )


def test_streams_keep_their_order_and_name():
    """Text on standard error does not become text on standard output, nor change its place."""
    mixed = [stream("a\n"), stream("b\n", "stderr"), stream("c\n")]
    assert comparable(mixed) == [("stream", "stdout", "a\n"), ("stream", "stderr", "b\n"), ("stream", "stdout", "c\n")]


def test_addresses_and_timings_do_not_matter():
    """Where an object lies and how long a cell took are not results."""
    assert comparable([stream("<T at 0x7f3a2b1c> in 1.2 ms")]) == [("stream", "stdout", "<T at <address>> in <time>")]


def test_pixels_do_not_matter_but_sizes_do():
    """A picture is compared by its width and height."""
    assert comparable([result(image_png=base64.b64encode(PNG).decode())]) == [
        ("execute_result", {"image/png": "png 512x256"})
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (result(text_plain="1"), result(text_plain="2")),
        (result(text_plain="1"), result(text_html="1")),
        (result(text_plain="1"), stream("1")),
        (
            {"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []},
            {"output_type": "error", "ename": "KeyError", "evalue": "'b'", "traceback": []},
        ),
    ],
)
def test_other_differences_are_seen(one, other):
    """Values, mime types, kinds of output and error messages are told apart."""
    assert comparable([one]) != comparable([other])
