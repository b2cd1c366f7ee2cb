"""Put a namespace into the state in which an earlier run's cells left it, as far as these need not run again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.namespace import Namespace
from jupyter_flows.engine.results.choice import Chosen, choose, histories
from jupyter_flows.engine.results.freezing import thaw
from jupyter_flows.engine.results.hidden import KEPT, Hidden
from jupyter_flows.engine.results.journal import Holding, Journal, Step
from jupyter_flows.engine.results.matching import Match, definition_keys, describe, facts, match
from jupyter_flows.engine.results.references import References


@dataclass(frozen=True, slots=True)
class Revived:
    """What a run has taken over from an earlier one."""

    chosen: Chosen
    match: Match
    steps: tuple[Step, ...]

    def sentence(self, flow: Flow, run: str) -> str:
        """Say how many cells are kept, and why cells that had run well run again."""
        cells, kept = flow.cell_tasks, self.chosen.kept
        here = {task.name for task in cells}
        well = here & {name for step in self.steps for name, ended in step.ended.items() if ended}
        said = f"resumed from {run}: {len(kept)} of {len(cells)} cells keep their results"
        reasons = [f"{n} ({w})" for n, w in self.chosen.why.items() if n in well and not w.startswith("it comes after")]
        return said + (f"; again: {', '.join(reasons[:5])}" if reasons else "")


class Revival:
    """Brings an earlier run's results into this process."""

    def __init__(
        self,
        flow: Flow,
        parameters: Mapping[str, Any],
        earlier: Journal,
        namespace: Namespace,
        *,
        again: Iterable[str] = (),
    ):
        self._flow, self._earlier, self._namespace = flow, earlier, namespace
        self.references, self.keys = References(namespace.names), definition_keys(flow)
        steps = earlier.steps()
        self._match = match(earlier.about(), describe(flow, parameters), steps)
        self._steps = tuple(map(self._match.step, steps))
        self._again = dict.fromkeys(again, "it was asked for") | dict(self._match.again)
        self._bad: set[int] = set()

    def revive(
        self, run_cell: Callable[[CellTask], None], unseen: Callable[[], AbstractContextManager[None]]
    ) -> Revived:
        """Fill the namespace; cells that are executed once more show nothing, by way of `unseen`."""
        before = dict(self._namespace.names)
        while True:
            chosen = choose(facts(self._flow), self._usable(), self._again, also=self._match.edges)
            with unseen():
                self._replay(chosen, run_cell)
            if self._put_back(chosen):
                return Revived(chosen, self._match, self._steps)
            self._namespace.names.clear()
            self._namespace.names.update(before)

    def _usable(self) -> list[Step]:
        """Return the steps; what turned out to be unreadable is not stored."""
        return [
            Step(
                s.ended,
                [replace(h, data=None, why="it can't be read back") if id(h) in self._bad else h for h in s.holdings],
            )
            for s in self._steps
        ]

    def _replay(self, chosen: Chosen, run_cell: Callable[[CellTask], None]) -> None:
        by_name = {task.name: task for task in self._flow.cell_tasks}
        for name in chosen.replayed:
            task = by_name[name]
            run_cell(task)
            if task.definition:
                names = self._namespace.names
                self.references.define(self.keys[name], {n: names[n] for n in task.writes if n in names})

    def _put_back(self, chosen: Chosen) -> bool:
        """Bind what was stored; return whether all of it could be read."""
        hidden = Hidden()
        states: dict[str, Any] = {}
        for holding in chosen.holdings:
            if holding.gone:
                self._namespace.names.pop(holding.names[0], None)
            elif holding.data is not None:
                try:
                    found = thaw(self._earlier.load(holding.data), self.references)
                except Exception:  # noqa: BLE001 - whatever an object's own unpickling raises
                    self._note(holding)
                    return False
                if holding.names[0] in KEPT:
                    states |= found
                else:
                    self._namespace.names.update(found)
        for name, state in states.items():
            hidden.write(name, state)
        return True

    def _note(self, bad: Holding) -> None:
        """Remember what can't be read back."""
        self._bad |= {id(h) for s in self._steps for h in s.holdings if h.names == bad.names and h.data == bad.data}

    def hand_on(self, chosen: Chosen, journal: Journal) -> None:
        """Write what is kept into this run's own journal, for the run after it."""
        kept = chosen.kept
        histories_of = histories(self._steps)
        pure = {id(v.holding) for versions in histories_of.values() for v in versions if v.of <= kept}
        for step in self._steps:
            holdings = [h for h in step.holdings if id(h) in pure]
            for holding in holdings:
                journal.adopt(self._earlier, holding.data)
            ended = {n: well for n, well in step.ended.items() if n in kept}
            if ended or holdings:
                journal.add(Step(ended, holdings))

    def shown(self, chosen: Chosen) -> list[tuple[str, dict[str, Any]]]:
        """Return what kept cells had shown, with the numbers that they have today."""
        ordinals = {t.name: t.cell.ordinal for t in self._flow.cell_tasks}
        found = []
        for kind, body in self._earlier.shown():
            task = self._match.names.get(str(body["task"]))
            if task in chosen.kept:
                found.append((kind, _renumbered({**body, "task": task}, ordinals[str(task)])))
        return found


def _renumbered(body: dict[str, Any], ordinal: int) -> dict[str, Any]:
    if "execution_count" in body:
        return {**body, "execution_count": ordinal}
    output = body.get("output", {})
    if output.get("execution_count") is not None:
        return {**body, "output": {**output, "execution_count": ordinal}}
    return body
