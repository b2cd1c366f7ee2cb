"""Image registries: the OCI distribution protocol, over ``requests``."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry

from jupyter_flows.errors import ImageAccessError, ImageError, ImageGoneError
from jupyter_flows.images.credentials import Credentials, find_credentials
from jupyter_flows.images.manifest import INDEXES, MANIFESTS, OCI_MANIFEST, Blob, digest_of
from jupyter_flows.images.reference import DEFAULT_HOST, Reference
from jupyter_flows.images.registry_auth import RegistryAuth

#: A part of an upload; what memory an upload takes.
PART_BYTES = 4 << 20
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
#: HEAD and GET are asked again as they are; uploads are resumed from where the registry says they are.
RETRIES = Retry(
    total=4, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET", "HEAD"),
    raise_on_status=False,
)  # fmt: skip
_SERVER_ERROR = 500
_CERTIFICATES = ("~/.config/containers/certs.d", "/etc/containers/certs.d", "~/.docker/certs.d", "/etc/docker/certs.d")


class RegistryStore:
    """One repository of an image registry."""

    def __init__(self, reference: Reference, *, push: bool = False, retries: Retry = RETRIES):
        self.reference, self._push, self._retries = reference, push, retries
        #: Repositories of the same registry that blobs are mounted from.
        self.sources: set[str] = set()
        self._known: list[Credentials | None] = []
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(max_retries=retries, pool_maxsize=8))
        self._session.mount("https://", HTTPAdapter(max_retries=retries, pool_maxsize=8))
        #: The certificate that this host's has to be signed by; None for whom the system trusts.
        self._verify: str | None = None
        self._certificates()
        host = "registry-1.docker.io" if reference.host == DEFAULT_HOST else reference.host
        self._host = host
        self._session.auth = RegistryAuth(host, self._scopes, self._credentials, self._session)
        self._root = f"https://{host}"
        self._probed = not reference.loopback
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The repository."""
        return f"{self.reference.host}/{self.reference.name}"

    # -- the store's methods ---------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        """Ask for a blob's head."""
        response = self._ask("HEAD", f"blobs/{digest}", allowed=(404,))
        return response.ok

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        """Stream a blob."""
        response = self._ask("GET", f"blobs/{digest}", stream=True)
        try:
            yield response.raw
        except HTTPError as error:
            raise ImageError(f"The image registry {self._host} broke off ({error}): try again.") from None
        finally:
            response.close()

    def manifest(self, version: str) -> tuple[bytes, str | None]:
        """Ask for a manifest or index of any kind."""
        headers = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
        response = self._ask("GET", f"manifests/{version}", headers=headers)
        return response.content, response.headers.get("Content-Type", "").partition(";")[0] or None

    def put_manifest(self, data: bytes, tag: str | None) -> None:
        """Send a manifest: from now on the image is there."""
        headers = {"Content-Type": OCI_MANIFEST}
        self._ask("PUT", f"manifests/{tag or digest_of(data)}", data=data, headers=headers)

    def mount(self, digest: str, repository: str) -> bool:
        """Make a blob of another repository of this registry ours without sending it; False where that can't be."""
        if repository not in self.sources:
            self.sources.add(repository)
            # The next challenge gets a token for that repository, too.
            self._session.auth = RegistryAuth(self._host, self._scopes, self._credentials, self._session)
        asked = {"mount": digest, "from": repository}
        response = self._ask("POST", "blobs/uploads/", params=asked, allowed=(401, 403, 404))
        if response.status_code == requests.codes.accepted:
            # An upload was begun instead: nobody wants it.
            self._ask("DELETE", self._location(response), allowed=(404, 405))
        return response.status_code == requests.codes.created

    def put(self, blob: Blob, source: Any) -> int:
        """Send a blob in parts; where the line breaks, go on from what the registry has."""
        upload = _Upload(self, blob)
        retries = self._retries
        while True:
            try:
                with source() as file:
                    return upload.send(file)
            except (requests.ConnectionError, requests.Timeout, _Unsteady) as error:
                try:
                    retries = retries.increment("PATCH", upload.where, error=_as_broken(error))
                except (MaxRetryError, HTTPError):
                    raise ImageError(
                        f"The image registry {self._host} stopped answering while a layer was sent ({_why(error)}). "
                        "Nothing was registered; layers sent before stay there, so trying again goes on from here."
                    ) from None
                retries.sleep()
                upload.unsure = True

    # -- speaking ----------------------------------------------------------------------------------------

    def _scopes(self) -> list[str]:
        mine = f"repository:{self.reference.name}:pull" + (",push" if self._push else "")
        return [mine, *(f"repository:{name}:pull" for name in sorted(self.sources))]

    def _credentials(self) -> Credentials | None:
        if not self._known:
            self._known.append(find_credentials(self.reference.host))
        return self._known[0]

    def _certificates(self) -> None:
        """Trust the certificates that engines keep for this host."""
        for folder in (Path(name).expanduser() / self.reference.host for name in _CERTIFICATES):
            if (folder / "ca.crt").is_file():
                self._verify = str(folder / "ca.crt")
            if (folder / "client.cert").is_file():
                self._session.cert = (str(folder / "client.cert"), str(folder / "client.key"))

    def _probe(self) -> None:
        """Find out whether this machine's own registry speaks TLS, as engines do for loopback addresses."""
        with requests.Session() as once:
            try:
                once.get(f"https://{self._host}/v2/", timeout=CONNECT_SECONDS, verify=self._verify)
            except requests.exceptions.SSLError as error:
                if "WRONG_VERSION" in str(error) or "wrong version" in str(error):
                    self._root = f"http://{self._host}"
            except requests.ConnectionError:
                self._root = f"http://{self._host}"

    def url(self, path: str) -> str:
        """Return the address of something of this repository's."""
        with self._lock:
            if not self._probed:
                self._probe()
                self._probed = True
        return path if path.startswith("http") else f"{self._root}/v2/{self.reference.name}/{path}"

    def ask(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request; raise what `requests` raises."""
        patience = (CONNECT_SECONDS, READ_SECONDS)
        return self._session.request(method, url, timeout=patience, verify=self._verify, **options)

    def _ask(self, method: str, path: str, *, allowed: tuple[int, ...] = (), **options: Any) -> requests.Response:
        try:
            response = self.ask(method, self.url(path), **options)
        except requests.RequestException as error:
            raise ImageError(
                f"The image registry {self._host} can't be reached ({_why(error)}): check its address and the network."
            ) from None
        if not response.ok and response.status_code not in allowed:
            self.refuse(response, path)
        return response

    def refuse(self, response: requests.Response, what: str) -> None:
        """Raise the error that a response stands for."""
        said = _said(response)
        if response.status_code in (401, 403):
            known = self._credentials()
            who = f"the credentials in {known.source}" if known else "anybody without credentials"
            raise ImageAccessError(
                f"The image registry {self._host} refuses {who} for {self.reference.name} ({said}): "
                f'log in with "docker login {self.reference.host}", or ask for access.'
            )
        if response.status_code == requests.codes.not_found:
            raise ImageGoneError(f"The image registry {self._host} has no {self.reference.name} {what} ({said}).")
        raise ImageError(f"The image registry {self._host} failed at {what} of {self.reference.name}: {said}.")

    def _location(self, response: requests.Response) -> str:
        return urljoin(response.url, response.headers["Location"])


class _Unsteady(Exception):
    """A registry that answers, but with errors of its own."""


class _Upload:
    """One blob on its way."""

    def __init__(self, store: RegistryStore, blob: Blob):
        self._store, self._blob = store, blob
        self.where = ""
        self._offset = 0
        self._sent = 0
        #: Whether a part was on its way when the line broke.
        self.unsure = False

    def send(self, file: IO[bytes]) -> int:
        """Send what the registry has not; return all bytes sent for this blob."""
        if self.where and self.unsure:
            self._find_out()
        if not self.where:
            self._begin()
        self.unsure = False
        _skip(file, self._offset)
        part = _read_part(file)
        while len(part) == PART_BYTES:
            self._part(part)
            part = _read_part(file)
        self._finish(part)
        return self._sent

    def _find_out(self) -> None:
        """Ask how much has arrived; the upload begins anew where it is not known any more."""
        response = self._store.ask("GET", self.where)
        if response.status_code == requests.codes.no_content:
            _, _, last = response.headers.get("Range", "0-0").rpartition("-")
            # "0-0" is how registries say both nothing and one byte: nothing is safe to say.
            self._offset = int(last) + 1 if int(last) else 0
            self.where = urljoin(response.url, response.headers.get("Location", self.where))
        else:
            self.where, self._offset = "", 0

    def _begin(self) -> None:
        response = self._checked(self._store.ask("POST", self._store.url("blobs/uploads/")))
        self.where = urljoin(response.url, response.headers["Location"])
        self._offset = 0

    def _part(self, data: bytes) -> None:
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{self._offset}-{self._offset + len(data) - 1}",
        }
        response = self._checked(self._store.ask("PATCH", self.where, data=data, headers=headers))
        self.where = urljoin(response.url, response.headers["Location"])
        self._offset += len(data)
        self._sent += len(data)

    def _finish(self, data: bytes) -> None:
        mark = "&" if urlsplit(self.where).query else "?"
        headers = {"Content-Type": "application/octet-stream"}
        address = f"{self.where}{mark}digest={self._blob.digest}"
        self._checked(self._store.ask("PUT", address, data=data, headers=headers))
        self._sent += len(data)

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.status_code >= _SERVER_ERROR or response.status_code in (404, 416, 429):
            raise _Unsteady(_said(response))
        if not response.ok:
            self._store.refuse(response, f"upload of {self._blob.digest}")
        return response


def _read_part(file: IO[bytes]) -> bytes:
    """Read a whole part, or what is left; streams give less than they are asked for."""
    whole = io.BytesIO()
    while whole.tell() < PART_BYTES and (data := file.read(PART_BYTES - whole.tell())):
        whole.write(data)
    return whole.getvalue()


def _skip(file: IO[bytes], size: int) -> None:
    while size > 0 and (data := file.read(min(size, PART_BYTES))):
        size -= len(data)


def _as_broken(error: Exception) -> HTTPError:
    return HTTPError(_why(error))


def _why(error: Exception) -> str:
    """Return the innermost reason, without the addresses of objects."""
    while error.__cause__ or error.__context__:
        inner = error.__cause__ or error.__context__
        if not isinstance(inner, OSError | HTTPError):
            break
        error = inner
    reason = getattr(error, "strerror", None) or str(getattr(error, "reason", None) or error)
    return reason.rpartition(">: ")[2] or type(error).__name__


def _said(response: requests.Response) -> str:
    """Return what a registry says in its own words, with the status."""
    try:
        errors = response.json().get("errors") or [{}]
        words = errors[0].get("message") or errors[0].get("code") or ""
    except (ValueError, AttributeError, IndexError, requests.RequestException):
        words = ""
    return f"{response.status_code} {words or response.reason or ''}".strip()
