"""What tracing says of one notebook: executed as it is, traced, and held against the analysis."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import nbformat

from benchmarks.notebooks.against import Paths, analyse, explained, misses, paths
from benchmarks.notebooks.plain import Kept
from benchmarks.notebooks.traced import TracedEdge, disturbed, trace
from benchmarks.notebooks.verdict import TAKEN_OUT, Task
from jupyter_flows.capture.source import parse
from jupyter_flows.comparison.plain import Execution, code_cells
from jupyter_flows.comparison.scratch import Scratch
from jupyter_flows.errors import FlowsError


@dataclass(slots=True)
class Account:
    """One notebook's."""

    notebook: str
    #: Why nothing, or not all, can be said of it.
    trouble: str = ""
    cells: int = 0
    #: Cells taken out because they fail.
    failing: list[int] = field(default_factory=list)
    #: Cells that show something else when traced.
    disturbed: list[int] = field(default_factory=list)
    traced_pairs: int = 0
    static_pairs: int = 0
    misses: list[TracedEdge] = field(default_factory=list)
    explained: list[tuple[TracedEdge, str]] = field(default_factory=list)
    paths: Paths | None = None
    barriers: dict[int, str] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    opaque: int = 0
    opaque_types: dict[str, int] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)
    capture_seconds: float = 0.0
    connect_seconds: float = 0.0
    #: The sources of cells that misses name.
    sources: dict[int, str] = field(default_factory=dict)


class Accountant:
    """Makes accounts of one folder's notebooks, in a copy of it."""

    def __init__(self, scratch: Scratch, task: Task):
        self._scratch, self._task = scratch, task
        self._path = scratch.root / task.path
        self._plain = Kept(task.kept)

    def account(self) -> Account:
        """Execute, trace and judge the notebook."""
        found = Account(f"{self._task.origin.name}/{self._task.path}")
        self._scratch.reset()
        try:
            notebook = nbformat.read(self._path, as_version=4)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the file
            found.trouble = f"no notebook: {type(error).__name__}"
            return found
        language = notebook.metadata.get("kernelspec", {}).get("language", "python")
        if language != "python" or not any(c.source.strip() for c in code_cells(notebook)):
            found.trouble = f"its language is {language}" if language != "python" else "it has no code"
            return found
        plain = self._without_failing(notebook, found)
        if plain is not None:
            self._judge(found, plain, [c.source for c in code_cells(notebook)])
        return found

    def _without_failing(self, notebook: Any, found: Account) -> Execution | None:
        """Write the notebook without cells that fail; return its execution. Taking one out can make others fail."""
        for _ in range(5):
            self._write(nbformat.writes(notebook))
            plain = self._plain.execute(
                self._path, root=self._scratch.root, timeout_seconds=self._task.timeout_seconds, times=1
            )
            if plain.trouble or not plain.failing:
                found.trouble = plain.trouble
                return None if plain.trouble else plain
            found.failing += plain.failing
            for ordinal in plain.failing:
                code_cells(notebook)[ordinal - 1].source = TAKEN_OUT
        found.trouble = "taking cells out makes others fail"
        return None

    def _write(self, text: str) -> None:
        self._scratch.reset()
        self._path.write_text(text, encoding="utf-8")

    def _judge(self, found: Account, plain: Execution, sources: list[str]) -> None:
        found.cells = sum(source not in ("", TAKEN_OUT) for source in sources)
        text = self._path.read_text(encoding="utf-8")
        try:
            static = analyse(self._path)
        except FlowsError as error:
            found.trouble = f"{type(error).__name__}: {error}"
            return
        found.barriers, found.findings = dict(static.barriers), dict(static.findings)
        found.capture_seconds, found.connect_seconds = static.capture_seconds, static.connect_seconds
        self._write(text)
        seconds = 4 * self._task.timeout_seconds
        traced = trace(self._path, root=self._scratch.root, timeout_seconds=seconds, kept=self._plain)
        found.trouble = traced.trouble
        found.objects, found.opaque = traced.objects, traced.opaque
        found.opaque_types, found.cut = dict(traced.opaque_types.most_common(12)), traced.cut
        found.disturbed = disturbed(traced, plain)
        found.traced_pairs = len({(e.upstream, e.downstream) for e in traced.edges})
        found.static_pairs = len(static.edges)
        imports = _importing(sources)
        for edge in misses(traced.edges, static):
            reason = explained(edge, imports)
            if reason:
                found.explained.append((edge, reason))
            else:
                found.misses.append(edge)
        found.sources = {n: sources[n - 1] for e in found.misses for n in (e.upstream, e.downstream)}
        if not traced.trouble:
            found.paths = paths(traced.edges, static, {n: c.seconds for n, c in enumerate(plain.cells, 1)})


def _importing(sources: Iterable[str]) -> set[int]:
    """Return the ordinals of cells that import something."""
    found = set()
    for ordinal, source in enumerate(sources, 1):
        try:
            tree = parse(source)
        except FlowsError:
            continue
        if any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(tree)):
            found.add(ordinal)
    return found


def to_json(account: Account) -> dict[str, Any]:
    """Return an account as JSON values."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(account)))
    return data


def all_types(accounts: Iterable[Account]) -> Counter[str]:
    """Return the types of objects without a fingerprint, over all notebooks."""
    found: Counter[str] = Counter()
    for account in accounts:
        found.update(account.opaque_types)
    return found
