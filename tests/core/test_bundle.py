"""Packing flows."""

import io
import tarfile
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows import Flow, task
from jupyter_flows.core.bundle import Bundle, pack_flow, unpack_flow
from jupyter_flows.errors import ArtifactError, DefinitionError


@task
def one():
    return 1


@task
def double(x):
    return 2 * x


def _flow():
    with Flow("f") as flow:
        double(one())
    return flow


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True), st.binary(max_size=200)))
def test_packing_is_undone_by_unpacking(files):
    """Every file comes back, byte for byte."""
    assert Bundle.unpack(Bundle(files).pack()).files == files


def test_the_same_files_give_the_same_bytes_in_any_order():
    """Neither the order of files nor the day shows in the archive."""
    assert Bundle({"b": b"2", "a": b"1"}).pack() == Bundle({"a": b"1", "b": b"2"}).pack()


def test_a_functional_flow_comes_back_and_runs():
    """Tasks, edges and functions survive the way through a bundle."""
    flow = unpack_flow(Bundle.unpack(pack_flow(_flow()).pack())).flow
    assert [(e.upstream.name, e.downstream.name, e.key) for e in flow.edges] == [("one", "double", "x")]
    assert flow.get_tasks("double")[0].run(4) == 8


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "./a"])
def test_a_name_that_leaves_the_bundle_is_refused(name):
    """An archive can't write or name anything outside itself."""
    with pytest.raises(ArtifactError, match="no plain file inside"):
        Bundle.unpack(_archive(tarfile.TarInfo(name)))


def test_links_and_devices_are_refused():
    """Only plain files are read."""
    link = tarfile.TarInfo("a")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(ArtifactError, match="no plain file inside"):
        Bundle.unpack(_archive(link))


def test_a_bundle_that_unpacks_too_large_is_refused(monkeypatch):
    """A decompression bomb stops at the limit, not at the end of memory."""
    data = Bundle({"zeros": bytes(10_000)}).pack()
    monkeypatch.setattr("jupyter_flows.core.bundle.MAX_BYTES", 9_999)
    with pytest.raises(ArtifactError, match="larger than 9999 bytes"):
        Bundle.unpack(data)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b broken", Bundle({"x": b"1" * 5000}).pack()[:-20]])
def test_what_is_no_bundle_is_refused(data):
    """A damaged artifact is named as such, with what to do."""
    with pytest.raises(ArtifactError, match="register again"):
        Bundle.unpack(data)


@pytest.mark.parametrize("text", [None, b"{", b"[1]"])
def test_a_bundle_without_a_flow_is_refused(text):
    """flow.json is looked at before anything is run."""
    with pytest.raises(ArtifactError, match=r"flow\.json"):
        _ = Bundle({} if text is None else {"flow.json": text}).document


def test_what_cannot_be_pickled_is_named():
    """The error says which task holds the object."""
    lock = threading.Lock()

    @task
    def guarded():
        return lock

    with Flow("f") as flow:
        guarded()
    with pytest.raises(DefinitionError, match="'lock', which task 'guarded' uses, can't be packed"):
        pack_flow(flow)


def _archive(member):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(member, io.BytesIO(b""))
    return buffer.getvalue()
