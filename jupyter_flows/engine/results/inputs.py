"""Bring one task's inputs into a namespace that lives: to debug the task, and to go on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.results.choice import Chosen, choose
from jupyter_flows.engine.results.freezing import thaw
from jupyter_flows.engine.results.hidden import KEPT, Hidden
from jupyter_flows.engine.results.journal import Holding, Journal
from jupyter_flows.engine.results.matching import definition_keys, describe, facts, match
from jupyter_flows.engine.results.references import References
from jupyter_flows.errors import RunError


def load_inputs(
    flow: Flow, task: CellTask, earlier: Journal, main: dict[str, Any], execute: Callable[[str], None]
) -> list[str]:
    """Bind what `task` took in an earlier run of this very flow, under the original names; return the names.

    `execute` runs a definition cell's code in `main`. Other names stay as they are. Raises `RunError` naming what is
    not stored and the cell that makes it.
    """
    about, steps = earlier.about(), earlier.steps()
    found = match(about, {**describe(flow, about["parameters"]), "python": about["python"]}, steps)
    again = {task.name: "it is looked into"} | dict(found.again)
    chosen = choose(facts(flow), list(map(found.step, steps)), again, also=found.edges)
    wanted = task.reads | task.touches | {h.partition(" ")[2] for h in task.hidden}
    _require(flow, task, chosen)
    before = dict(main)
    references = References(main)
    try:
        values, states = _thawed(flow, chosen, earlier, references, wanted, execute)
    finally:
        for name in main.keys() - before.keys():
            del main[name]
        main.update(before)
    main.update(values)
    hidden = Hidden()
    for name, state in states.items():
        hidden.write(name, state)
    return sorted(values)


def _require(flow: Flow, task: CellTask, chosen: Chosen) -> None:
    """Raise `RunError` unless all that the task waits for is there."""
    for upstream in flow.cell_tasks:
        if upstream in flow.upstream_tasks(task) and upstream.name not in chosen.kept:
            why = chosen.why.get(upstream.name, "it did not run")
            raise RunError(
                f"The inputs of {task.name!r} are not all stored: {upstream.name!r} has to run first ({why}). "
                f"Load that task's inputs instead, and run its cell."
            )


def _thawed(  # noqa: PLR0917 - what one loading needs
    flow: Flow,
    chosen: Chosen,
    earlier: Journal,
    references: References,
    wanted: frozenset[str] | set[str],
    execute: Callable[[str], None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys, main = definition_keys(flow), references.main
    for cell in flow.cell_tasks:
        if cell.definition and cell.name in chosen.kept:
            execute(cell.code)
            references.define(keys[cell.name], {n: main[n] for n in cell.writes if n in main})
    values: dict[str, Any] = {}
    states: dict[str, Any] = {}
    for holding in chosen.holdings:
        if holding.data is not None and wanted & set(holding.names):
            names = _read(earlier, holding, references)
            (states if holding.names[0] in KEPT else values).update({n: v for n, v in names.items() if n in wanted})
    return values, states


def _read(earlier: Journal, holding: Holding, references: References) -> dict[str, Any]:
    try:
        return thaw(earlier.load(holding.data or ""), references)
    except Exception as error:
        names = ", ".join(holding.names)
        raise RunError(f"{names} can't be read back ({type(error).__name__}: {error}): run the flow anew.") from error
