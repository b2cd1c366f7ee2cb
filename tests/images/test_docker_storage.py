"""Flows kept in images, against the contract of storages and by what is an image's own."""

import json

import pytest

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.environments.storage import Docker, storage_from_json
from jupyter_flows.errors import ArtifactError, HealthCheckError, ImageError, StorageError, StorageOptionClash
from tests.contracts.storage import StorageContract, flow_of, one, two
from tests.images.bases import layout_base
from tests.images.wheels import make_wheel


@pytest.fixture
def base(tmp_path):
    """Give a base in a layout."""
    return layout_base(tmp_path / "base")


class TestInRegistry(StorageContract):
    """Images in an image registry."""

    @pytest.fixture
    def storage(self, group, base, index):
        return Docker(group, base_image=base, builder="oci")

    def test_an_agent_s_process_loads_it_without_an_engine(self, storage):
        """Only the flow's own layer is fetched."""
        made = flow_of(storage, one).storage.build()
        assert made.uri.startswith("docker://127.0.0.1:")
        assert made.uri.endswith(f"@{made.digest}")
        assert storage_from_json(storage.to_json()).load(made).document["name"] == "numbers"

    def test_a_flow_that_changed_sends_its_own_layer(self, storage):
        """All else is there already."""
        flow_of(storage, one).storage.build()
        again = flow_of(storage, two)
        again.storage.build()
        assert again.storage.image.made == ("flow", "configuration")
        assert again.storage.image.uploaded_bytes < 10_000

    def test_a_tampered_layer_is_never_loaded(self, storage, image_registry):
        """The registry's disk is not to be trusted."""
        made = flow_of(storage, one).storage.build()
        manifest = json.loads(image_registry.blob(made.digest).read_bytes())
        image_registry.blob(manifest["layers"][-1]["digest"]).write_bytes(b"x")
        with pytest.raises(ImageError, match="damaged or replaced"):
            storage.load(made)


class TestInLayout(StorageContract):
    """Images in an OCI layout."""

    @pytest.fixture
    def storage(self, tmp_path, base, index):
        return Docker(f"oci-layout:{tmp_path}/out", base_image=base, builder="oci", healthcheck=False)


class TestInArchive(StorageContract):
    """An archive for `docker load`, which holds one image."""

    @pytest.fixture
    def storage(self, tmp_path, base, index):
        return Docker(f"docker-archive:{tmp_path}/flow.tar", base_image=base, builder="oci", healthcheck=False)

    def test_another_flow_is_another_artifact(self, storage):
        """The file holds the last image; of the one before it says that it is gone."""
        first = flow_of(storage, one).storage.build()
        second = flow_of(storage, two).storage.build()
        assert storage.load(second).document["tasks"][0]["slug"] == "two"
        with pytest.raises(ArtifactError, match="is gone"):
            storage.load(first)


class TestInOwnFolder(StorageContract):
    """Without an address and without an engine, images go to the user's own folder."""

    @pytest.fixture
    def storage(self, base, index):
        return Docker(base_image=base, builder="oci", healthcheck=False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"base_image": "a", "dockerfile": "D"}, "base_image and dockerfile exclude each other"),
        ({"dockerfile": "D", "extra_dockerfile_commands": ["RUN x"]}, "write them into the Dockerfile"),
        ({"dockerfile": "D", "builder": "oci"}, "a Dockerfile is run by an engine"),
        ({"base_url": "unix://x", "builder": "oci"}, "it says where the engine is"),
        ({"builder": "podman"}, "builder is 'docker', 'oci' or None, not 'podman'"),
        ({"platform": "arm"}, "platform is such as 'linux/amd64', not 'arm'"),
        ({"image_tag": "a b"}, "is no tag"),
        ({"python_dependencies": "numpy"}, "is a list of texts, not the text 'numpy'"),
        ({"env_vars": ["A=1"]}, "env_vars maps names to values"),
    ],
)
def test_options_that_can_t_stand_together_are_refused(options, reason):
    """The error says which, and why."""
    with pytest.raises(StorageOptionClash, match="Docker storage: ") as caught:
        Docker(**options)
    assert reason in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_all_that_is_wrong_is_said_at_once():
    """Nobody corrects one option only to hear of the next."""
    with pytest.raises(StorageOptionClash) as caught:
        Docker(base_image="a", dockerfile="D", platform="arm")
    assert len(caught.value.reasons) == 2


def test_the_digest_of_a_flow_is_of_what_changes_runs(base, index, tmp_path):
    """The base by digest, variables and files' contents are meaning; addresses are not."""
    (tmp_path / "data.csv").write_text("1")
    known = {"base_image": base, "env_vars": {"A": "1"}, "files": {str(tmp_path / "data.csv"): "data.csv"}}
    here, there = Docker("a.io/x", builder="oci", **known), Docker("b.io/y", builder="oci", image_name="n", **known)
    assert here.meaning() == there.meaning()
    assert here.meaning()["base"].startswith("sha256:")
    before = here.meaning()
    (tmp_path / "data.csv").write_text("2")
    assert here.meaning() != before


def test_a_file_that_is_not_there_is_named(base, index):
    """The option is quoted."""
    storage = Docker(base_image=base, builder="oci", files={"no/such.csv": "data.csv"})
    flow = flow_of(storage, one)
    with pytest.raises(StorageError, match=r"There is no file .*no/such\.csv"):
        flow.storage.build()


def test_a_flow_that_would_not_load_goes_nowhere(group, image_registry, base, index):
    """The health check names the package and why, and nothing is pushed."""
    make_wheel(index, "broken", files={"broken/__init__.py": b"import nothing_of_that_name\n"})
    flow = flow_of(Docker(group, base_image=base, builder="oci", python_dependencies=["broken"]), one)
    before = image_registry.uploads()
    with pytest.raises(
        HealthCheckError, match=r"broken can't be imported: ModuleNotFoundError: .*nothing_of_that_name"
    ):
        flow.storage.build()
    assert image_registry.uploads() == before


def test_an_address_and_a_digest_that_differ_are_refused(base, index):
    """The artifact's two sayings have to be one."""
    made = flow_of(Docker(base_image=base, builder="oci"), one).storage.build()
    with pytest.raises(ArtifactError, match="not what was registered"):
        Docker().load(Artifact(made.uri, "sha256:" + "1" * 64, 1))


def test_the_summary_says_what_it_took(base, index):
    """Registering shows it."""
    flow = flow_of(Docker(base_image=base, builder="oci"), one)
    assert flow.storage.summary() == "Docker"
    flow.storage.build()
    assert flow.storage.summary().endswith(" sent, 0 layers reused")
    flow.storage.build()
    assert flow.storage.summary().endswith(" sent, 6 layers reused")
