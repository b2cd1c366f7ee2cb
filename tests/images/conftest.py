"""What tests of images share: a registry, an index, and a builder's folder, all of their own."""

import json

import pytest

from tests.images.registry import ImageRegistry, need_registry, running_registry
from tests.images.wheels import only_index
from tests.magics.conftest import bare_shell, shell, talk  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def shared_registry():
    """Start one image registry a process; tests take repositories of their own in it."""
    need_registry()
    with running_registry() as registry:
        yield registry


@pytest.fixture
def image_registry(shared_registry) -> ImageRegistry:
    """Give the image registry."""
    return shared_registry


@pytest.fixture
def group(image_registry, request) -> str:
    """Give a group in the registry that no other test writes to."""
    from hashlib import sha256

    return f"{image_registry.url}/{sha256(request.node.nodeid.encode()).hexdigest()[:16]}"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Make an index of wheels the only one: a folder, which holds what every image needs."""
    return only_index(tmp_path, monkeypatch)


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """Be nobody to image registries; return a function that logs in."""
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))

    def log_in(host, user, password):
        import base64

        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    return log_in


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Keep what the runtime compiles to for all tests of this process."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(autouse=True)
def known_runtime(private_places, compiled, monkeypatch):
    """Compile the runtime once, not once a test."""
    from jupyter_flows.environments.storage import image_content
    from jupyter_flows.environments.storage.image_runtime import runtime_entries

    monkeypatch.setattr(image_content, "runtime_entries", lambda site, _: runtime_entries(site, compiled))
