"""The Docker agent: it runs flows that are kept in images, each run in a container of its own."""

from __future__ import annotations

import io
import logging
import secrets
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from jupyter_flows.agent.base import LEASE_SECONDS, POLL_SECONDS, BaseAgent
from jupyter_flows.agent.container import Container
from jupyter_flows.agent.images import Images
from jupyter_flows.agent.notebooks import write_executed
from jupyter_flows.agent.orphans import RUN, labels_of, reap
from jupyter_flows.core.bundle import IMAGE_FOLDER, Bundle
from jupyter_flows.core.events import Event
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.secrets import PREFIX, find_secret
from jupyter_flows.errors import AgentError, ArtifactError
from jupyter_flows.images.engine import open_engine
from jupyter_flows.images.reference import slug
from jupyter_flows.registry import Claim, Registry

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as Made

logger = logging.getLogger("jupyter_flows.agent")


class DockerAgent(BaseAgent):
    """Run what it takes in containers of an engine, pulled by digest; reporting needs no network.

    The engine is the one at `base_url` (with `tls_config`), else the one that ``docker`` itself would use. Runs see
    `env_vars`, the secrets that their cells name, and `volumes` (as ``/data:/data:ro``), are in `networks` and get
    at most `mem_limit` (as ``"2g"``) and `cpus`; `container_options` are any other arguments of
    `docker.models.containers.ContainerCollection.create`. Images come from anywhere, or from the hosts and groups
    of `registry_allow_list` only; with `no_pull` they have to be there.
    """

    kind = "docker"

    def __init__(
        self,
        labels: Iterable[str] | None = None,
        name: str | None = None,
        *,
        base_url: str | None = None,
        tls_config: Mapping[str, Any] | None = None,
        env_vars: Mapping[str, str] | None = None,
        volumes: Iterable[str] | None = None,
        networks: Iterable[str] | None = None,
        no_pull: bool = False,
        registry_allow_list: Iterable[str] | None = None,
        mem_limit: str | int | None = None,
        cpus: float | None = None,
        container_options: Mapping[str, Any] | None = None,
        max_runs: int | None = None,
        strict: bool = False,
        registry: Registry | None = None,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        say: Callable[[str], None] = print,
    ):
        super().__init__(
            labels,
            name,
            max_runs=max_runs,
            registry=registry,
            lease_seconds=lease_seconds,
            poll_seconds=poll_seconds,
            say=say,
        )
        self._base_url, self._tls_config = base_url, tls_config
        self._env_vars, self._strict, self._no_pull = dict(env_vars or {}), strict, no_pull
        self._allowed = None if registry_allow_list is None else tuple(registry_allow_list)
        self._networks = tuple(networks or ())
        limits = {"mem_limit": _bytes(mem_limit), "nano_cpus": None if cpus is None else int(cpus * 1e9)}
        self._options = {
            **({"volumes": list(volumes)} if volumes else {}),
            **{name: value for name, value in limits.items() if value is not None},
            **(container_options or {}),
        }

    def runner(self, registry: Registry, *, lasting: bool = True) -> _Containers:  # noqa: ARG002 - the contract's
        """Open the engine, and remove what agents that are gone left in it."""
        engine = open_engine(self._base_url, self._tls_config)
        reap(engine, registry)
        return _Containers(
            engine,
            Images(engine, no_pull=self._no_pull, allowed=self._allowed),
            marks=labels_of(registry, self.name),
            networks=self._networks,
            options=self._options,
            env=self._env_vars,
            strict=self._strict,
        )

    def where(self) -> str:
        """Name the engine."""
        with closing(open_engine(self._base_url, self._tls_config)) as engine:
            return f"in containers of the engine on {engine.info().get('Name', '?')} ({engine.api.base_url})"


def _bytes(limit: str | int | None) -> int | None:
    """Read a size as engines write it; raise `AgentError` at once for what is none."""
    from docker.errors import DockerException
    from docker.utils import parse_bytes

    try:
        return None if limit is None else int(parse_bytes(limit))
    except DockerException:
        raise AgentError(f"mem_limit is a size such as '512m' or '2g', not {limit!r}.") from None


class _Containers:
    """Runs as containers of one engine."""

    def __init__(
        self,
        engine: DockerClient,
        images: Images,
        *,
        marks: Mapping[str, str],
        networks: Sequence[str],
        options: Mapping[str, Any],
        env: Mapping[str, str],
        strict: bool,
    ):
        self._engine, self._images, self._marks = engine, images, marks
        self._networks, self._options, self._env, self._strict = networks, options, env, strict
        self._bundles: dict[int, Bundle] = {}
        self._running: set[Container] = set()

    def start(self, claim: Claim, take: Callable[[Event], None]) -> Container:
        name = f"jupyter-flows-{slug(claim.version.flow)}-run-{claim.run.id}-{secrets.token_hex(3)}"
        container = Container(
            self._job(claim).to_line(),
            take,
            name=name,
            fetch=lambda say: self._images.fetch(claim.version, say),
            make=lambda image: self._make(image, name, claim),
            made=lambda made: self._keep_bundle(made, claim),
        )
        self._running = {c for c in self._running if not c.finished} | {container}
        container.start()
        return container

    def before_end(self, registry: Registry, claim: Claim, last: Sequence[Event]) -> None:
        bundle = self._bundles.pop(claim.run.id, None)
        if bundle is not None:
            write_executed(registry, claim, last, lambda: bundle)

    def close(self) -> None:
        for container in self._running:
            container.kill()
        for container in self._running:
            container.wait()
        self._engine.close()

    def _job(self, claim: Claim) -> Job:
        version, document = claim.version, claim.version.document
        found = {name: find_secret(name) for name in document["secrets"]}
        return Job(
            run_id=claim.run.id,
            flow_name=version.flow,
            storage=document["storage"],
            artifact=version.artifact,
            parameters=claim.run.parameters,
            bundle_folder=IMAGE_FOLDER,
            needs_shell=bool(document["shell"]),
            pins=list(document["requirements"]),
            strict=self._strict,
            # Down the container's input, and not in its settings, which whoever may ask the engine can read.
            env={**{PREFIX + name: value for name, value in found.items() if value is not None}, **self._env},
        )

    def _make(self, image: str, name: str, claim: Claim) -> Made:
        from docker.types import LogConfig

        options = {
            # Its output are events, and its agent keeps them.
            "log_config": LogConfig(type="none"),
            # So that signals reach the run and nothing that it leaves behind stays.
            "init": True,
            **({"network": self._networks[0]} if self._networks else {}),
            **self._options,
        }
        marks = {**self._marks, **options.pop("labels", {}), RUN: str(claim.run.id)}
        made = self._engine.containers.create(image, ["--job"], name=name, labels=marks, stdin_open=True, **options)
        for network in self._networks[1:]:
            self._engine.networks.get(network).connect(made)
        return made

    def _keep_bundle(self, made: Made, claim: Claim) -> None:
        """Take the bundle out of the image for the executed notebook, with no image registry asked."""
        if claim.version.document["kind"] != "cells":
            return
        try:
            chunks, _ = made.get_archive(IMAGE_FOLDER)
            self._bundles[claim.run.id] = _unpacked(b"".join(chunks))
        except ArtifactError as error:
            logger.warning("Run %d will leave no executed notebook: %s", claim.run.id, error)


def _unpacked(archive: bytes) -> Bundle:
    """Read a bundle out of the tar that an engine makes of its folder."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name.partition("/")[2]] = content.read()
    if "flow.json" not in files:
        raise ArtifactError(f"the image has no flow in {IMAGE_FOLDER}")
    return Bundle(files)
