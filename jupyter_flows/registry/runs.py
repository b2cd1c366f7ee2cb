"""Flow runs in the registry: created, claimed, reported, cancelled, looked at."""

from __future__ import annotations

import builtins
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from jupyter_flows.core.events import Event
from jupyter_flows.core.labels import normalize
from jupyter_flows.core.parameter import ParameterSpec, resolve
from jupyter_flows.core.state import FINISHED, StateName, check_transition
from jupyter_flows.errors import ClashError, NoSuchError, ParameterError
from jupyter_flows.registry import leases, queries, reports
from jupyter_flows.registry.database import Database
from jupyter_flows.registry.flows import read_version
from jupyter_flows.registry.labels import label_set_id, read_labels
from jupyter_flows.registry.rows import Claim, Resume, Run, RunState, TaskRun, Version
from jupyter_flows.registry.schema import flows, projects, run_events, run_states, runs, versions
from jupyter_flows.registry.wakeup import Wakeups

MAX_PARAMETER_BYTES = 1024 * 1024
#: How often a follower looks whether an agent was lost.
_EXPIRE_SECONDS = 1.0

_S = StateName


class Runs:
    """Flow runs: exactly one agent at a time has one, and what it reports is kept in order."""

    def __init__(self, database: Database, *, clock: Callable[[], float], wakeups: Wakeups):
        self._database, self._clock, self._wakeups = database, clock, wakeups

    # -- asked for -----------------------------------------------------------------------------

    def create(
        self,
        version: Version,
        *,
        parameters: Mapping[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        scheduled_at: datetime | None = None,
        resume: Resume | None = None,
    ) -> Run:
        """Ask for a run; agents that take its labels (the version's and `labels`) are woken.

        With `resume` it goes on from an earlier run. Raises `ParameterError` for parameters that the flow does
        not take.
        """
        given = dict(parameters or {})
        resolve(map(ParameterSpec.from_json, version.document["parameters"]), given)
        text = _parameters_text(given)
        now = self._clock()
        with self._database.write() as connection:
            values = {
                "version_id": version.id,
                "label_set_id": label_set_id(connection, [*version.labels, *normalize(labels)]),
                "state": _S.SCHEDULED.value,
                "message": "",
                "parameters": text,
                "created_at": now,
                "scheduled_at": now if scheduled_at is None else scheduled_at,
                "token": 0,
                "lease_seconds": 0.0,
                "tries": 0,
                "cancel_requested": False,
                "last_seq": 0,
                "resume": json.dumps(asdict(resume)) if resume else None,
            }
            run_id = connection.execute(insert(runs).values(values).returning(runs.c.id)).scalar_one()
            connection.execute(insert(run_states).values(run_id=run_id, state=_S.SCHEDULED.value, message="", at=now))
            run = _run(connection.execute(queries.RUN, {"run": run_id}).one())
        self._wakeups.notify()
        return run

    def cancel(self, run_id: int) -> Run:
        """Ask a run to stop: one that waits is Cancelled, one at work Cancelling until its agent has stopped it.

        Asking again changes nothing; raises `TransitionError` for a finished run.
        """
        now = self._clock()
        with self._database.write() as connection:
            row = connection.execute(select(runs.c.state, runs.c.lease_until).where(runs.c.id == run_id)).one_or_none()
            if row is None:
                raise _no_run(run_id)
            state = StateName(row.state)
            wanted = _S.CANCELLED if row.lease_until is None else _S.CANCELLING
            if state is not _S.CANCELLING:
                check_transition(f"Run {run_id}", state, wanted)
                leases.enter(connection, run_id, wanted, at=now, message="cancel asked for", cancel_requested=True)
            run = _run(connection.execute(queries.RUN, {"run": run_id}).one())
        self._wakeups.notify()
        return run

    # -- an agent's side -----------------------------------------------------------------------

    def claim(
        self, agent_id: int, labels: Iterable[str] | None, *, lease_seconds: float, run_id: int | None = None
    ) -> Claim | None:
        """Take a waiting run whose labels an agent with `labels` takes; None when none waits.

        With `run_id` only that one; with labels None whatever its labels are (a person asked for it here).
        The lease must be renewed, by any report, within `lease_seconds`.
        """
        names = None if labels is None else normalize(labels)
        now = self._clock()
        with self._database.write() as connection:
            taken = leases.take(connection, agent_id, names, now=now, lease_seconds=lease_seconds, run_id=run_id)
            if taken is None:
                return None
            row = connection.execute(queries.RUN, {"run": taken[0]}).one()
            return Claim(_run(row), read_version(connection, row.version_id), taken[1], lease_seconds)

    def waits(self, labels: Iterable[str] | None) -> bool:
        """Tell whether a run waits that an agent with these labels takes; costs no write."""
        names = None if labels is None else normalize(labels)
        with self._database.read() as connection:
            return connection.execute(queries.waiting(names), {"now": self._clock()}).first() is not None

    def report(self, run_id: int, token: int, events: Iterable[Event] = ()) -> bool:
        """Store what happened in a run and renew its lease; return whether it is asked to stop.

        Events that are stored already are dropped, so that a batch may be sent again. Raises `ClashError` when
        the token is not the newest or the lease was lost, `TransitionError` for an end that can't be.
        """
        batch = list(events)
        with self._database.write() as connection:
            held = leases.renew(connection, run_id, token, now=self._clock())
            if held is None:
                return False
            leases.store(connection, run_id, held, batch)
            return bool(held.cancel_requested)

    def release(self, run_id: int, token: int, *, message: str = "handed back") -> None:
        """Give back a claimed run that has not begun; raise `ClashError` when it has, or is not ours."""
        with self._database.write() as connection:
            if not leases.give_back(connection, run_id, token, at=self._clock(), message=message):
                raise ClashError(f"Run {run_id} can't be handed back: it has begun, or is not this agent's any more.")
        self._wakeups.notify()

    def cancel_requested(self, run_id: int) -> bool:
        """Tell whether a run is asked to stop; costs no write."""
        with self._database.read() as connection:
            return bool(connection.execute(select(runs.c.cancel_requested).where(runs.c.id == run_id)).scalar())

    def expire(self) -> builtins.list[int]:
        """End the leases of agents that are gone; return the runs that they lost.

        A run that had begun is Failed and one that had not waits again (at most `leases.MAX_TRIES` times).
        An agent is gone when its lease ran out, and at once when its process is known to be dead.
        """
        with self._database.read() as connection:
            found = leases.lost(connection.execute(queries.LEASED).all(), now=self._clock())
        if found:
            with self._database.write() as connection:
                for row, why in found:
                    leases.end_lease(connection, row, why, at=self._clock())
            self._wakeups.notify()
        return [row.id for row, _ in found]

    # -- looked at -----------------------------------------------------------------------------

    def get(self, run_id: int) -> Run:
        """Return a run; raise `NoSuchError`. A lost agent is noticed by whoever looks."""
        self.expire()
        with self._database.read() as connection:
            return _run(_row(connection, run_id))

    def list(
        self,
        *,
        project: str | None = None,
        flow: str | None = None,
        state: StateName | str | Sequence[StateName | str] | None = None,
        limit: int | None = 100,
        before: int | None = None,
    ) -> list[Run]:
        """Return runs, newest first; `before` is the id to go on below."""
        self.expire()
        chosen = queries.RUNS.order_by(runs.c.id.desc()).limit(limit)
        if project is not None:
            chosen = chosen.where(projects.c.name == project)
        if flow is not None:
            chosen = chosen.where(flows.c.name == flow)
        if state is not None:
            states = [state] if isinstance(state, str) else state
            chosen = chosen.where(runs.c.state.in_([_state(name).value for name in states]))
        if before is not None:
            chosen = chosen.where(runs.c.id < before)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(chosen)]

    def version(self, run_id: int) -> Version:
        """Return the version that a run runs; raise `NoSuchError`."""
        with self._database.read() as connection:
            return read_version(connection, _row(connection, run_id).version_id)

    def tasks(self, run_id: int) -> builtins.list[TaskRun]:
        """Return a run's tasks in the flow's order; one not heard of is Pending, or Cancelled after the run."""
        with self._database.read() as connection:
            row = _row(connection, run_id)
            document = read_version(connection, row.version_id).document
            stored = connection.execute(queries.TASKS, {"run": run_id}).all()
        cells = reports.cells_of(document)
        order = {slug: n for n, slug in enumerate(cells)}
        found = [_task(task, cells) for task in stored]
        if row.state != _S.SUCCESS:
            seen = {task.task for task in found}
            state, message = _unheard(StateName(row.state))
            unheard = ((slug, cell) for slug, cell in cells.items() if slug not in seen)
            found += [TaskRun(slug, None, cell, state, message, None, None) for slug, cell in unheard]
        return sorted(found, key=lambda t: (order.get(t.task, len(order)), -1 if t.map_index is None else t.map_index))

    def events(self, run_id: int, *, after: int = 0, kinds: Iterable[str] | None = None) -> builtins.list[Event]:
        """Return a run's events numbered above `after`, in order, perhaps only of some kinds."""
        wanted = None if kinds is None else set(kinds)
        chosen = (
            select(run_events.c.lines)
            .where(run_events.c.run_id == run_id, run_events.c.last_seq > after)
            .order_by(run_events.c.first_seq)
        )
        with self._database.read() as connection:
            texts = list(connection.execute(chosen).scalars())
            if not texts:
                _row(connection, run_id)
        found = [event for text in texts for event in reports.read_lines(text)]
        return [e for e in found if e.seq > after and (wanted is None or e.kind in wanted)]

    def history(self, run_id: int) -> builtins.list[RunState]:
        """Return every state that a run was in, oldest first."""
        with self._database.read() as connection:
            _row(connection, run_id)
            found = connection.execute(queries.HISTORY, {"run": run_id})
            return [RunState(StateName(row.state), row.message, row.at, row.agent_name) for row in found]

    def follow(
        self,
        run_id: int,
        *,
        after: int = 0,
        poll_seconds: float = 0.05,
        stop: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[tuple[Run, builtins.list[Event]]]:
        """Yield the run with its new events whenever there is something new, until it is finished or `stop()`."""
        seen: tuple[StateName, str] | None = None
        checked = 0.0
        while not stop():
            if self._clock() - checked >= _EXPIRE_SECONDS:
                checked = self._clock()
                self.expire()
            with self._database.read() as connection:
                run = _run(_row(connection, run_id))
            # The run first, then its events: so the last events are there when a finished run is seen.
            fresh = self.events(run_id, after=after)
            if fresh or seen != (run.state, run.message):
                yield run, fresh
            after, seen = (fresh[-1].seq if fresh else after), (run.state, run.message)
            if run.finished:
                return
            sleep(poll_seconds)

    # -- cleared away --------------------------------------------------------------------------

    def prune(self, *, keep: int) -> builtins.list[int]:
        """Remove finished runs but the newest `keep` of each flow; return the ids that went."""
        age = func.row_number().over(partition_by=versions.c.flow_id, order_by=runs.c.id.desc())
        finished = select(runs.c.id, age.label("age")).join_from(runs, versions).where(runs.c.state.in_([*FINISHED]))
        ranked = finished.subquery()
        old = select(ranked.c.id).where(ranked.c.age > keep)
        with self._database.write() as connection:
            gone = list(connection.execute(old).scalars())
            connection.execute(delete(runs).where(runs.c.id.in_(old)))
            return gone


def _row(connection: Connection, run_id: int) -> Row[Any]:
    row = connection.execute(queries.RUN, {"run": run_id}).one_or_none()
    if row is None:
        raise _no_run(run_id)
    return row


def _no_run(run_id: int) -> NoSuchError:
    return NoSuchError(f'There is no run {run_id}; "jupyter flows runs" shows what there is.')


def _state(name: StateName | str) -> StateName:
    try:
        return StateName(name)
    except ValueError:
        known = ", ".join(s.value for s in StateName)
        raise NoSuchError(f"There is no state {name!r}; the states are {known}.") from None


def _parameters_text(given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        try:
            json.dumps(value, allow_nan=True)
        except (TypeError, ValueError):
            raise ParameterError(
                f"Parameter {name!r} must be a JSON value to travel to an agent, not {type(value).__name__}."
            ) from None
    text = json.dumps(dict(given))
    if len(text) > MAX_PARAMETER_BYTES:
        raise ParameterError(
            f"The parameters take {len(text):,} bytes, more than {MAX_PARAMETER_BYTES:,}: pass a file's path instead."
        )
    return text


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        project=row.project_name,
        flow=row.flow_name,
        version=row.number,
        state=StateName(row.state),
        message=row.message,
        labels=read_labels(row.label_text),
        parameters=json.loads(row.parameters),
        agent=row.agent_name,
        created_at=row.created_at,
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        tries=row.tries,
        resume=_resume(row.resume),
    )


def _resume(text: str | None) -> Resume | None:
    if text is None:
        return None
    data = json.loads(text)
    return Resume(data["run_id"], tuple(data["again"]))


def _unheard(run: StateName) -> tuple[StateName, str]:
    """Return state and message of a task that nothing was heard of, by its run's state."""
    return (_S.CANCELLED, f"not run: the run is {run}") if run in FINISHED else (_S.PENDING, "")


def _task(row: Row[Any], cells: Mapping[str, int | None]) -> TaskRun:
    return TaskRun(
        task=row.task,
        map_index=None if row.map_index == reports.NOT_MAPPED else row.map_index,
        cell=cells.get(row.task),
        state=StateName(row.state),
        message=row.message,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
