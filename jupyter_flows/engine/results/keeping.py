"""Keep a run's results, and take over an earlier run's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.home import current_home
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.kept import Kept
from jupyter_flows.engine.namespace import Namespace, remember_source
from jupyter_flows.engine.outputs import Outputs
from jupyter_flows.engine.results import frontier
from jupyter_flows.engine.results.journal import Journal
from jupyter_flows.engine.results.keeper import Keeper
from jupyter_flows.engine.results.matching import definition_keys, describe
from jupyter_flows.engine.results.references import References
from jupyter_flows.engine.results.revival import Revival, Revived


def keep(  # noqa: PLR0917 - what a run is made of
    flow: Flow, parameters: Mapping[str, Any], run_cell: Any, namespace: Namespace, outputs: Outputs, job: Job
) -> Kept:
    """Revive what `job.resume` names, and say how cells run so that `job.results` takes what they leave."""
    revival = Revival(flow, parameters, Journal(job.resume), namespace, again=job.again) if job.resume else None
    revived = revival.revive(run_cell, outputs.unseen) if revival else None
    references = revival.references if revival else References(namespace.names)
    keeper = _keeper(flow, parameters, run_cell, references, job.results) if job.results else _Nothing(run_cell)
    if revival and revived and job.results:
        revival.hand_on(revived.chosen, Journal(job.results))
    if revival is None or revived is None:
        return Kept(keeper, hear=keeper.hear, finish=keeper.look)
    return Kept(
        keeper,
        _settled(flow, revived),
        revival.shown(revived.chosen),
        revived.sentence(flow, job.resumed_from),
        keeper.hear,
        keeper.look,
    )


def keep_functions(document: Mapping[str, Any], parameters: Mapping[str, Any], job: Job) -> Kept:
    """Take over the results of functions that `job.resume` names, and leave those of a failed run to `job.results`."""
    found: dict[str, State] = {}
    notice = ""
    if job.resume:
        found = frontier.settled(document, parameters, Journal(job.resume), frozenset(job.again))
        notice = f"resumed from {job.resumed_from}: {len(found)} of {len(document['tasks'])} tasks keep their results"

    def finish() -> None:
        home = current_home()
        if job.results and home and home.made and any(row[0] in home.made.outcome for row in home.made.rows):
            frontier.save(home.made, document, parameters, Journal(job.results))

    return Kept(None, found, notice=notice, finish=finish)


def _keeper(flow: Flow, parameters: Mapping[str, Any], run_cell: Any, references: References, folder: str) -> Keeper:
    journal = Journal(folder)
    journal.begin(describe(flow, parameters))
    keeper = Keeper(run_cell, journal, references, definition_keys(flow))
    keeper.start()
    return keeper


class _Nothing:
    """Runs cells and keeps nothing of them."""

    def __init__(self, run_cell: Any):
        self._run_cell, self.may_leave = run_cell, getattr(run_cell, "may_leave", None)

    def __call__(self, task: CellTask) -> None:
        self._run_cell(task)

    def hear(self, event: Event) -> None:
        """Let it go."""

    def look(self) -> None:
        """Do nothing."""


def _settled(flow: Flow, revived: Revived) -> dict[str, State]:
    """Return the states of the cells that do not run; tracebacks find their lines all the same."""
    kept = [t for t in flow.cell_tasks if t.name in revived.chosen.kept]
    for task in kept:
        remember_source(task.cell.ordinal, task.code)
    return {flow.slug(t): State(StateName.CACHED, "its results are those of an earlier run") for t in kept}
