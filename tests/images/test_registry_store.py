"""A real image registry, asked and written to."""

import io
import os
import signal
import threading
from contextlib import contextmanager, nullcontext

import pytest
import requests
from urllib3.util import Retry

from jupyter_flows.errors import ImageAccessError, ImageError, ImageGoneError
from jupyter_flows.images import registry as module
from jupyter_flows.images.credentials import Credentials
from jupyter_flows.images.manifest import OCI_CONFIG, OCI_LAYER, Blob, digest_of, write_manifest
from jupyter_flows.images.reference import Reference
from jupyter_flows.images.registry import RegistryStore
from jupyter_flows.images.registry_auth import RegistryAuth
from jupyter_flows.images.store import passing, verified
from tests.images.registry import running_registry
from tests.images.token_server import token_service

HTPASSWD = "flows:$2b$04$IH6fFs20ebJdQqQMVAt7vessmIj83iHpzPVTd8JCU08VRDkjQ.Lvm\n"


def store_at(where, *, push=True, **options):
    """Open a repository."""
    return RegistryStore(Reference.parse(f"{where}/etl"), push=push, **options)


def put(store, data, source=None):
    """Send bytes, and return their description."""
    blob = Blob(OCI_LAYER, digest_of(data), len(data))
    store.put(blob, source or (lambda: nullcontext(io.BytesIO(data))))
    return blob


def read(store, digest):
    """Read a blob with its digest checked."""
    with verified(store, digest) as file:
        return file.read()


@pytest.fixture
def small_parts(monkeypatch):
    """Send in parts of a kilobyte."""
    monkeypatch.setattr(module, "PART_BYTES", 1000)


@pytest.mark.parametrize("size", [0, 10, 999, 1000, 1001, 5500])
def test_a_blob_comes_back(group, small_parts, size):
    """In one part or in many, whole parts or not."""
    store, data = store_at(group), os.urandom(size)
    blob = put(store, data)
    assert store.has(blob.digest)
    assert read(store, blob.digest) == data


def test_what_is_not_there_is_said(group):
    """Absent blobs and images are no failures of the registry."""
    store = store_at(group)
    assert not store.has("sha256:" + "0" * 64)
    with pytest.raises(ImageGoneError, match=r"has no .*etl manifests/nothing"):
        store.manifest("nothing")


def test_an_image_is_tagged(group):
    """A manifest is found by tag and by digest."""
    store = store_at(group)
    config = put(store, b"{}")
    data = write_manifest(Blob(OCI_CONFIG, config.digest, 2), [], {})
    store.put_manifest(data, "latest")
    assert store.manifest("latest")[0] == store.manifest(digest_of(data))[0] == data


def test_a_blob_of_another_repository_is_mounted(group):
    """Nothing is sent for what the registry has."""
    blob = put(store_at(f"{group}/one"), b"shared")
    other = store_at(f"{group}/two")
    assert not other.has(blob.digest)
    assert other.mount(blob.digest, Reference.parse(f"{group}/one/etl").name)
    assert read(other, blob.digest) == b"shared"


def test_what_can_t_be_mounted_is_said(group):
    """The registry begins an upload instead, which nobody needs to finish."""
    assert not store_at(group).mount("sha256:" + "0" * 64, "not/there")


def test_a_tampered_blob_is_refused(image_registry, group):
    """Not a byte of it is given out."""
    store = store_at(group)
    blob = put(store, b"as it was sent")
    image_registry.blob(blob.digest).write_bytes(b"as it was made")
    with pytest.raises(ImageError, match="damaged or replaced"):
        read(store, blob.digest)
    with pytest.raises(ImageError, match="damaged or replaced"), passing(store, blob.digest):
        pass


class _Breaks:
    """A stream during which something happens, once."""

    def __init__(self, data, at, happens, then=lambda: None):
        self._data, self._at, self._happens, self._then = data, at, happens, then
        self.opened = 0

    @contextmanager
    def __call__(self):
        self.opened += 1
        if self.opened == 2:
            self._then()
        yield _Reader(self._data, self._at, self._happens) if self.opened == 1 else io.BytesIO(self._data)


class _Reader(io.BytesIO):
    """Bytes, in the middle of which something happens, once."""

    def __init__(self, data, at, happens):
        super().__init__(data)
        self._at, self._happens = at, happens

    def read(self, size=-1):
        if self.tell() >= self._at and self._happens:
            happens, self._happens = self._happens, None
            happens()
        return super().read(size)


def test_a_registry_that_restarts_in_between_gets_the_rest(small_parts, tmp_path):
    """The upload goes on from where the registry says it is."""
    with running_registry(folder=tmp_path / "data") as first:
        port = int(first.url.rpartition(":")[2])
        data = os.urandom(9000)
        again = running_registry(folder=tmp_path / "data", port=port)

        def die():
            first.process.kill()
            first.process.wait()

        source = _Breaks(data, 4000, die, again.__enter__)
        store = store_at(first.url, retries=Retry(total=3, backoff_factor=0.05))
        try:
            blob = put(store, data, source)
            assert source.opened > 1
            assert read(store, blob.digest) == data
        finally:
            again.__exit__(None, None, None)


