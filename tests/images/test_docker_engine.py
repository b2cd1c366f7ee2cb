"""Images built by an engine: the contract of storages, what stays in its cache, and what it refuses."""

from contextlib import closing

import pytest

from jupyter_flows.environments.storage import Docker
from jupyter_flows.errors import EngineError, HealthCheckError, ImageError
from tests.contracts.storage import StorageContract, flow_of, one, two
from tests.images.engine import BASE

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


class TestPushed(StorageContract):
    """Images in an image registry, from where they are loaded without an engine."""

    @pytest.fixture
    def storage(self, engine, group):
        return Docker(group, base_image=BASE, builder="docker", local_image=True, healthcheck=False)


def of_engine(**options):
    """Make a storage in the engine alone."""
    return Docker(**{"base_image": BASE, "builder": "docker", "local_image": True, "healthcheck": False, **options})


def test_what_did_not_change_is_kept(engine, group):
    """After a change of the flow the image has the same layers below it, and all but the flow's own was there."""
    storage = of_engine(registry_url=group, local_image=False)
    flow_of(storage, one).storage.build()
    again = flow_of(storage, two)
    again.storage.build()
    built = again.storage.image
    assert (len(built.made), len(built.reused) > 1) == (1, True)
    assert built.uploaded_bytes < 100_000


def test_it_stays_in_the_engine(engine):
    """Without an image registry the engine keeps the image, under the flow's name."""
    made = flow_of(of_engine(), one).storage.build()
    assert made.uri.startswith("docker-daemon:numbers:v1-")
    with closing(engine.client()) as client:
        image = client.images.get(made.digest)
    assert image.labels["io.github.jupyter-flows.flow"] == "numbers"
    assert image.attrs["Config"]["User"] == "1000:0"
    assert image.attrs["Config"]["Entrypoint"] == ["/opt/flow/bin/jupyter-flows-run"]


def test_progress_is_said(engine):
    """Each step of the engine's is a line, none is empty."""
    said = []
    storage = of_engine()
    storage.say = said.append
    flow_of(storage, one).storage.build()
    assert any(line.startswith("Step 1/") for line in said)
    assert all(said)


def test_an_archive(engine, tmp_path):
    """An engine's image is written as an archive that engines load."""
    made = flow_of(of_engine(registry_url=f"docker-archive:{tmp_path}/image.tar"), one).storage.build()
    with closing(engine.client()) as client:
        client.images.remove(made.digest, force=True)
        (image,) = client.images.load((tmp_path / "image.tar").read_bytes())
    assert image.id == made.digest


def test_a_command_that_fails(engine):
    """The step is named, with what the engine says of it."""
    storage = of_engine(extra_dockerfile_commands=["RUN exit 7"])
    with pytest.raises(EngineError, match=r"Step \d+/\d+ : RUN exit 7: .*non-zero code: 7"):
        flow_of(storage, one).storage.build()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"registry_url": "oci-layout:/tmp/x"}, EngineError, "An engine can't write oci-layout:/tmp/x"),
        ({"base_image": "flows-test/none:1"}, ImageError, "has no image flows-test/none:1, and with local_image"),
        ({"base_image": None, "dockerfile": "/none/Dockerfile"}, ImageError, "no Dockerfile /none/Dockerfile"),
        ({"env_vars": {"KEY": "a\nb"}}, ImageError, "KEY has several lines"),
        ({"build_kwargs": {"colour": "green"}}, EngineError, "unexpected keyword argument 'colour'"),
        ({"python_path": "/opt/none"}, ImageError, "has no Python in /opt/none"),
    ],
    ids=["layout", "no-base", "no-dockerfile", "several-lines", "no-such-argument", "no-python"],
)
def test_what_is_refused(engine, options, error, words):
    """What an engine can't do is refused in one sentence, before anything is built."""
    with pytest.raises(error, match=words):
        flow_of(of_engine(**options), one).storage.build()


def test_another_python(engine, tmp_path):
    """A base with another minor version is refused before anything is put on it."""
    (tmp_path / "Dockerfile").write_text(
        f'FROM {BASE}\nRUN printf \'#!/bin/sh\\necho [\\\\"/usr/bin\\\\", \\\\"3.6\\\\"]\\n\' > /usr/local/bin/python3\n'
    )
    storage = of_engine(base_image=None, dockerfile=str(tmp_path / "Dockerfile"))
    with pytest.raises(ImageError, match=r"has Python 3\.6, and the flow is written in"):
        flow_of(storage, one).storage.build()


def test_a_flow_that_would_not_run(engine):
    """A check that fails names why, and the engine keeps no such image."""
    remove = "import shutil, cloudpickle; shutil.rmtree(cloudpickle.__path__[0])"
    storage = of_engine(healthcheck=True, extra_dockerfile_commands=[f"RUN /opt/flow/bin/python -c '{remove}'"])
    with closing(engine.client()) as client:
        before = len(client.images.list())
        with pytest.raises(HealthCheckError, match="cloudpickle"):
            flow_of(storage, one).storage.build()
        assert len(client.images.list()) == before
