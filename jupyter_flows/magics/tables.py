"""Runs, agents and log lines as text under a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_flows.cli.loglines import LogLines, Said
from jupyter_flows.cli.table import table
from jupyter_flows.cli.times import ago, moment
from jupyter_flows.core.events import Event
from jupyter_flows.widgets.words import duration

if TYPE_CHECKING:
    from jupyter_flows.registry import Agent, Run

WIDTH = 120


def runs_table(runs: Sequence[Run], *, now: datetime | None = None) -> str:
    """Return one line a run: ``2  sales-nightly v1  Failed  03:00  clean: KeyError 'gross' (cell 6, line 2)``."""
    rows = [
        [
            str(run.id),
            f"{run.project}/{run.flow} {f'v{run.version}' if run.version else 'draft'}",
            run.state.value,
            moment(run.finished_at or run.started_at or run.created_at, now),
            _took(run, now),
            ", ".join(run.labels),
            " ".join(run.message.split()),
        ]
        for run in runs
    ]
    return table(rows, ["run", "flow", "state", "when", "took", "labels", "message"], width=WIDTH)


def _took(run: Run, now: datetime | None) -> str:
    if run.started_at is None:
        return ""
    return duration(((run.finished_at or now or datetime.now(UTC)) - run.started_at).total_seconds())


def agents_table(agents: Sequence[Agent], own: Sequence[str] = (), *, now: datetime | None = None) -> str:
    """Return one line an agent; those of this kernel say so."""
    rows = [
        [
            agent.name,
            ", ".join(agent.labels) or "runs without labels",
            f"{agent.load} of {agent.max_runs}",
            ago(agent.beat_at, now),
            "this kernel: stops with it" if agent.name in own else f"process {agent.pid} on {agent.host}",
        ]
        for agent in agents
    ]
    return table(rows, ["agent", "takes", "runs", "heard", "where"], width=WIDTH)


def log_lines(events: Iterable[Event], task: str | None = None) -> list[str]:
    """Return what a run said, each line with its time and who said it."""
    lines = LogLines()
    said = [line for event in events for line in lines.take(event)]
    said += lines.rest()
    chosen = [line for line in said if task in (None, line.task)]
    wide = max((len(line.task or "") for line in chosen), default=0)
    return [_line(line, wide) for line in chosen]


def _line(line: Said, wide: int) -> str:
    clock = datetime.fromtimestamp(line.at, UTC).astimezone()
    who = f"{line.task or '':<{wide}}  " if wide else ""
    return f"{clock:%H:%M:%S}  {who}{line.text}".rstrip()
