"""Run a notebook from top to bottom and as a flow, in a copy of its folder, and report where they differ."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_flows.capture.checks import Finding, in_order
from jupyter_flows.capture.markers import read_marker
from jupyter_flows.capture.notebook import Captured, capture, read_notebook
from jupyter_flows.capture.notebook_file import Notebook
from jupyter_flows.comparison.asflow import run
from jupyter_flows.comparison.folder import check_size, folder_around
from jupyter_flows.comparison.judging import Comparison, compare
from jupyter_flows.comparison.orders import AnyOrder, order
from jupyter_flows.comparison.plain import Execution, execute
from jupyter_flows.comparison.scratch import Scratch
from jupyter_flows.core.task import CellTask
from jupyter_flows.errors import CheckError

#: How often a cell is run top to bottom before its other output in a flow is called a difference.
LOOKS = 3
#: What cells share above this is worth knowing.
LARGE_BYTES = 50_000_000
_LONGEST = 90
_MARK = "#| task: 'jupyter flows check'\n"
_PROBE = "from jupyter_flows.comparison.probing import show\n"
_REPORT = "__import__('jupyter_flows.comparison.probing', fromlist=['report']).report(globals(), {names!r})"
_FIX = "please report it; until then put the cells concerned into one, or order them by --after"


@dataclass(slots=True)
class Proof:
    """What came of running a notebook both ways."""

    findings: list[Finding] = field(default_factory=list)
    #: Cells, and values at the end, that were equal in all executions.
    cells: int = 0
    values: int = 0
    #: Other orders, allowed by the edges, that were tried.
    orders: int = 0
    #: Why less than all could be compared; "" if all was.
    trouble: str = ""

    @property
    def summary(self) -> str:
        """What was equal, in one sentence."""
        if self.trouble:
            return "Not all could be compared."
        also = ", also when cells that need not wait for others run first" if self.orders else ""
        differ = " others differ." if any(f.code == "F019" for f in self.findings) else ""
        cells = "1 cell" if self.cells == 1 else f"{self.cells} cells"
        values = "1 value" if self.values == 1 else f"{self.values} values"
        if differ:
            return f"{cells} and {values} are equal top to bottom and as a flow;{differ}"
        return f"{cells} and {values} are equal top to bottom and as a flow{also}."


def prove(notebook: Notebook, *, timeout_seconds: float, say: Callable[[str], None]) -> Proof:
    """Run a saved notebook both ways; raise `CheckError` where that can't be done.

    Each execution starts from a fresh copy of the notebook's folder, or of the one that it reaches by ``../``;
    what cells do elsewhere (databases, networks, absolute paths) they do each time.
    """
    if notebook.path is None:
        raise CheckError("--deep needs a saved notebook: it runs it in a copy of its folder.")
    around = folder_around(notebook.path, [cell.source for cell in notebook.cells])
    check_size(around)
    with tempfile.TemporaryDirectory(prefix="jupyter-flows-check-", ignore_cleanup_errors=True) as place:
        scratch = Scratch(around, Path(place))
        return _Trial(notebook, scratch, timeout_seconds, say).proof()


class _Trial:
    """The executions of one notebook, each in a copy made good."""

    def __init__(self, notebook: Notebook, scratch: Scratch, timeout_seconds: float, say: Callable[[str], None]):
        relative = (notebook.path or scratch.origin).relative_to(scratch.origin)
        self._path = (scratch.root / relative).with_suffix(".ipynb")
        self._scratch, self._timeout, self._say = scratch, timeout_seconds, say
        self._text = _with_probe(notebook, _ends(capture(notebook, name="checked")))
        self._write(self._text)
        self._captured = capture(read_notebook(self._path), name="checked")
        tasks = {t.cell.ordinal: t for t in self._captured.flow.cell_tasks}
        self._last = max(tasks)
        self._tasks = tasks
        self._plain_text = _without_marks(self._captured.notebook)
        self._sources = [cell.source for cell in self._captured.notebook.cells]
        self._left_out = {n for n in range(1, len(self._sources) + 1) if n not in tasks}
        self._plain: list[Execution] = []
        self.done = Proof()

    def proof(self) -> Proof:
        """Run, compare, and say what differs."""
        self._say("running it top to bottom ...")
        first = self._execute(_questions(self._captured))
        if first.trouble:
            self._give_up(f"top to bottom, {first.trouble}")
            return self.done
        self._probed(first)
        until = self._failing(first)
        self._say("running it as a flow ...")
        self._judge(self._run(None), until, "")
        self._other_order(until)
        self.done.findings = list(in_order(self.done.findings))
        return self.done

    def _other_order(self, until: int) -> None:
        """Run the latest cell that may run first: what is missing among the edges shows there."""
        tasks = self._captured.flow.tasks
        number = {task: n for n, task in enumerate(tasks)}
        upstream: list[list[int]] = [[] for _ in tasks]
        for edge in self._captured.flow.edges:
            upstream[number[edge.downstream]].append(number[edge.upstream])
        if until < self._last or self.done.trouble or order(upstream) == list(range(len(tasks))):
            return
        self._say("running it as a flow, later cells first ...")
        self.done.orders += 1
        self._judge(self._run(AnyOrder()), until, ", when cells that need not wait for others run first")

    def _failing(self, first: Execution) -> int:
        """Report the first cell that fails top to bottom; return the last cell that can be compared."""
        for ordinal in first.failing:
            tags = self._captured.notebook.cells[ordinal - 1].tags
            if ordinal not in self._left_out and "raises-exception" not in tags:
                error = next(o for o in first.cells[ordinal - 1].outputs if o["output_type"] != "display_data")
                what = f"{error.get('ename', 'UsageError')}: {error.get('evalue', '')}".strip(": ")
                message = f"fails when the notebook runs top to bottom: {_short(what)}"
                self.done.findings.append(Finding("F031", "error", ordinal, None, message, "correct the cell"))
                return ordinal
        return self._last

    def _judge(self, found: Execution, until: int, when: str) -> None:
        """Compare an execution as a flow; look again, top to bottom, before something is called different."""
        if found.trouble:
            self._give_up(f"as a flow, {found.trouble}{when}")
            return
        known = {self._last} | self._left_out | {f.cell for f in self.done.findings if f.code == "F019" and f.cell}
        sources = self._sources[:until]
        judged = compare(self._plain, found, sources, known=known)
        values = self._values_judged(found, until)
        while (judged.different or values) and len(self._plain) < LOOKS:
            self._say("something differs: running it top to bottom again ...")
            self._execute(None)
            judged = compare(self._plain, found, sources, known=known)
            values = self._values_judged(found, until)
        self._report(judged, values, when)
        if not when:
            self.done.cells = len(set(judged.equal) - self._left_out - {self._last})
            self.done.values = len(self._values(found)) - len(values) if until == self._last else 0

    def _give_up(self, why: str) -> None:
        self.done.trouble = why
        message = f"the notebook can't be compared to its end: {why}"
        fix = "give it longer by --timeout" if "longer" in why else "look at what it does there"
        self.done.findings.append(Finding("F031", "error", None, None, message, fix))

    def _values_judged(self, found: Execution, until: int) -> list[str]:
        """Return the names whose values at the end were always the same, and are others in the flow."""
        if until < self._last:
            return []
        truths = [self._values(execution) for execution in self._plain]
        steady = [name for name in truths[0] if all(t.get(name) == truths[0][name] for t in truths)]
        digests = self._values(found)
        return [name for name in steady if digests.get(name, truths[0][name]) != truths[0][name]]

    def _report(self, judged: Comparison, values: Sequence[str], when: str) -> None:
        report = self.done.findings.append
        for difference in judged.different:
            expected, found = _first_difference(difference.expected, difference.found)
            message = f"shows {found} as a flow{when}, and {expected} top to bottom"
            report(Finding("F019", "error", difference.cell, None, message, _FIX))
        for name in values:
            writers = [n for n, t in self._tasks.items() if name in t.writes and n != self._last]
            message = f"`{name}` has another value at the end of the flow{when} than top to bottom"
            report(Finding("F019", "error", max(writers, default=None), None, message, _FIX))
        for ordinal in sorted(judged.unsteady):
            report(Finding("F018", "info", ordinal, None, "shows something else each time that the notebook runs"))

    def _values(self, execution: Execution) -> dict[str, str]:
        """Return the digests of the values at the end, as the last cell shows them."""
        outputs = execution.cells[self._last - 1].outputs
        text = "".join("".join(o["text"]) for o in outputs if o["output_type"] == "stream")
        digests: dict[str, str | None] = json.loads(_json(text))
        return {name: digest for name, digest in digests.items() if digest}

    def _probed(self, first: Execution) -> None:
        for ordinal, answer in sorted(first.answers.items()):
            for value in json.loads(answer):
                self.done.findings += _of_value(ordinal, value)

    # -- executions --------------------------------------------------------------------------------

    def _write(self, text: str) -> None:
        self._scratch.reset()
        self._path.write_text(text, encoding="utf-8")

    def _execute(self, questions: dict[int, str] | None) -> Execution:
        self._write(self._plain_text)
        execution = execute(
            self._path, root=self._scratch.root, timeout_seconds=self._timeout, questions=questions or {}
        )
        self._plain.append(execution)
        return execution

    def _run(self, executor: AnyOrder | None) -> Execution:
        self._write(self._text)
        return run(
            self._captured.flow,
            root=self._scratch.root,
            folder=self._path.parent,
            executor=executor,
            timeout_seconds=2 * self._timeout,
        )


def _ends(captured: Captured) -> list[str]:
    """Return the names whose values are compared at the end: what tasks write, definitions left out."""
    return sorted({name for t in captured.flow.cell_tasks if not t.definition for name in t.writes})


def _with_probe(notebook: Notebook, names: Sequence[str]) -> str:
    """Return the notebook's JSON with a last cell that shows digests of values."""
    document = json.loads(notebook.text)
    lookups = ", ".join(f"{name}=lambda: {name}" for name in names if name != "show")
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "source": f"{_MARK if _is_marked(notebook) else ''}{_PROBE}show({lookups})",
        "outputs": [],
        "execution_count": None,
    }
    if document.get("nbformat_minor", 0) > 4:  # noqa: PLR2004 - ids came with nbformat 4.5
        cell["id"] = "jupyter-flows-check"
    document["cells"].append(cell)
    return json.dumps(document, ensure_ascii=False)


