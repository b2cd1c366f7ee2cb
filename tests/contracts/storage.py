"""What every storage keeps to."""

import pytest

from jupyter_flows import Flow, task
from jupyter_flows.core.artifact import Artifact
from jupyter_flows.environments.storage import storage_from_json
from jupyter_flows.errors import ArtifactError, StaleBuildError, StorageError, StorageOptionError


@task
def one():
    return 1


@task
def two():
    return 2


def flow_of(storage, *tasks):
    """Make a flow of these tasks, kept in this storage."""
    flow = Flow("numbers", storage=storage)
    for t in tasks:
        flow.add_task(t)
    return flow


class StorageContract:
    """Inherited by the tests of each storage; `storage` makes a fresh one."""

    @pytest.fixture
    def storage(self):
        raise NotImplementedError

    def test_what_was_built_is_loaded(self, storage):
        """The bundle comes back with its digest checked."""
        flow = flow_of(storage, one)
        bundle = storage.load(flow.storage.build())
        assert (bundle.document["name"], bundle.document["tasks"][0]["slug"]) == ("numbers", "one")

    def test_building_again_keeps_it_once(self, storage):
        """The address is of the content: same flow, same artifact."""
        flow = flow_of(storage, one)
        assert flow.storage.build() == flow.storage.build()

    def test_another_flow_is_another_artifact(self, storage):
        """A changed flow never overwrites what was registered before."""
        first = flow_of(storage, one).storage.build()
        second = flow_of(storage, two).storage.build()
        assert first.uri != second.uri
        assert storage.load(first).document["tasks"][0]["slug"] == "one"

    def test_a_wrong_digest_is_refused(self, storage):
        """What was replaced behind our back is never loaded."""
        made = flow_of(storage, one).storage.build()
        with pytest.raises(ArtifactError, match="is not what was registered"):
            storage.load(Artifact(made.uri, "sha256:" + "0" * 64, made.size_bytes))

    def test_an_absent_artifact_is_named(self, storage):
        """The error carries the address that was asked for."""
        made = flow_of(storage, one).storage.build()
        gone = made.uri[:-12] + "000000000000"
        with pytest.raises(ArtifactError, match=gone):
            storage.load(Artifact(gone, made.digest, made.size_bytes))

    def test_it_survives_the_way_through_json(self, storage):
        """A run process makes the storage from flow.json."""
        made = flow_of(storage, one).storage.build()
        again = storage_from_json(storage.to_json())
        assert again.options() == storage.options()
        assert again.load(made).document["name"] == "numbers"

    def test_an_unknown_option_names_the_known(self, storage):
        """Nothing is dropped in silence."""
        with pytest.raises(StorageOptionError, match="takes no 'colour'"):
            storage.configure(colour="red")
        with pytest.raises(TypeError):
            storage.configure(colour="red")

    def test_building_without_a_flow_says_what_to_do(self, storage):
        """A storage of no flow has nothing to pack."""
        with pytest.raises(StorageError, match="has no flow"):
            storage.build()

    def test_registering_what_was_built_needs_a_build(self, storage):
        """build=False with nothing built is refused."""
        flow_of(storage, one)
        with pytest.raises(StaleBuildError, match=r"call f\.storage\.build\(\) first"):
            storage.prebuilt({"digest": "v1:0"})
