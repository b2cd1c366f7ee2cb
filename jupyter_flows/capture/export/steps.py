"""A notebook's cells as steps of a script: what of each goes where."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection, Iterator, Sequence

from jupyter_flows.capture import source
from jupyter_flows.capture.definitions import evaluated_names
from jupyter_flows.capture.export.cell_names import cell_names
from jupyter_flows.capture.export.editing import free_word, trimmed
from jupyter_flows.capture.export.planning import Step, is_star, plan, shared_names
from jupyter_flows.capture.export.translating import CannotExport, Plain, plain, python_of
from jupyter_flows.capture.markers import read_marker
from jupyter_flows.capture.notebook import Captured
from jupyter_flows.core import canonical
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.task import CellTask, Task
from jupyter_flows.errors import ExportRefused, MarkerError

#: Words of the script's own, which make way for names of the notebook.
_OWN = ("Flow", "Parameter", "task", "build_flow", "flow", "given")
_HELPERS = ("main", "show", "sh", "output_of", "end_figures", "show_error")


class Cells:
    """The cells of a flow, translated, named and planned; raises `ExportRefused` where one can't be."""

    def __init__(self, captured: Captured):
        self.captured, self.flow = captured, captured.flow
        self.tasks: tuple[CellTask, ...] = captured.flow.cell_tasks
        if not self.tasks:
            raise ExportRefused([(None, None, "none of its cells takes part in the flow")])
        mapped = [task.cell.ordinal for task in self.tasks if task.options.map]
        if mapped:
            why = "it runs once for each element (--map), which a function of the script does not"
            raise ExportRefused([(ordinal, None, why) for ordinal in mapped])
        self.taken = _identifiers(self.tasks)
        if "*" in self.taken:
            # Nobody knows what these bring: perhaps `show`.
            self.taken |= {*_OWN, *_HELPERS}
        self.words = {word: free_word(word, self.taken) for word in (*_OWN, *_HELPERS)} | {"display": "display"}
        self.specs: tuple[ParameterSpec, ...] = captured.flow.parameters()
        self.plains = self._plains()
        self.names = self._function_names()
        self.dropped: frozenset[int] = frozenset()
        self.steps: list[Step] = []
        self._plan()

    def _plains(self) -> list[Plain]:
        bound = _bound(self.tasks)
        found, reasons = [], []
        for task in self.tasks:
            try:
                found.append(plain(task.code, task.cell.ordinal, bound, self.words.__getitem__))
            except CannotExport as error:
                reasons.append((task.cell.ordinal, error.line, error.reason))
        if reasons:
            raise ExportRefused(reasons)
        return found

    def _function_names(self) -> list[str]:
        taken = {*self.taken, *self.words.values(), *keyword.kwlist}
        found = []
        for task in self.tasks:
            word = re.sub(r"\W+", "_", task.name).strip("_")
            word = word if word.isidentifier() else f"cell_{task.cell.ordinal}"
            word = word if word not in taken else free_word(f"{word}_task", taken)
            taken.add(word)
            found.append(word)
        return found

    def _plan(self) -> None:
        """Choose what is a function; imports of a cell that does more go to the top where they may."""
        places: dict[Task, int] = {t: n for n, t in enumerate(self.tasks)}
        edges = [(2 * places[e.upstream] + 1, 2 * places[e.downstream] + 1) for e in self.flow.edges]
        declaring = [n for n, t in enumerate(self.tasks) if t.parameters]
        given = frozenset(p.name for p in self.specs)
        simple = bool(declaring) and all(_mere_values(self.plains[n].tree) for n in declaring)
        split = {n for n in range(len(self.tasks)) if n not in declaring}
        while True:
            dropped = frozenset(2 * n + 1 for n in declaring) if simple else frozenset[int]()
            steps = list(self._steps(split, values=simple))
            plan(steps, edges, dropped=dropped, given=given if simple else frozenset())
            if simple and not _are_mere_inputs(steps, dropped, given):
                simple = False
                continue
            stuck = {s.index // 2 for s in steps if s.index % 2 == 0 and not s.hoisted}
            if not stuck:
                break
            split -= stuck
        self.steps, self.dropped = steps, dropped
        self._refuse_stars()

    def _refuse_stars(self) -> None:
        reasons: list[tuple[int | None, int | None, str]] = []
        for step in self.work:
            for node in (n for n in ast.walk(step.plain.tree) if isinstance(n, ast.ImportFrom) and is_star(n)):
                why = f"`from {node.module} import *` can't stand in a function: name what it takes"
                reasons.append((self.tasks[step.index // 2].cell.ordinal, None, why))
        if reasons:
            raise ExportRefused(reasons)

    def _steps(self, split: Collection[int], *, values: bool) -> Iterator[Step]:
        for n, task in enumerate(self.tasks):
            marked = _is_marked(task)
            may_fail = "raises-exception" in task.cell.tags
            whole = self.plains[n]
            if task.parameters and not values:
                whole = self._overridden(whole)
            pieces = _imports_apart(whole) if n in split and not may_fail else None
            if pieces:
                yield Step(2 * n, pieces[0], self.captured.refs[n])
            body = pieces[1] if pieces else whole
            yield Step(
                2 * n + 1, body, self.captured.refs[n], marked=marked, parameters=task.parameters, may_fail=may_fail
            )

    def _overridden(self, cell: Plain) -> Plain:
        """Let the values of a run go before those that the parameters cell gives."""
        lines = [cell.text, "# What a run is given goes before the values above."]
        given = self.words["given"]
        for p in self.specs:
            value = f'{p.name} = {given}["{p.name}"]'
            lines.append(f'if {given}["{p.name}"] is not None:\n    {value}' if p.computed else value)
        text = "\n".join(lines)
        return Plain(text, canonical.parse(text), cell.helpers, cell.future)

    @property
    def work(self) -> list[Step]:
        """The steps that become functions."""
        return [s for s in self.steps if not s.hoisted and s.index not in self.dropped]


def _is_marked(task: CellTask) -> bool:
    try:
        return read_marker(task.cell).kind == "task"
    except MarkerError:
        return True


def _mere_values(tree: ast.Module) -> bool:
    """Tell whether a parameters cell does nothing but give names literal values."""
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if not targets or not all(isinstance(t, ast.Name) for t in targets):
            return False
        try:
            ast.literal_eval(value) if value is not None else None
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return False
    return True


def _are_mere_inputs(steps: Sequence[Step], dropped: frozenset[int], given: frozenset[str]) -> bool:
    """Tell whether nothing but arguments is to be made of parameters: no code looks them up, and no cell above."""
    above = [s for s in steps if s.index < min(dropped)]
    earlier = {name for s in above for name in s.names.binds | s.names.needs}
    return not given & (shared_names(steps, dropped, given) | earlier)


def _imports_apart(cell: Plain) -> tuple[Plain, Plain] | None:
    """Split a cell that begins with imports and goes on to do something; None for any other."""
    body = cell.tree.body
    count = next((n for n, node in enumerate(body) if not isinstance(node, ast.Import | ast.ImportFrom)), len(body))
    if not 0 < count < len(body) or evaluated_names(cell.tree) is not None:
        return None
    end, start = body[count - 1].end_lineno or 0, body[count].lineno
    if end >= start:
        return None
    lines = cell.text.split("\n")
    texts = trimmed("\n".join(lines[:end])), trimmed("\n".join(lines[end:]))
    first, rest = (Plain(text, canonical.parse(text)) for text in texts)
    rest.helpers, rest.future = cell.helpers, cell.future
    return first, rest


def _bound(tasks: Sequence[CellTask]) -> set[str]:
    """Return every name that some cell binds in the notebook's module."""
    found: set[str] = set()
    for task in tasks:
        names = cell_names(source.parse(python_of(task.code), ordinal=task.cell.ordinal).body)
        found |= names.binds | names.late_binds
    return found


def _identifiers(tasks: Sequence[CellTask]) -> set[str]:
    """Return every word that the notebook's code uses as a name of its own."""
    found: set[str] = set()
    for task in tasks:
        for node in ast.walk(source.parse(python_of(task.code), ordinal=task.cell.ordinal)):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.alias):
                found |= {node.name, (node.asname or node.name).split(".")[0]}
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                found |= set(node.names)
    return found
