"""From a claim to a job: what a local agent starts, or why it can't."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_flows.agent.results import prepare_results, results_path
from jupyter_flows.engine.launcher import Job
from jupyter_flows.environments.storage import Storage, storage_from_json
from jupyter_flows.errors import AgentError, UnknownStorageError
from jupyter_flows.executed.texts import texts_path
from jupyter_flows.registry import Claim, Version
from jupyter_flows.settings import load_settings


def local_job(claim: Claim, *, env: Mapping[str, str] | None = None, strict: bool = False) -> Job:
    """Describe the process that runs a claim here; raise `AgentError` when there can be none.

    A flow runs with the interpreter and in the folder that it was registered from, whatever environment
    the agent lives in.
    """
    version, document = claim.version, claim.version.document
    local_storage(version)
    return Job(
        run_id=claim.run.id,
        flow_name=version.flow,
        storage=document["storage"],
        artifact=version.artifact,
        parameters=claim.run.parameters,
        python=_interpreter(version),
        folder=_folder(version),
        needs_shell=bool(document["shell"]),
        pins=list(document["requirements"]),
        strict=strict,
        env=dict(env or {}),
        output_folder=str(texts_path(version.project, version.flow, claim.run.id)),
        scheduled_at=claim.run.scheduled_at.timestamp(),
        **_results(claim),
    )


def _results(claim: Claim) -> dict[str, Any]:
    """Return where a run of cells keeps its results, and whose it takes over."""
    run, resume = claim.run, claim.run.resume
    found: dict[str, Any] = {}
    if load_settings().keep_results != "none":
        found["results"] = str(prepare_results(run))
    if resume is not None:
        found |= {
            "resume": str(results_path(run.project, run.flow, resume.run_id)),
            "resumed_from": f"run {resume.run_id}",
            "again": resume.again,
        }
    return found


def local_storage(version: Version) -> Storage:
    """Return the storage that keeps a version; raise `AgentError` for one that a process here can't load."""
    data: dict[str, Any] | None = version.document["storage"]
    if data is None:
        raise AgentError("The flow is kept in no storage: register it with storage 'local'.")
    kind = str(data["class"]).rpartition(".")[2]
    try:
        # By name among those we know: no class is imported because a document says so.
        storage = storage_from_json(data)
    except UnknownStorageError:
        raise AgentError(
            f"A local agent can't run a flow kept in {kind} storage: start an agent for it, "
            "or register the flow with storage 'local'."
        ) from None
    if version.artifact.uri.startswith("docker-daemon:"):
        raise AgentError(
            "The flow's image is in an engine's own store, where a local agent has no way to it: start a docker agent, "
            "or register the flow with a registry_url."
        )
    if not storage.lasting:
        raise AgentError(f"{kind} storage is gone with the process that registered: register with storage 'local'.")
    return storage


def _interpreter(version: Version) -> str:
    python = version.place.python
    if not Path(python).is_file():
        raise AgentError(
            f"The interpreter {python}, which the flow was registered with{_elsewhere(version)}, is not here: "
            "register it again from an environment that exists on this machine."
        )
    return python


def _folder(version: Version) -> str:
    folder = version.place.folder
    if not Path(folder).is_dir():
        raise AgentError(
            f"The folder {folder}, which the flow was registered from{_elsewhere(version)}, is not here: "
            "bring it back, or register the flow again from where it is now."
        )
    return folder


def _elsewhere(version: Version) -> str:
    return "" if version.place.host == socket.gethostname() else f" on {version.place.host}"
