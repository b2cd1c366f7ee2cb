"""Flows and their versions in the registry."""

from __future__ import annotations

import builtins
import difflib
import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.document import Document
from jupyter_flows.core.labels import normalize
from jupyter_flows.core.place import Place
from jupyter_flows.core.state import FINISHED
from jupyter_flows.errors import ClashError, DefinitionError, NoSuchError, RegistryError, listed
from jupyter_flows.registry import queries
from jupyter_flows.registry.database import Database
from jupyter_flows.registry.rows import Version
from jupyter_flows.registry.schema import flows, projects, runs, versions

#: The largest flow.json that is recorded: ten thousand tasks take about four million bytes.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_NAME_CHARACTERS = 200
#: So many names an error message may hold.
_FEW = 3


class Flows:
    """Record and find the versions of flows."""

    def __init__(self, database: Database, *, clock: Callable[[], float]):
        self._database, self._clock = database, clock

    def record(
        self, project: str, document: Document, artifact: Artifact, *, place: Place, idempotency_key: str | None = None
    ) -> tuple[Version, bool]:
        """Record a flow; return its version and whether it is a new one.

        A flow that means the same as the latest version (same digest), or comes with the latest version's
        `idempotency_key`, makes no new one. In the first case the version is refreshed: its place, artifact
        and text (formatting, Markdown) become those given, so that its runs use what was seen last.
        All in one transaction: a failure leaves nothing half recorded.
        """
        text = _checked(project, document)
        with self._database.write() as connection:
            flow_id = self._flow_id(connection, project, document["name"])
            latest = connection.execute(queries.LATEST.where(versions.c.flow_id == flow_id)).one_or_none()
            same_key = latest is not None and idempotency_key is not None and latest.idempotency_key == idempotency_key
            if latest is not None and latest.digest == document["digest"]:
                values = self._values(document, text, artifact, place)
                kept_key = idempotency_key or latest.idempotency_key
                connection.execute(
                    update(versions).where(versions.c.id == latest.id).values(**values, idempotency_key=kept_key)
                )
            if latest is not None and (same_key or latest.digest == document["digest"]):
                return _version_by_id(connection, latest.id), False
            number = 1 if latest is None else latest.number + 1
            values = self._values(document, text, artifact, place)
            new = self._insert(connection, flow_id, number, idempotency_key, values)
            return _version_by_id(connection, new), True

    def draft(self, project: str, document: Document, artifact: Artifact, *, place: Place) -> Version:
        """Record what a person sees now for a run of it: no version number, not listed, never the latest."""
        text = _checked(project, document)
        with self._database.write() as connection:
            flow_id = self._flow_id(connection, project, document["name"])
            new = self._insert(connection, flow_id, None, None, self._values(document, text, artifact, place))
            return _version_by_id(connection, new)

    def get(self, project: str, name: str, version: int | None = None) -> Version:
        """Return a version of a flow, the latest by default; raise `NoSuchError`, naming what is near."""
        with self._database.read() as connection:
            chosen = queries.LATEST if version is None else queries.VERSIONS.where(versions.c.number == version)
            row = connection.execute(chosen.where(projects.c.name == project, flows.c.name == name)).one_or_none()
            if row is None:
                raise _missing(connection, project, name, version)
            return _version(row)

    def find(self, text: str, *, project: str | None = None, version: int | None = None) -> Version:
        """Return the version that ``name`` or ``project/name`` means; raise `NoSuchError` or `ClashError`."""
        matches = [(p, n) for p, n in self._names() if text in (n, f"{p}/{n}") and project in (None, p)]
        exact = [match for match in matches if match[1] == text] or matches
        if len(exact) > 1:
            full = listed(f"{p}/{n}" for p, n in exact)
            raise ClashError(f"Flow {text!r} is in several projects: say which of {full}.")
        if exact:
            return self.get(*exact[0], version)
        raise NoSuchError(f"There is no flow {text!r}{_in(project)}{_near(text, self._names())}.")

    def list(self, project: str | None = None) -> list[Version]:
        """Return the latest version of every flow (of a project), sorted by project and name."""
        chosen = queries.LATEST.order_by(projects.c.name, flows.c.name)
        if project is not None:
            chosen = chosen.where(projects.c.name == project)
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(chosen)]

    def versions(self, project: str, name: str) -> builtins.list[Version]:
        """Return every version of a flow, newest first; raise `NoSuchError` when there is none."""
        mine = queries.VERSIONS.where(projects.c.name == project, flows.c.name == name)
        chosen = mine.where(versions.c.number.is_not(None))
        with self._database.read() as connection:
            found = [_version(row) for row in connection.execute(chosen.order_by(versions.c.number.desc()))]
            if not found:
                raise _missing(connection, project, name, None)
            return found

    def projects(self) -> builtins.list[str]:
        """Return the names of all projects that have a registered flow, sorted."""
        return sorted({project for project, _ in self._names()})

    def delete(self, project: str, name: str) -> int:
        """Remove a flow with its versions and runs; return how many versions went.

        Raises `NoSuchError` when there is none and `ClashError` while a run of it goes on.
        """
        with self._database.write() as connection:
            flow_id = connection.execute(
                select(flows.c.id)
                .select_from(flows.join(projects))
                .where(projects.c.name == project, flows.c.name == name)
            ).scalar()
            if flow_id is None:
                raise _missing(connection, project, name, None)
            going = connection.execute(
                select(runs.c.id)
                .join(versions)
                .where(versions.c.flow_id == flow_id, runs.c.state.not_in([*FINISHED]), runs.c.lease_until.is_not(None))
            ).scalars()
            if busy := list(going):
                raise ClashError(f"Flow {name!r} has runs that go on ({busy[0]}): cancel them before you delete it.")
            counted = select(func.count()).where(versions.c.flow_id == flow_id, versions.c.number.is_not(None))
            number = connection.execute(counted).scalar_one()
            connection.execute(delete(flows).where(flows.c.id == flow_id))
            return int(number)

    def artifacts(self) -> builtins.list[Artifact]:
        """Return every artifact that a version or draft still refers to."""
        chosen = select(versions.c.artifact_uri, versions.c.artifact_digest, versions.c.artifact_size_bytes).distinct()
        with self._database.read() as connection:
            return [Artifact(*row) for row in connection.execute(chosen)]

    def forget_drafts(self) -> int:
        """Remove the drafts that no run needs any more; return how many went."""
        used = select(runs.c.id).where(runs.c.version_id == versions.c.id).exists()
        with self._database.write() as connection:
            return connection.execute(delete(versions).where(versions.c.number.is_(None), ~used)).rowcount

    def _names(self) -> builtins.list[tuple[str, str]]:
        mine = select(versions.c.id).where(versions.c.flow_id == flows.c.id, versions.c.number.is_not(None))
        chosen = select(projects.c.name, flows.c.name).join_from(flows, projects).where(mine.exists())
        with self._database.read() as connection:
            return [(project, name) for project, name in connection.execute(chosen)]

    def _flow_id(self, connection: Connection, project: str, name: str) -> int:
        now = self._clock()
        project_id = connection.execute(select(projects.c.id).where(projects.c.name == project)).scalar()
        if project_id is None:
            made = insert(projects).values(name=project, created_at=now).returning(projects.c.id)
            project_id = connection.execute(made).scalar_one()
        mine = select(flows.c.id).where(flows.c.project_id == project_id, flows.c.name == name)
        flow_id = connection.execute(mine).scalar()
        if flow_id is None:
            added = insert(flows).values(project_id=project_id, name=name, created_at=now).returning(flows.c.id)
            flow_id = connection.execute(added).scalar_one()
        return int(flow_id)

    def _values(self, document: Document, text: str, artifact: Artifact, place: Place) -> dict[str, Any]:
        return {
            "digest": document["digest"],
            "document": text,
            "artifact_uri": artifact.uri,
            "artifact_digest": artifact.digest,
            "artifact_size_bytes": artifact.size_bytes,
            "place": json.dumps(place.to_json()),
            "updated_at": self._clock(),
        }

    def _insert(
        self, connection: Connection, flow_id: int, number: int | None, key: str | None, values: dict[str, Any]
    ) -> int:
        made = insert(versions).values(
            flow_id=flow_id, number=number, idempotency_key=key, created_at=values["updated_at"], **values
        )
        return int(connection.execute(made.returning(versions.c.id)).scalar_one())


