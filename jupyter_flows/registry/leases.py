"""Leases: an agent has a run for as long as it renews, and whoever lost it can't write any more.

Each function works inside the caller's write transaction. Every change of state is allowed by
`core.state`'s table in the ``WHERE`` of its ``UPDATE``, and leaves a line in the run's history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, StateName, check_transition
from jupyter_flows.errors import ClashError, NoSuchError
from jupyter_flows.registry import queries, reports
from jupyter_flows.registry.process_mark import ProcessMark
from jupyter_flows.registry.schema import run_events, run_states, runs, task_runs

#: An agent that dies before a run has begun gives it back, at most so many times; a run that had begun is failed,
#: since what its tasks did outside can't be undone.
MAX_TRIES = 3

_S = StateName


def enter(
    connection: Connection,
    run_id: int,
    state: StateName,
    *,
    at: float,
    message: str = "",
    agent_id: int | None = None,
    also: Iterable[ColumnElement[bool]] = (),
    **values: Any,
) -> bool:
    """Bring a run into a state and record that in its history; return False where the table of states forbids it."""
    if state in FINISHED:
        values |= {"finished_at": at, "lease_until": None}
    changed = connection.execute(queries.enter(state, also=also, **values), {"run": run_id, "text": message}).rowcount
    if changed:
        entry = {"run_id": run_id, "state": state.value, "message": message, "at": at, "agent_id": agent_id}
        connection.execute(insert(run_states), entry)
        if state in FINISHED:
            _close_tasks(connection, run_id, state, at, message)
    return bool(changed)


def _close_tasks(connection: Connection, run_id: int, state: StateName, at: float, message: str) -> None:
    """End the tasks that were at work when the run ended: what its process did not report any more ended with it."""
    end = _S.CANCELLED if state is _S.CANCELLED else _S.FAILED
    going = (_S.RUNNING.value, _S.RETRYING.value, _S.CANCELLING.value)
    connection.execute(
        update(task_runs)
        .where(task_runs.c.run_id == run_id, task_runs.c.state.in_(going), task_runs.c.state.in_(queries.BEFORE[end]))
        .values(state=end.value, message=message or "the run ended", finished_at=at)
    )


def take(
    connection: Connection,
    agent_id: int,
    labels: tuple[str, ...] | None,
    *,
    now: float,
    lease_seconds: float,
    run_id: int | None,
) -> tuple[int, int] | None:
    """Claim a run; return its id and token, or None where none waits."""
    lease = {"agent": agent_id, "until": now + lease_seconds, "seconds": lease_seconds}
    if run_id is None:
        row = connection.execute(queries.claim(labels), lease | {"now": now}).one_or_none()
    else:
        row = connection.execute(queries.claim_given(labels), lease | {"wanted": run_id}).one_or_none()
    if row is None:
        return None
    entry = {"run_id": row.id, "state": _S.SUBMITTED.value, "message": "", "at": now, "agent_id": agent_id}
    connection.execute(insert(run_states), entry)
    return row.id, row.token


def renew(connection: Connection, run_id: int, token: int, *, now: float) -> Row[Any] | None:
    """Renew a lease; None when the run is finished under this very token; raise `ClashError` when it was lost."""
    held = connection.execute(queries.RENEW, {"run": run_id, "held": token, "now": now}).one_or_none()
    if held is not None:
        return held
    found = connection.execute(select(runs.c.token, runs.c.state).where(runs.c.id == run_id)).one_or_none()
    if found is None:
        raise NoSuchError(f"There is no run {run_id}; it may have been deleted.")
    if found.token == token and found.state in FINISHED:
        return None
    raise ClashError(
        f"Run {run_id} is not this agent's any more (it is {found.state} now): its lease ran out or another agent "
        "has it. What this agent still does for it counts for nothing; it should stop."
    )


def store(connection: Connection, run_id: int, held: Row[Any], events: Sequence[Event]) -> None:
    """Store the events of a run that are new, and let its state and its tasks' states follow from them."""
    fresh = sorted((e for e in events if e.seq > held.last_seq), key=lambda e: e.seq)
    if not fresh:
        return
    batch = {"run_id": run_id, "first_seq": fresh[0].seq, "last_seq": fresh[-1].seq, "lines": reports.lines(fresh)}
    connection.execute(insert(run_events), batch)
    connection.execute(update(runs).where(runs.c.id == run_id).values(last_seq=fresh[-1].seq))
    _store_tasks(connection, run_id, reports.task_changes(fresh))
    for event in fresh:
        if (state := reports.run_state(event)) is not None:
            _follow(connection, run_id, held, state, event)


