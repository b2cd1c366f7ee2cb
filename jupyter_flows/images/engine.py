"""Find and open a container engine: Docker's, or Podman's in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

#: How long an engine may take to answer where nobody said that there is one.
MOMENT_SECONDS = 5.0
#: How long an engine may be silent before a request to it is given up.
REQUEST_SECONDS = 60.0


def open_engine(
    base_url: str | None = None, tls_config: Mapping[str, Any] | None = None, *, timeout: float = REQUEST_SECONDS
) -> DockerClient:
    """Return a client of an engine that has answered; raise `EngineError` when none does.

    Without `base_url` it is the one that ``DOCKER_HOST`` or the current ``docker context`` names, else whichever
    socket of Docker's or Podman's is there. `tls_config` holds arguments of `docker.tls.TLSConfig`.
    """
    from docker.errors import DockerException

    try:
        client = _client(base_url, tls_config, timeout)
    except (DockerException, OSError, ValueError) as error:
        raise EngineError(_nothing_at(base_url, error)) from None
    try:
        client.ping()
    except (DockerException, OSError) as error:
        client.close()
        raise EngineError(_nothing_at(base_url or client.api.base_url, error)) from None
    return client


def engine_sockets(environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Yield where engines listen when nobody has said otherwise, Docker's before Podman's."""
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    yield Path("/var/run/docker.sock")
    yield runtime / "docker.sock"
    yield Path.home() / ".docker/run/docker.sock"
    yield runtime / "podman/podman.sock"
    yield Path("/run/podman/podman.sock")


def _client(base_url: str | None, tls_config: Mapping[str, Any] | None, timeout: float) -> DockerClient:
    import docker
    from docker.tls import TLSConfig

    tls = TLSConfig(**tls_config) if tls_config else False
    if base_url:
        return docker.DockerClient(base_url=base_url, tls=tls, timeout=timeout)
    if not os.environ.get("DOCKER_HOST") and not _chosen_context():
        for path in engine_sockets():
            if path.is_socket():
                return docker.DockerClient(base_url=f"unix://{path}", tls=tls, timeout=timeout)
    return docker.from_env(timeout=timeout)


def _chosen_context() -> bool:
    """Tell whether the user has chosen a context of ``docker``'s other than its default."""
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    return context is not None and context.name != "default"


def _nothing_at(base_url: str | None, error: Exception) -> str:
    where = f" at {base_url}" if base_url else ""
    return (
        f"No container engine answers{where} ({str(error).partition(chr(10))[0][:200]}): start Docker or Podman, or "
        "say where it is, as DOCKER_HOST=unix:///path/to.sock."
    )
