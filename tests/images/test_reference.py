"""Names of images."""

import pytest

from jupyter_flows.errors import ImageError
from jupyter_flows.images.reference import Place, Reference, slug

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim", None),
        ("team/etl", "docker.io", "team/etl", None, None),
        ("localhost/etl", "localhost", "etl", None, None),
        ("127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000", "a/b/c", "x", None),
        (f"ghcr.io/a/b@{DIGEST}", "ghcr.io", "a/b", None, DIGEST),
        (f"docker://ghcr.io/a/b:t@{DIGEST}", "ghcr.io", "a/b", "t", DIGEST),
        ("[::1]:5000/a", "[::1]:5000", "a", None, None),
    ],
)
def test_names_are_read_as_engines_read_them(text, host, name, tag, digest):
    """A first part with a dot, a port or of this machine is a host."""
    found = Reference.parse(text)
    assert (found.host, found.name, found.tag, found.digest) == (host, name, tag, digest)


@pytest.mark.parametrize(
    "text", ["", "Team/ETL", "a b", "ghcr.io/a:-x", "ghcr.io/a@sha256:12", "ho_st.io/a", "ghcr.io//a"]
)
def test_what_is_no_name_is_refused(text):
    """The error names what was given."""
    with pytest.raises(ImageError, match="is no image's name"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("localhost:5000/a", True),
        ("127.0.0.1:5000/a", True),
        ("[::1]:5000/a", True),
        ("10.0.0.1:5000/a", False),
        ("a.io/a", False),
    ],
)
def test_this_machine_is_known(text, loopback):
    """Engines speak plain HTTP to loopback addresses, and to no others."""
    assert Reference.parse(text).loopback is loopback


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"docker://h.io/a:t@{DIGEST}", ("docker", "h.io/a", "t", DIGEST)),
        ("h.io:5000/a:t", ("docker", "h.io:5000/a", "t", None)),
        (f"oci-layout:/f/g:t@{DIGEST}", ("oci-layout", "/f/g", "t", DIGEST)),
        ("docker-archive:/f.tar:etl:t", ("docker-archive", "/f.tar", "etl:t", None)),
    ],
)
def test_places_are_read_and_written(text, parts):
    """What is written is read again as the same place."""
    place = Place.parse(text)
    assert (place.transport, place.path, place.tag, place.digest) == parts
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("My Flow", "my-flow"),
        ("Étude no. 3 (final)", "etude-no-3-final"),
        ("--", "flow"),
        ("a__b", "a-b"),
        ("数据", "flow"),
    ],
)
def test_any_flow_has_a_name_for_its_image(text, word):
    """What registries don't take is left out."""
    assert slug(text) == word
