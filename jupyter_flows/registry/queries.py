"""The registry's questions, each named and described once."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Update,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate  # noqa: TC002 - loaded already

from jupyter_flows.core.state import TRANSITIONS, StateName
from jupyter_flows.registry.labels import within
from jupyter_flows.registry.schema import (
    agents,
    flows,
    label_sets,
    projects,
    run_states,
    runs,
    task_runs,
    versions,
)

#: Written into the statement, not bound: only so is the index of waiting runs used.
SCHEDULED: ColumnElement[str] = literal_column("'Scheduled'")

#: To each state, the states it may follow: `core.state.TRANSITIONS` read backwards.
BEFORE: dict[StateName, tuple[str, ...]] = {
    new: tuple(old.value for old, allowed in TRANSITIONS.items() if new in allowed) for new in StateName
}

#: Versions with the names of their flow and project.
VERSIONS: Select[Any] = select(
    versions, flows.c.name.label("flow_name"), projects.c.name.label("project_name")
).select_from(versions.join(flows).join(projects))

_newer = versions.alias("newer")

#: The version that a flow's runs follow: its newest, drafts left out.
LATEST = VERSIONS.where(
    versions.c.number
    == select(func.max(_newer.c.number))
    .where(_newer.c.flow_id == versions.c.flow_id)
    .correlate(versions)
    .scalar_subquery()
)

#: Runs as people see them.
RUNS: Select[Any] = select(
    runs,
    versions.c.number.label("number"),
    flows.c.name.label("flow_name"),
    projects.c.name.label("project_name"),
    label_sets.c.labels.label("label_text"),
    agents.c.name.label("agent_name"),
).select_from(
    runs.join(versions)
    .join(flows)
    .join(projects)
    .join(label_sets, label_sets.c.id == runs.c.label_set_id)
    .outerjoin(agents, agents.c.id == runs.c.agent_id)
)

#: Run ``run``, as people see it.
RUN = RUNS.where(runs.c.id == bindparam("run"))

#: Version ``wanted``, by its id.
VERSION = VERSIONS.where(versions.c.id == bindparam("wanted"))

#: Agents with their labels.
AGENTS: Select[Any] = select(agents, label_sets.c.labels.label("label_text")).select_from(agents.join(label_sets))

#: A run's state history, oldest first.
HISTORY: Select[Any] = (
    select(run_states, agents.c.name.label("agent_name"))
    .select_from(run_states.outerjoin(agents))
    .where(run_states.c.run_id == bindparam("run"))
    .order_by(run_states.c.id)
)

#: The last states of a run's tasks.
TASKS: Select[Any] = select(task_runs).where(task_runs.c.run_id == bindparam("run"))


_mine, _other = runs.alias("mine"), runs.alias("other")


@functools.lru_cache(maxsize=256)
def waiting(labels: tuple[str, ...] | None) -> Select[Any]:
    """Ask for the run that an agent with these labels takes next, as of ``now``.

    The oldest waiting run of each set of labels that the agent takes, then the oldest of these. So runs
    that the agent does not take cost it nothing however many there are, and no limit comes before the rule.
    """
    oldest = (
        select(_other.c.id)
        .where(
            _other.c.label_set_id == label_sets.c.id,
            _other.c.state == SCHEDULED,
            _other.c.scheduled_at <= bindparam("now"),
        )
        .order_by(_other.c.scheduled_at, _other.c.id)
        .limit(1)
        .correlate(label_sets)
        .scalar_subquery()
    )
    joined = label_sets.join(_mine, _mine.c.id == oldest)
    chosen = select(_mine.c.id).select_from(joined).where(within(labels))
    return chosen.order_by(_mine.c.scheduled_at, _mine.c.id).limit(1)


def claim(labels: tuple[str, ...] | None) -> ReturningUpdate[Any]:
    """Take the next waiting run; two agents never get the same one.

    Binds ``now``, ``agent``, ``until`` and ``seconds``. The labels are asked in this very statement.
    """
    return _claim(labels, given=False)


def claim_given(labels: tuple[str, ...] | None) -> ReturningUpdate[Any]:
    """Take run ``wanted``, if it waits and its labels are taken; else as `claim`."""
    return _claim(labels, given=True)


@functools.lru_cache(maxsize=256)
def _claim(labels: tuple[str, ...] | None, *, given: bool) -> ReturningUpdate[Any]:
    chosen = bindparam("wanted") if given else waiting(labels).scalar_subquery()
    statement = update(runs).where(runs.c.id == chosen, runs.c.state == SCHEDULED)
    if given:
        taken = select(label_sets.c.id).where(within(labels))
        statement = statement.where(runs.c.label_set_id.in_(taken))
    return statement.values(
        state=StateName.SUBMITTED.value,
        message="",
        agent_id=bindparam("agent"),
        token=runs.c.token + 1,
        tries=runs.c.tries + 1,
        lease_until=bindparam("until"),
        lease_seconds=bindparam("seconds"),
    ).returning(runs.c.id, runs.c.token)


#: Renew a lease, if it is still held; what the run is by now comes back. Binds ``run``, ``held`` (the token), ``now``.
RENEW: ReturningUpdate[Any] = (
    update(runs)
    .where(runs.c.id == bindparam("run"), runs.c.token == bindparam("held"), runs.c.lease_until.is_not(None))
    .values(lease_until=bindparam("now", type_=Double) + runs.c.lease_seconds)
    .returning(runs.c.state, runs.c.last_seq, runs.c.cancel_requested, runs.c.agent_id)
)

#: A lease's end to the last bit, to see whether it was renewed; a `datetime` would round it to microseconds.
EXACT_LEASE = type_coerce(runs.c.lease_until, Double)

#: Runs that an agent has, with what tells whether it still lives.
LEASED: Select[Any] = (
    select(
        runs.c.id,
        runs.c.token,
        runs.c.state,
        runs.c.lease_until,
        EXACT_LEASE.label("exact_lease"),
        runs.c.last_seq,
        runs.c.tries,
        agents.c.name,
        agents.c.host,
        agents.c.machine,
        agents.c.pid,
        agents.c.pid_started,
        agents.c.stopped_at,
    )
    .select_from(runs.outerjoin(agents))
    .where(runs.c.lease_until.is_not(None))
)


def enter(state: StateName, *, also: Iterable[ColumnElement[bool]] = (), **values: Any) -> Update:
    """Let run ``run`` enter a state, if the table of states and `also` let it; binds ``run`` and ``text``."""
    allowed = (runs.c.id == bindparam("run"), runs.c.state.in_(BEFORE[state]), *also)
    return update(runs).where(*allowed).values(state=state.value, message=bindparam("text"), **values)
