"""Answering an image registry that asks who we are: passwords, and tokens got for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, _basic_auth_str
from requests.utils import parse_dict_header

from jupyter_flows.errors import ImageAccessError
from jupyter_flows.images.credentials import Credentials
from jupyter_flows.images.reference import is_loopback

_CLIENT = "jupyter-flows"


class RegistryAuth(AuthBase):
    """Sends nothing until it is asked, then what the challenge wants, and that from then on."""

    def __init__(
        self,
        host: str,
        scopes: Callable[[], Iterable[str]],
        credentials: Callable[[], Credentials | None],
        session: requests.Session,
    ):
        self._host, self._scopes, self._session = host, scopes, session
        self._credentials = credentials
        self._header: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add what the registry wants to a request, and listen for its answer."""
        if self._header:
            request.headers["Authorization"] = self._header
        request.register_hook("response", self._answer)
        return request

    def _answer(self, response: requests.Response, **options: Any) -> requests.Response:
        """Send the request again with what the registry asked for; once."""
        sent = response.request.headers.get("Authorization")
        if response.status_code != requests.codes.unauthorized or urlsplit(response.url).netloc != self._host:
            return response
        header = self._respond(response.headers.get("WWW-Authenticate", ""))
        if header is None or header == sent:
            return response
        self._header = header
        _ = response.content
        response.close()
        again = response.request.copy()
        again.headers["Authorization"] = header
        again.hooks["response"] = []
        answer: requests.Response = response.connection.send(again, **options)
        answer.history.append(response)
        answer.request = again
        return answer

    def _respond(self, challenge: str) -> str | None:
        kind, _, rest = challenge.partition(" ")
        known = self._credentials()
        if kind.lower() == "basic":
            return _basic_auth_str(known.user, known.password) if known else None
        if kind.lower() != "bearer":
            return None
        asked = parse_dict_header(rest)
        token = self._token(asked, known)
        return f"Bearer {token}" if token else None

    def _token(self, asked: Mapping[str, str | None], known: Credentials | None) -> str | None:
        """Get a token at the address that the challenge names, for all that we shall want."""
        realm, service = asked.get("realm") or "", asked.get("service") or ""
        address = urlsplit(realm)
        if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.netloc)):
            raise ImageAccessError(
                f"The image registry {self._host} sends people to {realm!r} for tokens: passwords go over TLS only."
            )
        scopes = list(self._scopes())
        if known and known.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": known.identity_token,
                "service": service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
            }
            response = self._session.post(realm, data=form, timeout=30, auth=_no_auth)
        else:
            query = [("service", service), ("client_id", _CLIENT), *(("scope", scope) for scope in scopes)]
            given = (known.user, known.password) if known else _no_auth
            response = self._session.get(realm, params=query, timeout=30, auth=given)
        if not response.ok:
            return None
        found = response.json()
        return str(found.get("token") or found.get("access_token") or "") or None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep ``requests`` from looking for credentials of its own."""
    return request
