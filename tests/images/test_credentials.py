"""Credentials as `docker login` and its like keep them."""

import base64
import json
import os

import pytest

from jupyter_flows.errors import ImageAccessError
from jupyter_flows.images.credentials import find_credentials


def auth(user, password):
    """Write credentials as configuration files have them."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_the_environment_comes_first(tmp_path):
    """DOCKER_AUTH_CONFIG, then REGISTRY_AUTH_FILE, then Podman's and Docker's own."""
    for folder, name in (("file", "auth.json"), ("run/containers", "auth.json"), ("docker", "config.json")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(json.dumps({"auths": {"h.io": auth(folder, "p")}}))
    environ = {
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"h.io": auth("env", "p")}}),
        "REGISTRY_AUTH_FILE": str(tmp_path / "file/auth.json"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
    }
    found = []
    for name in list(environ):
        found.append(find_credentials("h.io", environ).user)
        del environ[name]
    assert found == ["env", "file", "run/containers", "docker"]


@pytest.mark.parametrize(
    ("host", "key"),
    [("docker.io", "https://index.docker.io/v1/"), ("h.io:5000", "h.io:5000"), ("h.io", "https://h.io")],
)
def test_hosts_are_found_as_they_are_written(host, key):
    """Old files have addresses, and Docker's own registry an address of its own."""
    environ = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {key: auth("me", "secret")}})}
    found = find_credentials(host, environ)
    assert (found.user, found.password, found.source) == ("me", "secret", "DOCKER_AUTH_CONFIG")


def test_an_identity_token_is_kept_as_one(tmp_path):
    """It is exchanged for tokens, never sent as a password."""
    environ = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"h.io": {"auth": "", "identitytoken": "abc"}}})}
    assert find_credentials("h.io", environ).identity_token == "abc"


def test_a_helper_is_asked(tmp_path, monkeypatch):
    """Programs called docker-credential-... keep passwords in the system's own place."""
    helper = tmp_path / "docker-credential-tests"
    helper.write_text('#!/bin/sh\nread host\necho "{\\"Username\\": \\"helped\\", \\"Secret\\": \\"at $host\\"}"\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {"h.io": "tests"}}))
    found = find_credentials("h.io", {"DOCKER_CONFIG": str(tmp_path)})
    assert (found.user, found.password) == ("helped", "at h.io")


def test_nobody_is_nobody(tmp_path):
    """Without files, or without this host in them, nothing is sent."""
    assert find_credentials("h.io", {"DOCKER_CONFIG": str(tmp_path)}) is None
    environ = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"other.io": auth("me", "p")}})}
    assert find_credentials("h.io", {**environ, "DOCKER_CONFIG": str(tmp_path)}) is None


@pytest.mark.parametrize("text", ["{", '{"auths": {"h.io": {"auth": "%%%"}}}', '{"auths": {"h.io": 3}}'])
def test_a_broken_file_is_named(text):
    """The error says which; no password is in it."""
    with pytest.raises(ImageAccessError, match="DOCKER_AUTH_CONFIG"):
        find_credentials("h.io", {"DOCKER_AUTH_CONFIG": text})
