"""Each storage against the contract, and what is its own."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jupyter_flows.environments.storage import Local, Memory, storage_named
from jupyter_flows.errors import ArtifactError, StorageError, UnknownStorageError
from tests.contracts.storage import StorageContract, flow_of, one


class TestLocal(StorageContract):
    """Flows as files."""

    @pytest.fixture
    def storage(self, tmp_path):
        return Local(tmp_path / "kept here")

    def test_files_are_the_users_alone(self, storage):
        """Cells' code is readable by nobody else."""
        made = flow_of(storage, one).storage.build()
        path = Path(urlsplit(made.uri).path.replace("%20", " "))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_damaged_file_is_written_anew(self, storage):
        """Building repairs what was damaged on disk."""
        made = flow_of(storage, one).storage.build()
        path = Path(urlsplit(made.uri).path.replace("%20", " "))
        path.write_bytes(b"damaged")
        with pytest.raises(ArtifactError, match="damaged or replaced"):
            storage.load(made)
        assert flow_of(storage, one).storage.build() == made
        assert storage.load(made).document["name"] == "numbers"

    def test_a_folder_that_is_a_file_is_refused(self, tmp_path):
        """The error names the folder."""
        (tmp_path / "taken").write_text("x")
        flow = flow_of(Local(tmp_path / "taken"), one)
        with pytest.raises(Exception, match="taken") as caught:
            flow.storage.build()
        assert type(caught.value).__module__ == "jupyter_flows.errors"

    def test_other_addresses_are_refused(self, storage):
        """Local storage reads files only."""
        with pytest.raises(ArtifactError, match="reads file: addresses"):
            storage.read("http://127.0.0.1/x")


class TestMemory(StorageContract):
    """Flows in this process."""

    @pytest.fixture
    def storage(self):
        return Memory()


def test_an_unknown_storage_lists_the_known():
    """A misspelt storage is one clear error."""
    with pytest.raises(UnknownStorageError, match="no storage 'lokal'; there are 'docker', 'local', 'memory'"):
        storage_named("lokal")


def test_names_are_taken_in_any_case(tmp_path):
    """`--storage Local` and `--storage local` are the same."""
    assert storage_named("LOCAL", {"directory": str(tmp_path)}).options() == {"directory": str(tmp_path)}


def test_an_option_of_another_storage_is_refused():
    """Options are checked before the storage is made."""
    with pytest.raises(StorageError, match=r"Local storage takes no 'registry_url'; it takes 'directory'\."):
        storage_named("local", {"registry_url": "localhost:5000"})
