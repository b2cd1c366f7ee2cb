"""Layers as files."""

import gzip
import hashlib
import io
import tarfile
import zlib

import pytest

from jupyter_flows.errors import ImageError
from jupyter_flows.images.archive import Draft, LayerWriter, plain_info, read_layer, write_layer
from jupyter_flows.images.plan import File, Folder, Link

ENTRIES = (
    Folder("/home/flow", 0o775, 1000, 0),
    File("/opt/a.py", b"print('a')\n"),
    File("/opt/run", b"#!/bin/sh\n", 0o755),
    Link("/opt/b.py", "a.py"),
    File("/opt/" + "deep/" * 40 + "x" * 120, b"far down"),
    File("/opt/block", b"x" * 512),
)


def members(path):
    """Read a layer as anybody else would."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as tar:
        return {m.name: (m, tar.extractfile(m).read() if m.isreg() else None) for m in tar}


def test_what_is_written_is_read_by_others(tmp_path):
    """Names, modes, owners, links and contents arrive; nothing else does."""
    found = members(write_layer(ENTRIES, tmp_path / "layer.tar.gz").path)
    assert len(found) == len(ENTRIES)
    assert found["opt/a.py"][1] == b"print('a')\n"
    assert found["opt/run"][0].mode == 0o755
    assert found["opt/b.py"][0].linkname == "a.py"
    assert (found["home/flow"][0].mode, found["home/flow"][0].uid, found["home/flow"][0].gid) == (0o775, 1000, 0)
    assert found["opt/" + "deep/" * 40 + "x" * 120][1] == b"far down"
    assert {m.mtime for m, _ in found.values()} == {0}


def test_the_same_entries_give_the_same_digests(tmp_path):
    """Neither the file's name nor when it was written counts."""
    one, two = (write_layer(ENTRIES, tmp_path / name) for name in ("one", "two"))
    assert (one.digest, one.diff_id, one.size_bytes) == (two.digest, two.diff_id, two.size_bytes)
    assert one.path.read_bytes() == two.path.read_bytes()


def test_digests_are_of_the_file_and_of_what_it_unpacks_to(tmp_path):
    """Engines check both."""
    layer = write_layer(ENTRIES, tmp_path / "layer.tar.gz")
    data = layer.path.read_bytes()
    assert layer.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert layer.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(data)).hexdigest()
    assert layer.size_bytes == len(data)


@pytest.mark.parametrize("content", [b"", b"short", b"y" * 1_000_003], ids=["empty", "short", "long"])
def test_a_deflated_stream_is_taken_as_it_is(tmp_path, content):
    """What a wheel has compressed is not compressed again, and reads as before."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflater.compress(content) + deflater.flush()
    path, seen = tmp_path / "layer.tar.gz", io.BytesIO()
    with path.open("wb") as file:
        writer = LayerWriter(file)
        writer.add(File("/before", b"1"))
        chunks = [packed[i : i + 7] for i in range(0, len(packed), 7)]
        writer.add_deflated(plain_info("/packed", len(content)), chunks, checksum=zlib.crc32(content), also=seen)
        writer.add(File("/after", b"2"))
        layer = writer.finish(path)
    assert packed in path.read_bytes()
    assert {name: data for name, (_, data) in members(path).items()} == {
        "before": b"1",
        "packed": content,
        "after": b"2",
    }
    assert layer.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    assert seen.getvalue() == content


def test_what_is_written_is_read_back(tmp_path):
    """Our own reader takes several gzip members, too."""
    layer = write_layer(ENTRIES, tmp_path / "layer.tar.gz")
    with layer.path.open("rb") as file:
        found = dict(read_layer(file, limit_bytes=10_000))
    assert found == {e.path: e.content for e in ENTRIES if isinstance(e, File)}


def test_a_layer_beyond_the_limit_is_refused(tmp_path):
    """What would fill the memory is not read."""
    layer = write_layer(ENTRIES, tmp_path / "layer.tar.gz")
    with layer.path.open("rb") as file, pytest.raises(ImageError, match="more than 100 bytes"):
        list(read_layer(file, limit_bytes=100))


def test_a_layer_that_is_none_is_named_as_such(tmp_path):
    """Damaged archives give an error of ours."""
    with pytest.raises(ImageError, match="can't be unpacked"):
        list(read_layer(io.BytesIO(b"\x1f\x8b\x08\x00 and no more"), limit_bytes=100))


def test_a_file_that_grows_meanwhile_is_refused(tmp_path):
    """Its size stands in the archive before its bytes do."""
    writer = LayerWriter(io.BytesIO())
    with pytest.raises(ImageError, match="changed while it was packed"):
        writer.add_stream(plain_info("/x", 3), [b"four"])


def test_a_draft_that_fails_leaves_nothing(tmp_path):
    """Neither half a file nor the draft stays."""

    def write():
        with Draft(tmp_path / "kept") as draft:
            draft.path.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    """The error says which file, why, and what to do."""

    def write():
        with Draft(tmp_path / "kept"):
            raise OSError(28, "No space left on device")

    with pytest.raises(ImageError, match=r"kept can't be written \(No space left on device\): make room"):
        write()
    assert list(tmp_path.iterdir()) == []
