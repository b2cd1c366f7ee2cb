"""Registering: check, build, record. Policy only; each step is another room's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from jupyter_flows.capture.checks import Finding, grouped
from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.changes import Change, changes
from jupyter_flows.core.code_diff import code_in, code_of
from jupyter_flows.core.document import to_document
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.place import Place
from jupyter_flows.environments.storage import Storage, storage_from_json
from jupyter_flows.errors import DefinitionError, FlowsError, NoSuchError, RegisterRefused, StorageError
from jupyter_flows.registry import Registry, Version, open_registry


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering did."""

    project: str
    flow: str
    version: int
    #: The flow's digest, of meaning.
    digest: str
    #: Whether this is a new version; False means that nothing had changed.
    created: bool
    artifact: Artifact
    findings: tuple[Finding, ...]
    #: What changed since the version before, in words; empty when nothing did.
    changes: tuple[Change, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return what ``register --json`` prints."""
        return {
            "project": self.project,
            "flow": self.flow,
            "version": self.version,
            "digest": self.digest,
            "created": self.created,
            "artifact": self.artifact.to_json(),
            "findings": [f.to_json() for f in self.findings],
            "changes": [str(c) for c in self.changes],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """What registering would do."""

    project: str
    flow: str
    #: The version it would be.
    version: int
    digest: str
    created: bool
    changes: tuple[Change, ...]


def register(
    flow: Flow,
    project: str,
    *,
    build: bool = True,
    labels: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    findings: Sequence[Finding] = (),
    place: Place | None = None,
    registry: Registry | None = None,
    clock: Callable[[], float] = time.perf_counter,
    say: Callable[[str], None] = lambda _: None,
    **storage_kwargs: Any,
) -> Registration:
    """Check a flow, build its storage and record it; a flow that means the same keeps its version.

    `storage_kwargs` are applied to the flow's storage, and `say` is told, a line at a time, how its building goes.
    Raises `RegisterRefused` when `findings` holds errors, `StorageOptionError` for a kwarg that the storage does not
    take, and `StaleBuildError` when `build` is False and the flow changed since it was built. Nothing is recorded then.
    """
    started = clock()
    refuse_errors(findings)
    storage = _storage(flow, storage_kwargs)
    storage.say = say
    with _opened(registry) as books:
        document = to_document(flow, labels=labels or ())
        previous = _latest(books, _project(project), flow.name)
        artifact = storage.build() if build else storage.prebuilt(to_document(flow))
        version, created = books.flows.record(
            project,
            document,
            artifact,
            place=place or Place.here(notebook=_path(flow)),
            idempotency_key=idempotency_key,
        )
    flow.freeze()
    news = tuple(changes(previous.document if previous else None, version.document)) if created else ()
    return Registration(
        version.project,
        version.flow,
        version.version or 0,
        version.digest,
        created,
        version.artifact,
        tuple(findings),
        news,
        clock() - started,
    )


def preview(
    flow: Flow,
    project: str,
    *,
    labels: Iterable[str] | None = None,
    findings: Sequence[Finding] = (),
    registry: Registry | None = None,
    **storage_kwargs: Any,
) -> Preview:
    """Say what registering would do, and do none of it."""
    refuse_errors(findings)
    _storage(flow, storage_kwargs)
    with _opened(registry) as books:
        document = to_document(flow, labels=labels or ())
        latest = _latest(books, _project(project), flow.name)
    old_code = stored_code(latest) if latest else None
    news = changes(latest.document if latest else None, document, old_code=old_code, new_code=code_of(flow))
    same = latest is not None and latest.digest == document["digest"]
    number = (latest.version or 0) if latest else 0
    return Preview(
        project, flow.name, number if same else number + 1, document["digest"], not same, () if same else tuple(news)
    )


def stored_code(version: Version) -> dict[str, str]:
    """Return the code of a version's cells, by slug; nothing where its storage can't be read here.

    Only text is read: nothing is unpickled.
    """
    try:
        return code_in(storage_from_json(version.document["storage"]).load(version.artifact))
    except (FlowsError, OSError, KeyError, TypeError, ValueError):
        return {}


def _opened(registry: Registry | None) -> AbstractContextManager[Registry]:
    """Return the given registry, left open afterwards, or the user's, closed afterwards."""
    return open_registry() if registry is None else nullcontext(registry)


def _project(project: str) -> str:
    if not isinstance(project, str) or not project.strip():
        raise DefinitionError(f"A project's name is a text of at least one character, not {project!r}.")
    return project


def _path(flow: Flow) -> str | None:
    return flow.origin.path if flow.origin else None


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Raise `RegisterRefused` when a finding is an error."""
    errors = [f for f in findings if f.level == "error"]
    if errors:
        raise RegisterRefused("\n".join(map(str, grouped(errors))) + "\nNothing was registered.", findings)


def _storage(flow: Flow, options: dict[str, Any]) -> Storage:
    storage = flow.storage
    if not isinstance(storage, Storage):
        raise StorageError(f"Flow {flow.name!r} has no storage to be kept in: set f.storage.")
    storage.configure(**options)
    if not storage.lasting:
        raise StorageError(f"{storage.kind} storage is gone with this process, so no agent could load it: use Local().")
    return storage


def _latest(registry: Registry, project: str, name: str) -> Version | None:
    try:
        return registry.flows.get(project, name)
    except NoSuchError:
        return None