def _checked(project: str, document: Document) -> str:
    """Return the document as text; raise for names, labels or sizes that can't be recorded."""
    for what, name in (("project", project), ("flow", document["name"])):
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_CHARACTERS or not _is_text(name):
            raise DefinitionError(f"A {what}'s name is a text of 1 to {MAX_NAME_CHARACTERS} characters, not {name!r}.")
    normalize(document["labels"])
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    if len(text) > MAX_DOCUMENT_BYTES:
        raise RegistryError(
            f"Flow {document['name']!r} describes itself in {len(text):,} bytes, more than {MAX_DOCUMENT_BYTES:,}: "
            "move data out of its tasks' arguments, or split it."
        )
    return text


def _is_text(name: str) -> bool:
    """Tell whether a name can be written down: file names that are no UTF-8 give strings that can't."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _version_by_id(connection: Connection, version_id: int) -> Version:
    return _version(connection.execute(queries.VERSION, {"wanted": version_id}).one())


def read_version(connection: Connection, version_id: int) -> Version:
    """Return a version by its id, inside another's transaction."""
    return _version_by_id(connection, version_id)


def _version(row: Row[Any]) -> Version:
    document = json.loads(row.document)
    return Version(
        id=row.id,
        project=row.project_name,
        flow=row.flow_name,
        version=row.number,
        digest=row.digest,
        document=document,
        artifact=Artifact(row.artifact_uri, row.artifact_digest, row.artifact_size_bytes),
        labels=normalize(document["labels"]),
        place=Place.from_json(json.loads(row.place)),
        created_at=row.created_at,
    )


def _missing(connection: Connection, project: str, name: str, version: int | None) -> NoSuchError:
    chosen = select(versions.c.number).select_from(versions.join(flows).join(projects))
    mine = chosen.where(projects.c.name == project, flows.c.name == name, versions.c.number.is_not(None))
    numbers = sorted(connection.execute(mine).scalars())
    if numbers and version is not None:
        return NoSuchError(f"Flow {project}/{name} has no version {version}; it has {numbers[0]} to {numbers[-1]}.")
    names = connection.execute(select(projects.c.name, flows.c.name).join_from(flows, projects)).all()
    return NoSuchError(f"There is no flow {name!r}{_in(project)}{_near(name, [(p, n) for p, n in names])}.")


def _in(project: str | None) -> str:
    return f" in project {project!r}" if project else ""


def _near(text: str, names: Iterable[tuple[str, str]]) -> str:
    """Name up to three flows that a person may have meant."""
    full = {f"{project}/{name}": name for project, name in names}
    wanted = text.rpartition("/")[2]
    words = difflib.get_close_matches(wanted, set(full.values()), n=_FEW)
    near = [name for name, short in full.items() if short in words or short == wanted]
    if near:
        return f"; did you mean {listed(near[:_FEW])}?"
    return f"; there is {listed(full)}" if 0 < len(full) <= _FEW else '; "jupyter flows list" shows what there is'