def _without_marks(notebook: Notebook) -> str:
    """Return the notebook as any kernel can run it: without what drives jupyter_flows, which might register it."""
    markers = [read_marker(cell) for cell in notebook.cells]
    return notebook.with_sources({n: "#" if m.kind == "skip" else m.code for n, m in enumerate(markers)}).text


def _is_marked(notebook: Notebook) -> bool:
    """Tell whether any cell is marked as a task, so that a cell without a mark may be left out."""
    return any(read_marker(cell).kind == "task" for cell in notebook.cells)


def _questions(captured: Captured) -> dict[int, str]:
    """Ask after each cell for what it makes and a later cell uses."""
    tasks = sorted(captured.flow.cell_tasks, key=lambda t: t.cell.ordinal)
    asked = {}
    for n, task in enumerate(tasks):
        names = [] if task.definition else sorted(name for name in task.writes if _is_used(name, tasks[n + 1 : -1]))
        if names:
            asked[task.cell.ordinal] = _REPORT.format(names=names)
    return asked


def _is_used(name: str, below: Collection[CellTask]) -> bool:
    for task in below:
        if name in task.reads:
            return True
        if name in task.writes:
            return False
    return False


def _of_value(ordinal: int, value: dict[str, Any]) -> Iterator[Finding]:
    name, path, size = value["name"], value["path"], value["size_bytes"]
    if path:
        what = "it is" if path == name else f"`{path}` is"
        kind = value["kind"]
        message = f"`{name}` can't be pickled: {what} {'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
        fix = "make it where it is used, if a run is to resume below this cell or use several processes"
        yield Finding("F011", "info", ordinal, None, message, fix)
    elif size > LARGE_BYTES:
        message = f"`{name}`, which other cells use, has {size / 1e6:.0f} MB"
        fix = "save it to a file, or reduce it, if a run is to use several processes"
        yield Finding("F012", "info", ordinal, None, message, fix)


def _json(text: str) -> str:
    """Return the one line of a cell's text that is a JSON object."""
    return next((part for line in text.split("\n") if (part := line[line.find("{") :]).startswith("{")), "{}")


def _first_difference(expected: str, found: str) -> tuple[str, str]:
    """Return the first lines in which two texts differ, short enough for one sentence."""
    one, other = expected.split("\n"), found.split("\n")
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return _line(one, at), _line(other, at)


def _line(lines: Sequence[str], at: int) -> str:
    return repr(_short(lines[at])) if at < len(lines) and lines[at] else "nothing more" if at else "nothing"


def _short(text: str) -> str:
    first = text.strip().split("\n")[0]
    return first if len(first) <= _LONGEST else first[: _LONGEST - 3] + "..."