def _follow(connection: Connection, run_id: int, held: Row[Any], state: StateName, event: Event) -> None:
    message = reports.message_of(event.body.get("message"))
    values: dict[str, Any] = {"started_at": event.at} if state is _S.RUNNING else {}
    if state is _S.RUNNING:
        # A run that pauses or retries runs again; it started once.
        started = connection.execute(select(runs.c.started_at).where(runs.c.id == run_id)).scalar()
        values = {} if started else values
    if enter(connection, run_id, state, at=event.at, message=message, agent_id=held.agent_id, **values):
        return
    if state in FINISHED:
        # Only an end that can't be is an error: a "Running" that crossed a cancel on its way is not.
        now = StateName(connection.execute(select(runs.c.state).where(runs.c.id == run_id)).scalar_one())
        check_transition(f"Run {run_id}", now, state)


def _store_tasks(connection: Connection, run_id: int, changes: dict[reports.TaskKey, reports.TaskChange]) -> None:
    by_first: dict[StateName, list[dict[str, Any]]] = {}
    for (task, map_index), change in changes.items():
        row = {
            "run_id": run_id,
            "task": task,
            "map_index": map_index,
            "state": change.last.value,
            "message": change.message,
            "started_at": change.started_at,
            "finished_at": change.finished_at,
        }
        by_first.setdefault(change.first, []).append(row)
    for first, rows in by_first.items():
        connection.execute(_upsert_tasks(first), rows)


def _upsert_tasks(first: StateName) -> Any:
    """Insert task rows, or let those there follow where `first` may follow them."""
    insertion = upsert(task_runs)
    new = insertion.excluded
    kept = task_runs.c
    return insertion.on_conflict_do_update(
        index_elements=["run_id", "task", "map_index"],
        set_={
            "state": new.state,
            "message": new.message,
            "started_at": func.coalesce(kept.started_at, new.started_at),
            "finished_at": func.coalesce(new.finished_at, kept.finished_at),
        },
        # Not `in_`, which does not go with many rows at once.
        where=or_(*(kept.state == name for name in (first.value, *queries.BEFORE[first]))),
    )


def give_back(connection: Connection, run_id: int, token: int, *, at: float, message: str) -> bool:
    """Let a claimed run that has not begun wait again; return False when it has begun or was lost."""
    untouched = (runs.c.token == token, runs.c.lease_until.is_not(None), runs.c.last_seq == 0)
    new: dict[str, Any] = {"lease_until": None, "token": runs.c.token + 1}
    return enter(connection, run_id, _S.SCHEDULED, at=at, message=message, also=untouched, **new)


def lost(rows: Iterable[Row[Any]], *, now: float) -> list[tuple[Row[Any], str]]:
    """Pick the runs whose agent lost them, each with why, in words."""
    dead: dict[ProcessMark, bool] = {}
    found = []
    for row in rows:
        mark = ProcessMark(row.machine or "", row.pid or 0, row.pid_started or 0)
        if row.machine and mark not in dead:
            dead[mark] = mark.dead()
        if dead.get(mark):
            found.append((row, f"its process {row.pid} on {row.host} is gone"))
        elif row.lease_until.timestamp() < now:
            silent = now - row.lease_until.timestamp()
            found.append((row, f"nothing was heard of it on {row.host}; its lease ran out {silent:.0f} s ago"))
    return found


def end_lease(connection: Connection, row: Row[Any], why: str, *, at: float) -> None:
    """Let a lost run wait again if it had not begun, else fail it; leave it if it was renewed meanwhile."""
    same = (runs.c.token == row.token, row.exact_lease == queries.EXACT_LEASE)
    # A new token: what the lost agent still reports, should it wake up, is refused.
    fence: dict[str, Any] = {"token": runs.c.token + 1}
    agent = f"Agent {row.name!r} was lost"
    if row.state == _S.CANCELLING:
        enter(connection, row.id, _S.CANCELLED, at=at, message=f"{agent} while cancelling: {why}", also=same, **fence)
    elif row.last_seq == 0 and row.tries < MAX_TRIES:
        message = f"{agent} before the run began: {why}"
        enter(connection, row.id, _S.SCHEDULED, at=at, message=message, also=same, lease_until=None, **fence)
    else:
        enter(connection, row.id, _S.FAILED, at=at, message=f"{agent}: {why}. Run it again.", also=same, **fence)
