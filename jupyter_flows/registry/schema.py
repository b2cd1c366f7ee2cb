"""The registry's tables as they are now; `migrations` says how they came to be.

::

    projects ─< flows ─< versions ─< runs ─< run_states    (a history that only grows)
                                       │  ─< task_runs     (the last state of each task)
                                       │  ─< run_events    (what happened, in batches of JSON lines)
    label_sets ─< label_set_members    └─ agents
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

#: Marks a SQLite file as ours (``PRAGMA application_id``): "JFlw".
APPLICATION_ID = 0x4A466C77
#: The number of the newest migration.
SCHEMA = 2


class Time(TypeDecorator[datetime]):
    """An aware UTC time, kept as seconds since the epoch: compact, and compared the same by every database."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> float | None:  # noqa: ARG002 - the hook's signature
        """Write a time, or seconds since the epoch, as seconds."""
        return value.timestamp() if isinstance(value, datetime) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Read seconds as a time."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Time, nullable=nullable)


def _to(name: str, target: str, *, ondelete: str | None = None, nullable: bool = False, **options: Any) -> Column[int]:
    return Column(name, Integer, ForeignKey(target, ondelete=ondelete), nullable=nullable, **options)


#: Whose database this is, and its schema number.
meta = Table("meta", metadata, Column("key", Text, primary_key=True), _text("value"))

projects = Table("projects", metadata, _id(), Column("name", Text, nullable=False, unique=True), _time("created_at"))

flows = Table(
    "flows",
    metadata,
    _id(),
    _to("project_id", "projects.id", ondelete="CASCADE"),
    _text("name"),
    _time("created_at"),
    UniqueConstraint("project_id", "name"),
)

#: Each different set of labels once, so that a claim looks at one row a set, not one a run.
label_sets = Table(
    "label_sets",
    metadata,
    _id(),
    #: The labels as a JSON list, sorted.
    Column("labels", Text, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
)

label_set_members = Table(
    "label_set_members",
    metadata,
    _to("label_set_id", "label_sets.id", ondelete="CASCADE", primary_key=True),
    Column("label", Text, primary_key=True),
)

versions = Table(
    "versions",
    metadata,
    _id(),
    _to("flow_id", "flows.id", ondelete="CASCADE"),
    #: Absent for drafts.
    Column("number", Integer),
    _text("digest"),
    _text("document"),
    _text("artifact_uri"),
    _text("artifact_digest"),
    Column("artifact_size_bytes", BigInteger, nullable=False),
    _text("place"),
    _text("idempotency_key", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("flow_id", "number"),
)

agents = Table(
    "agents",
    metadata,
    _id(),
    _text("name"),
    _text("kind"),
    _to("label_set_id", "label_sets.id"),
    _text("host"),
    _text("user_name"),
    #: With `pid` and `pid_started`: tells from the same machine whether the process still lives.
    _text("machine"),
    Column("pid", Integer, nullable=False),
    Column("pid_started", BigInteger, nullable=False),
    Column("max_runs", Integer, nullable=False),
    Column("load", Integer, nullable=False),
    _text("software"),
    _time("started_at"),
    _time("beat_at"),
    _time("stopped_at", nullable=True),
    Index(
        "agents_one_a_name",
        "host",
        "name",
        unique=True,
        sqlite_where=text("stopped_at IS NULL"),
        postgresql_where=text("stopped_at IS NULL"),
    ),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    _to("version_id", "versions.id", ondelete="CASCADE"),
    _to("label_set_id", "label_sets.id"),
    _text("state"),
    _text("message"),
    _text("parameters"),
    _time("created_at"),
    _time("scheduled_at"),
    _time("started_at", nullable=True),
    _time("finished_at", nullable=True),
    _to("agent_id", "agents.id", ondelete="SET NULL", nullable=True),
    #: The fencing token: grows with each claim; a write that carries an older one is refused.
    Column("token", Integer, nullable=False),
    #: Set while an agent has the run.
    _time("lease_until", nullable=True),
    Column("lease_seconds", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    #: The number of the newest event stored.
    Column("last_seq", BigInteger, nullable=False),
    #: For a run that goes on from an earlier one, `Resume` as JSON.
    _text("resume", nullable=True),
    Index("runs_by_version", "version_id"),
    Index(
        "runs_waiting",
        "label_set_id",
        "scheduled_at",
        "id",
        sqlite_where=text("state = 'Scheduled'"),
        postgresql_where=text("state = 'Scheduled'"),
    ),
    Index(
        "runs_leased",
        "lease_until",
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
    # Ids are never used again, also not after runs were deleted: executed notebooks are named after them.
    sqlite_autoincrement=True,
)

run_states = Table(
    "run_states",
    metadata,
    _id(),
    _to("run_id", "runs.id", ondelete="CASCADE"),
    _text("state"),
    _text("message"),
    _time("at"),
    _to("agent_id", "agents.id", ondelete="SET NULL", nullable=True),
    Index("run_states_by_run", "run_id"),
)

task_runs = Table(
    "task_runs",
    metadata,
    _to("run_id", "runs.id", ondelete="CASCADE", primary_key=True),
    Column("task", Text, primary_key=True),
    #: -1 for a task that is not mapped.
    Column("map_index", Integer, primary_key=True),
    _text("state"),
    _text("message"),
    _time("started_at", nullable=True),
    _time("finished_at", nullable=True),
)

run_events = Table(
    "run_events",
    metadata,
    _to("run_id", "runs.id", ondelete="CASCADE", primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
    #: Events as JSON lines, in order.
    _text("lines"),
)
