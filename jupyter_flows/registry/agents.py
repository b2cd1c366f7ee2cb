"""Agents in the registry: who is there, and what each takes."""

from __future__ import annotations

import builtins
import socket
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jupyter_flows import __version__
from jupyter_flows.core.labels import accepts, normalize
from jupyter_flows.core.place import user_name
from jupyter_flows.errors import AgentError, ClashError
from jupyter_flows.registry import queries
from jupyter_flows.registry.database import Database
from jupyter_flows.registry.labels import label_set_id, read_labels
from jupyter_flows.registry.process_mark import ProcessMark
from jupyter_flows.registry.rows import Agent
from jupyter_flows.registry.schema import agents

#: An agent that has not beaten for so long is taken for gone.
SILENT_SECONDS = 60.0
#: How often an agent beats.
BEAT_SECONDS = 15.0


class Agents:
    """The agents that have announced themselves."""

    def __init__(self, database: Database, *, clock: Callable[[], float]):
        self._database, self._clock = database, clock

    def start(
        self,
        name: str,
        kind: str,
        labels: Iterable[str] | None = None,
        *,
        max_runs: int = 1,
        mark: ProcessMark | None = None,
        host: str | None = None,
    ) -> Agent:
        """Announce an agent of this process.

        Raises `AgentError` when one of that name runs on this host; one that is gone is replaced.
        """
        process, machine = mark or ProcessMark.current(), host or socket.gethostname()
        with self._database.write() as connection:
            self._replace(connection, name, machine)
            now = self._clock()
            values = {
                "name": name,
                "kind": kind,
                "label_set_id": label_set_id(connection, normalize(labels)),
                "host": machine,
                "user_name": user_name(),
                "machine": process.machine,
                "pid": process.pid,
                "pid_started": process.started,
                "max_runs": max_runs,
                "load": 0,
                "software": __version__,
                "started_at": now,
                "beat_at": now,
            }
            new = connection.execute(insert(agents).values(values).returning(agents.c.id)).scalar_one()
            return self._agent(connection.execute(queries.AGENTS.where(agents.c.id == new)).one())

    def _replace(self, connection: Connection, name: str, host: str) -> None:
        mine = queries.AGENTS.where(agents.c.name == name, agents.c.host == host, agents.c.stopped_at.is_(None))
        row = connection.execute(mine).one_or_none()
        if row is None:
            return
        if self._alive(row):
            raise AgentError(
                f"Agent {name!r} runs already on {host} (process {row.pid}, since {row.started_at:%F %H:%M} UTC). "
                "Stop that one first, or give this one another name."
            )
        connection.execute(update(agents).where(agents.c.id == row.id).values(stopped_at=self._clock(), load=0))

    def beat(self, agent_id: int, load: int) -> None:
        """Tell that an agent is there and how many runs it has; raise `ClashError` when another took its name."""
        mine = update(agents).where(agents.c.id == agent_id, agents.c.stopped_at.is_(None))
        with self._database.write() as connection:
            if not connection.execute(mine.values(beat_at=self._clock(), load=load)).rowcount:
                raise ClashError(f"Agent {agent_id} was silent for so long that another took its name: start it again.")

    def stop(self, agent_id: int) -> None:
        """Tell that an agent takes nothing any more; telling it again changes nothing."""
        mine = update(agents).where(agents.c.id == agent_id, agents.c.stopped_at.is_(None))
        with self._database.write() as connection:
            connection.execute(mine.values(stopped_at=self._clock(), load=0))

    def list(self, *, everyone: bool = False) -> list[Agent]:
        """Return the agents that are there, by name; with `everyone` those that are gone too."""
        with self._database.read() as connection:
            rows = connection.execute(queries.AGENTS.order_by(agents.c.name, agents.c.id))
            found = [self._agent(row) for row in rows]
        return [agent for agent in found if everyone or agent.alive]

    def would_take(self, labels: Iterable[str] | None) -> builtins.list[Agent]:
        """Return the agents, among those that are there, that take a run with these labels by themselves."""
        wanted = normalize(labels)
        return [agent for agent in self.list() if agent.max_runs and accepts(agent.labels, wanted)]

    def prune(self, *, before: float) -> int:
        """Remove agents that are gone and were last heard of before a time (seconds since the epoch)."""
        with self._database.read() as connection:
            old = select(agents).where(agents.c.beat_at < before)
            gone = [row.id for row in connection.execute(old) if not self._alive(row)]
        with self._database.write() as connection:
            connection.execute(agents.delete().where(agents.c.id.in_(gone)))
        return len(gone)

    def _alive(self, row: Row[Any]) -> bool:
        if row.stopped_at is not None or self._clock() - row.beat_at.timestamp() > SILENT_SECONDS:
            return False
        return not ProcessMark(row.machine, row.pid, row.pid_started).dead()

    def _agent(self, row: Row[Any]) -> Agent:
        return Agent(
            id=row.id,
            name=row.name,
            kind=row.kind,
            labels=read_labels(row.label_text),
            host=row.host,
            user=row.user_name,
            pid=row.pid,
            max_runs=row.max_runs,
            load=row.load,
            version=row.software,
            started_at=row.started_at,
            beat_at=row.beat_at,
            stopped_at=row.stopped_at,
            alive=self._alive(row),
        )
