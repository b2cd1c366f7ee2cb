"""Who we are to an image registry: what ``docker login`` and its like have kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_flows.errors import ImageAccessError

#: What `docker.io` is called where credentials are kept.
_DOCKER_HUB = "https://index.docker.io/v1/"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and password, or a token to be refreshed."""

    user: str = ""
    password: str = ""
    identity_token: str = ""
    #: Where they were found, for messages.
    source: str = "nowhere"


def find_credentials(host: str, environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the credentials for a host, or None; raise `ImageAccessError` for a file that can't be read.

    Looked for in ``DOCKER_AUTH_CONFIG`` (JSON), then in the files that ``REGISTRY_AUTH_FILE`` names, of Podman, and of
    Docker; their credential helpers are asked.
    """
    for source, document in _documents(environ):
        found = _in(document, host, source)
        if found is not None:
            return found
    return None


def _documents(environ: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    if environ.get("DOCKER_AUTH_CONFIG"):
        found.append(("DOCKER_AUTH_CONFIG", _parsed(environ["DOCKER_AUTH_CONFIG"], "DOCKER_AUTH_CONFIG")))
    folder = environ.get("DOCKER_CONFIG") or "~/.docker"
    podman = environ.get("XDG_RUNTIME_DIR")
    paths = [
        environ.get("REGISTRY_AUTH_FILE"),
        f"{podman}/containers/auth.json" if podman else None,
        f"{folder}/config.json",
    ]
    files = [path for path in (Path(p).expanduser() for p in paths if p) if path.is_file()]
    return [*found, *((str(path), _parsed(path.read_text(encoding="utf-8"), str(path))) for path in files)]


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ImageAccessError(f"The image registries' credentials in {source} are no JSON ({error}).") from None
    return document if isinstance(document, dict) else {}


def _in(document: Mapping[str, Any], host: str, source: str) -> Credentials | None:
    from docker import auth, errors

    known = {key: document[key] for key in ("auths", "credHelpers", "credsStore") if document.get(key)}
    asked = _DOCKER_HUB if host == "docker.io" else host
    try:
        found = auth.load_config(config_dict=known).resolve_authconfig(asked) if known else None
    except (errors.DockerException, ValueError) as error:
        raise ImageAccessError(f"The credentials for {host} in {source} can't be used: {error}.") from None
    if not found:
        return None
    token = found.get("IdentityToken") or found.get("identitytoken") or ""
    user, password = found.get("Username") or found.get("username"), found.get("Password") or found.get("password")
    if not token and not user:
        return None
    return Credentials(user or "", password or "", token, source)
