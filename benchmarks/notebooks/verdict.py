"""One notebook's verdict: executed top to bottom, as a flow, and as a flow in other orders."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat

from benchmarks.notebooks.asflow import Refusal, Taken, run, take
from benchmarks.notebooks.judging import is_right
from benchmarks.notebooks.plain import Kept
from benchmarks.notebooks.precision import critical_path
from jupyter_flows.comparison.judging import Comparison, Difference, compare
from jupyter_flows.comparison.orders import AnyOrder, order
from jupyter_flows.comparison.plain import Execution, code_cells
from jupyter_flows.comparison.scratch import Scratch

Word = Literal["equal", "refused", "different", "not comparable"]

#: Stands in the place of a cell that fails top to bottom, so that the cells below it can be compared too.
TAKEN_OUT = "# taken out: it fails"
#: How often a cell is executed top to bottom before its other output in a flow is called a difference.
LOOKS = 3
#: Stands above a notebook whose cells show something else each time.
SEEDED = "import random as _random\nimport numpy as _numpy\n_random.seed(0)\n_numpy.random.seed(0)"


@dataclass(slots=True)
class Form:
    """A notebook as it is, or in a form of which more can be compared."""

    word: Word
    why: str = ""
    cells: int = 0
    unsteady: list[int] = field(default_factory=list)
    different: list[Difference] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    #: Whether the refusal is one: top to bottom fails the same way.
    right: bool = False
    barriers: dict[int, str] = field(default_factory=dict)
    #: The heaviest chain's share of the work: by number of cells, and by seconds.
    critical_cells: float | None = None
    critical_seconds: float | None = None
    #: Differences in other orders, by the seed; "latest" for the one that runs the latest cell first.
    orders: dict[str, list[Difference]] = field(default_factory=dict)
    orders_tried: int = 0


@dataclass(slots=True)
class Verdict:
    """What is said of one notebook."""

    notebook: str
    as_it_is: Form
    #: Without the cells that fail, seeded if unsteady; None where the notebook as it is has neither.
    cleaned: Form | None = None
    failing: list[int] = field(default_factory=list)

    @property
    def best(self) -> Form:
        """The form of which most can be compared."""
        return self.cleaned or self.as_it_is


@dataclass(frozen=True, slots=True)
class Task:
    """A notebook to judge, and how."""

    origin: Path
    #: Below `origin`.
    path: Path
    timeout_seconds: float = 120.0
    orders: int = 0
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A form of the notebook that became a flow, and what it showed top to bottom so far."""

    taken: Taken
    text: str
    #: Of the cells that are compared.
    sources: Sequence[str]
    plain: list[Execution]


