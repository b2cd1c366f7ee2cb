"""Move cells that only define above the cells that use what they define."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.finders.look import Reading
from jupyter_flows.capture.fixing.draft import Draft
from jupyter_flows.capture.fixing.stars import used_names
from jupyter_flows.capture.notebook import Captured, capture
from jupyter_flows.core.task import CellTask

#: More moves than this are a notebook that someone has to look at.
_MOST = 20


def fix_order(draft: Draft) -> None:
    """Move definition cells up, one by one, as long as each move makes an error less and nothing worse."""
    captured = capture(draft.notebook, name="fixed")
    for _ in range(_MOST):
        found = next((moved for moved in _moves(draft, captured)), None)
        if found is None:
            return
        captured = found


def _moves(draft: Draft, captured: Captured) -> list[Captured]:
    """Make the first move that helps; return what comes of it, nothing if none does."""
    readings = {reading.ordinal: reading for reading in draft.readings()}
    for finding in captured.findings:
        if finding.code != "F002" or finding.cell is None:
            continue
        before, moved = draft.text, _needed(captured, readings, readings[finding.cell])
        for shift, task in enumerate(moved):
            draft.move(task.cell.ordinal, above=finding.cell + shift)
        after = capture(draft.notebook, name="fixed") if moved else captured
        if _is_better(captured, after):
            for task in moved:
                names = ", ".join(f"`{name}`" for name in sorted(task.writes))
                place = f"cell {task.cell.ordinal}, which defines {names},"
                draft.changes.fixed.append(f"{place} stands above cell {finding.cell} now, which uses it")
            return [after]
        draft.restore(before)
    return []


def _needed(captured: Captured, readings: Mapping[int, Reading], reader: Reading) -> list[CellTask]:
    """Return the definition cells below a cell whose names it uses, through each other too, and nobody else writes."""
    tasks = captured.flow.cell_tasks
    below = [t for t in tasks if t.definition and t.cell.ordinal > reader.ordinal and t.cell.ordinal in readings]
    below = [t for t in below if not any(t.writes & other.writes for other in tasks if other is not t)]
    used, needed = used_names([reader]), list[CellTask]()
    while more := [t for t in below if t not in needed and t.writes & used]:
        needed += more
        used |= used_names([readings[t.cell.ordinal] for t in more])
    return sorted(needed, key=lambda t: t.cell.ordinal)


def _is_better(before: Captured, after: Captured) -> bool:
    """Tell whether there are fewer errors, and no finding of a kind that there was none of."""
    errors = [sum(f.level == "error" for f in c.findings) for c in (before, after)]
    return errors[1] < errors[0] and _kinds(after.findings) <= _kinds(before.findings)


def _kinds(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(f.code, f.level) for f in findings}