def test_a_registry_that_dies_in_between_is_named(small_parts):
    """The error says what becomes of it: nothing is registered, and trying again goes on."""
    with running_registry() as registry:
        data = os.urandom(9000)

        def die():
            registry.process.kill()
            registry.process.wait()

        store = store_at(registry.url, retries=Retry(total=2, backoff_factor=0))
        with pytest.raises(ImageError, match=rf"{registry.url} stopped answering .*Nothing was registered"):
            put(store, data, _Breaks(data, 4000, die))


def test_a_registry_that_hangs_is_given_up(small_parts, monkeypatch):
    """A stopped process keeps its port, and answers nothing."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.2)
    with running_registry() as registry:
        data = os.urandom(3000)
        store = store_at(registry.url, retries=Retry(total=1, backoff_factor=0))
        source = _Breaks(data, 1000, lambda: registry.process.send_signal(signal.SIGSTOP))
        with pytest.raises(ImageError, match="stopped answering"):
            put(store, data, source)


def test_nobody_there_is_said():
    """The address is in the error, not the client's innards."""
    store = store_at("127.0.0.1:1", retries=Retry(total=0))
    with pytest.raises(
        ImageError, match=r"127\.0\.0\.1:1 can't be reached \(.*Connection refused.*\): check its address"
    ):
        store.has("sha256:" + "0" * 64)


@pytest.fixture
def private(tmp_path):
    """Start a registry that wants a password."""
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    with running_registry(auth=f"auth: {{htpasswd: {{realm: tests, path: {tmp_path}/htpasswd}}}}\n") as registry:
        yield registry


def test_a_password_opens_a_private_registry(private, nobody):
    """What docker login has kept is used."""
    nobody(private.url, "flows", "open sesame")
    store = store_at(private.url)
    assert read(store, put(store, b"secret").digest) == b"secret"


def test_a_password_from_the_environment_is_used(private, nobody, monkeypatch):
    """CI services hand credentials over in DOCKER_AUTH_CONFIG."""
    auth = "Zmxvd3M6b3BlbiBzZXNhbWU="
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", f'{{"auths": {{"{private.url}": {{"auth": "{auth}"}}}}}}')
    assert not store_at(private.url).has("sha256:" + "0" * 64)


def test_a_wrong_password_is_refused_by_name(private, nobody, tmp_path):
    """The error says whose credentials, from which file, and what to do."""
    nobody(private.url, "flows", "wrong")
    with pytest.raises(
        ImageAccessError, match=rf"refuses the credentials in {tmp_path}/docker/config.json .*docker login"
    ):
        put(store_at(private.url), b"x")


def test_nobody_is_refused_by_a_private_registry(private, nobody):
    """Without credentials the error says how to get some."""
    with pytest.raises(ImageAccessError, match="refuses anybody without credentials"):
        store_at(private.url).manifest("latest")


def test_tokens_are_got_for_what_is_done(nobody, tmp_path):
    """One token for reading and writing, and one more for what is mounted from elsewhere."""
    with (
        token_service(tmp_path, {"flows": "open sesame"}) as service,
        running_registry(auth=service.config) as registry,
    ):
        nobody(registry.url, "flows", "open sesame")
        one, two = store_at(f"{registry.url}/one"), store_at(f"{registry.url}/two")
        blob = put(one, b"shared")
        assert two.mount(blob.digest, "one/etl")
        assert read(two, blob.digest) == b"shared"
        assert service.asked[-1] == ["repository:two/etl:pull,push", "repository:one/etl:pull"]


def test_a_token_that_is_not_given_is_a_refusal(nobody, tmp_path):
    """A wrong password is refused by the token service, and so by us."""
    with (
        token_service(tmp_path, {"flows": "open sesame"}) as service,
        running_registry(auth=service.config) as registry,
    ):
        nobody(registry.url, "flows", "wrong")
        with pytest.raises(ImageAccessError, match="docker login"):
            put(store_at(registry.url), b"x")


def test_many_threads_share_a_store(group):
    """Finding out how a registry speaks happens once, and no thread guesses meanwhile."""
    store, failures = store_at(group), []

    def ask():
        try:
            store.has("sha256:" + "0" * 64)
        except ImageError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_password_is_not_sent_in_clear(nobody):
    """A registry that sends people elsewhere for tokens without TLS gets nothing."""
    asked = []
    session = requests.Session()
    auth = RegistryAuth("h.io", list, lambda: Credentials("me", "secret"), session)
    session.get = lambda *_, **__: asked.append(1)
    with pytest.raises(ImageAccessError, match="passwords go over TLS only"):
        auth._respond('Bearer realm="http://token.example/t",service="h.io"')
    assert asked == []


def test_a_part_that_arrived_unanswered_is_not_sent_twice(group, small_parts, monkeypatch):
    """The registry is asked what it has; one that can't tell, as this, gets the blob anew, and never a part twice."""
    store, data, methods = store_at(group, retries=Retry(total=2, backoff_factor=0)), os.urandom(5000), []
    ask = store.ask

    def loses_an_answer(method, url, **options):
        response = ask(method, url, **options)
        methods.append(method)
        if methods.count("PATCH") == 2 and method == "PATCH":
            raise requests.ConnectionError("the answer is lost")
        return response

    monkeypatch.setattr(store, "ask", loses_an_answer)
    assert read(store, put(store, data).digest) == data
    assert methods[:4] == ["POST", "PATCH", "PATCH", "GET"]