class Judge:
    """Judges notebooks of one folder, in a copy of it."""

    def __init__(self, scratch: Scratch, task: Task):
        self._scratch, self._task = scratch, task
        self._path = scratch.root / task.path
        self._plain = Kept(task.kept)

    def verdict(self) -> Verdict:
        """Judge the notebook as it is, then in the form of which more can be compared."""
        name = f"{self._task.origin.name}/{self._task.path}"
        self._scratch.reset()
        try:
            notebook = nbformat.read(self._path, as_version=4)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the file
            return Verdict(name, Form("not comparable", f"no notebook: {type(error).__name__}"))
        reason = _unfit(notebook)
        if reason:
            return Verdict(name, Form("not comparable", reason))
        text = self._path.read_text(encoding="utf-8")
        first = self._execute(text, 1)
        if first.trouble:
            return Verdict(name, Form("not comparable", first.trouble))
        return self._forms(name, notebook, text, first)

    def _forms(self, name: str, notebook: Any, text: str, first: Execution) -> Verdict:
        failing = first.failing
        until = failing[0] if failing else None
        as_it_is = self._form(text, first, until=until, orders=0 if failing else self._task.orders)
        if not failing and not as_it_is.unsteady:
            return Verdict(name, as_it_is)
        if len(failing) == sum(bool(cell.source.strip()) for cell in code_cells(notebook)):
            return Verdict(name, as_it_is, failing=failing)
        clean, clean_first = self._cleaned(notebook, first, seeded=bool(as_it_is.unsteady))
        if clean_first is None:
            return Verdict(name, as_it_is, failing=failing)
        form = self._form(clean, clean_first, until=None, orders=self._task.orders)
        return Verdict(name, as_it_is, form, failing)

    def _cleaned(self, notebook: Any, first: Execution, *, seeded: bool) -> tuple[str, Execution | None]:
        """Return the notebook without failing cells, executed; taking one out can make others fail."""
        failing = first.failing
        if seeded or any("random" in cell.source for cell in code_cells(notebook)):
            notebook.cells.insert(0, nbformat.v4.new_code_cell(SEEDED))
            failing = [n + 1 for n in failing]
        for _ in range(4):
            for ordinal in failing:
                code_cells(notebook)[ordinal - 1].source = TAKEN_OUT
            text = nbformat.writes(notebook)
            execution = self._execute(text, 1)
            failing = execution.failing
            if execution.trouble:
                break
            if all(cell.source in ("", TAKEN_OUT, SEEDED) for cell in code_cells(notebook)):
                break
            if not failing:
                return text, execution
        return "", None

    def _form(self, text: str, first: Execution, *, until: int | None, orders: int) -> Form:
        self._write(text)
        sources = [cell.source for cell in code_cells(nbformat.reads(text, as_version=4))]
        taken = take(self._path)
        if not isinstance(taken, Taken):
            why = "; ".join(f"{r.code} {r.message}" for r in taken)
            return Form("refused", why, len(sources), refusals=taken, right=is_right(taken, first))
        case = _Case(taken, text, sources[:until], [first])
        found = self._run(case, None)
        judged = self._compared(case, found)
        form = Form("different" if judged.different or found.trouble else "equal", found.trouble, len(sources))
        form.unsteady, form.different = judged.unsteady, judged.different
        self._measure(form, taken, first)
        for seed in _distinct(taken, orders):
            self._other_order(form, case, seed)
        return form

    def _compared(self, case: _Case, found: Execution, known: Collection[int] = ()) -> Comparison:
        """Compare, and where something differs look again: what seldom changes is unsteady, too."""
        judged = compare(case.plain, found, case.sources, known=known)
        while judged.different and not found.trouble and len(case.plain) < LOOKS:
            case.plain.append(self._execute(case.text, len(case.plain) + 1))
            judged = compare(case.plain, found, case.sources, known=known)
        return judged

    def _other_order(self, form: Form, case: _Case, seed: int | None) -> None:
        """Run in another order; what differs in notebook order too tells nothing new."""
        found = self._run(case, AnyOrder(seed) if seed is not None else AnyOrder())
        form.orders_tried += 1
        judged = self._compared(case, found, known={difference.cell for difference in form.different})
        if judged.different:
            form.orders["latest" if seed is None else str(seed)] = judged.different

    def _measure(self, form: Form, taken: Taken, first: Execution) -> None:
        tasks = taken.captured.flow.cell_tasks
        seconds = [max(first.cells[t.cell.ordinal - 1].seconds, 0.001) for t in tasks]
        work = [0.0 if t.definition else 1.0 for t in tasks]
        form.critical_cells = critical_path(taken.upstream, work)
        form.critical_seconds = critical_path(taken.upstream, seconds)
        form.barriers = dict(taken.barriers)

    # -- executions, each in a copy made good ------------------------------------------------------

    def _write(self, text: str) -> None:
        self._scratch.reset()
        self._path.write_text(text, encoding="utf-8")

    def _execute(self, text: str, times: int) -> Execution:
        self._write(text)
        return self._plain.execute(
            self._path, root=self._scratch.root, timeout_seconds=self._task.timeout_seconds, times=times
        )

    def _run(self, case: _Case, executor: AnyOrder | None) -> Execution:
        self._write(case.text)
        return run(
            case.taken,
            root=self._scratch.root,
            folder=self._path.parent,
            executor=executor,
            timeout_seconds=2 * self._task.timeout_seconds,
        )


def _unfit(notebook: Any) -> str:
    language = notebook.metadata.get("kernelspec", {}).get("language") or notebook.metadata.get(
        "language_info", {}
    ).get("name", "python")
    if language.lower() not in ("python", "ipython", "python3"):
        return f"its language is {language}"
    return "" if any(cell.source.strip() for cell in code_cells(notebook)) else "it has no code"


def _distinct(taken: Taken, count: int) -> Iterator[int | None]:
    """Give seeds whose orders differ from top to bottom and from one another; None for the latest first."""
    seen = {tuple(range(len(taken.upstream)))}
    seeds: list[int | None] = [None, *range(1, count)] if count else []
    for seed in seeds:
        found = tuple(order(taken.upstream, seed))
        if found not in seen:
            seen.add(found)
            yield seed


def to_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(verdict)))
    return data
