"""Finding an engine, with none and with a real one."""

import pytest

from jupyter_flows.environments.storage import Docker
from jupyter_flows.errors import EngineError
from jupyter_flows.images.docker_engine import EngineBuilder
from jupyter_flows.images.engine import engine_sockets, open_engine
from jupyter_flows.images.pure import PureBuilder


@pytest.fixture
def no_engine(tmp_path, monkeypatch):
    """Point everything that could lead to an engine at nothing."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def builder(**options):
    """Return the builder that storage options lead to."""
    storage = Docker(**options)
    return storage._builder()


def test_none_answers(no_engine, tmp_path):
    """The error says where it was looked for, and how to say another place."""
    with pytest.raises(EngineError, match=r"No container engine answers.*DOCKER_HOST=unix://"):
        open_engine()
    with pytest.raises(EngineError, match=f"answers at unix://{tmp_path}/other.sock"):
        open_engine(f"unix://{tmp_path}/other.sock")


def test_an_address_that_is_none(no_engine):
    """An address that can't be read is an error of the same kind."""
    with pytest.raises(EngineError, match="answers at nonsense://x"):
        open_engine("nonsense://x")


def test_docker_is_looked_for_before_podman():
    """Sockets of the whole machine and of the user's own, of either."""
    found = [str(path) for path in engine_sockets({"XDG_RUNTIME_DIR": "/run/user/7"})]
    assert found[0] == "/var/run/docker.sock"
    assert found.index("/run/user/7/docker.sock") < found.index("/run/user/7/podman/podman.sock")


def test_no_choice_without_need(no_engine):
    """Without options for an engine none is asked for, and none is needed."""
    assert isinstance(builder(), PureBuilder)


def test_a_need_that_can_t_be_met(no_engine):
    """Options that only an engine can follow are refused at once where there is none."""
    with pytest.raises(EngineError, match="No container engine answers"):
        builder(extra_dockerfile_commands=["RUN true"])


@pytest.mark.docker
def test_an_engine_where_the_work_needs_one(engine):
    """The engine that answers is taken where options need it, or where it is asked for."""
    open_engine().close()
    assert isinstance(builder(extra_dockerfile_commands=["RUN true"]), EngineBuilder)
    assert isinstance(builder(builder="docker"), EngineBuilder)
    assert isinstance(builder(), PureBuilder)


@pytest.mark.docker
def test_a_context_of_docker_s(engine, monkeypatch, tmp_path):
    """Without DOCKER_HOST the current context names the engine."""
    import json
    from hashlib import sha256

    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder = tmp_path / "contexts" / "meta" / sha256(b"mine").hexdigest()
    folder.mkdir(parents=True)
    endpoint = {"docker": {"Host": engine.host, "SkipTLSVerify": False}}
    (folder / "meta.json").write_text(json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": endpoint}))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    client = open_engine()
    client.close()
    assert client.api._custom_adapter.socket_path == engine.host.removeprefix("unix://")
