"""Run a notebook top to bottom in a traced kernel, and work out which cell truly had to follow which."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.notebooks.plain import ENVIRONMENT, Kept, from_json
from benchmarks.notebooks.tracer.history import History
from jupyter_flows.comparison.outputs import comparable, same
from jupyter_flows.comparison.plain import Execution, Ran, code_cells, execute

_CONFIG = "c.InteractiveShellApp.extensions = ['benchmarks.notebooks.tracer.kernel']\n"
_GENERATORS = ("<random>", "<numpy.random>")


@dataclass(frozen=True, slots=True)
class TracedEdge:
    """One cell had to follow another; ordinals of code cells, from 1."""

    upstream: int
    downstream: int
    kind: str
    #: The name by which the thing was found, or the hidden resource.
    label: str


@dataclass(slots=True)
class Trace:
    """What a traced execution told."""

    edges: list[TracedEdge] = field(default_factory=list)
    #: By ordinal.
    seconds: dict[int, float] = field(default_factory=dict)
    failing: list[int] = field(default_factory=list)
    #: Objects seen after all cells together, those without a fingerprint, and their types.
    objects: int = 0
    opaque: int = 0
    opaque_types: Counter[str] = field(default_factory=Counter)
    #: Cells after which there was too much to look at, or in which too many temporary objects were read.
    cut: list[int] = field(default_factory=list)
    #: Why there is less than there could be.
    trouble: str = ""
    execution: Execution | None = None


def trace(path: Path, *, root: Path, timeout_seconds: float, kept: Kept | None = None) -> Trace:
    """Execute a notebook file with the tracer in its kernel, or take what is kept of that."""
    place = kept.place(path, root, f"traced {_version()}") if kept else None
    if place and place.exists():
        data = json.loads(place.read_text(encoding="utf-8"))
        return _gathered(data["lines"], _executed(path), from_json(data["execution"]))
    lines, execution = _traced(path, root, timeout_seconds)
    if place and not execution.trouble:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"lines": lines, "execution": asdict(execution)}), encoding="utf-8")
    return _gathered(lines, _executed(path), execution)


def _traced(path: Path, root: Path, timeout_seconds: float) -> tuple[list[dict[str, Any]], Execution]:
    with tempfile.TemporaryDirectory(prefix="traced-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder) / "ipython" / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.py").write_text(_CONFIG, encoding="utf-8")
        to = Path(folder) / "trace.jsonl"
        env = {**ENVIRONMENT, "IPYTHONDIR": str(profile.parent), "TRACED_TO": str(to), "TRACED_ROOT": str(root)}
        execution = execute(path, root=root, timeout_seconds=timeout_seconds, env=env)
        lines = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()] if to.exists() else []
    return lines, execution


def _version() -> str:
    """Return what tells one tracer from another: a trace kept of an older one is of no use."""
    sources = sorted((Path(__file__).parent / "tracer").glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _executed(path: Path) -> list[int]:
    """Return the ordinals of the cells that are executed at all."""
    cells = code_cells(nbformat.read(path, as_version=4))
    skipped = "skip-execution"
    return [n for n, c in enumerate(cells, 1) if c.source.strip() and skipped not in c.metadata.get("tags", [])]


def _gathered(lines: Sequence[dict[str, Any]], ordinals: Sequence[int], execution: Execution) -> Trace:
    found = Trace(trouble=execution.trouble, execution=execution)
    if not lines and not found.trouble:
        found.trouble = "the tracer told nothing"
    place = {line["cell"]: ordinal for line, ordinal in zip(lines, ordinals, strict=False)}
    for line in lines:
        ordinal = place[line["cell"]]
        found.seconds[ordinal] = line["seconds"]
        if line["error"]:
            found.failing.append(ordinal)
        if "trouble" in line:
            found.trouble = f"cell {ordinal}: {line['trouble'].splitlines()[-1]}"
            continue
        found.edges += [TracedEdge(place[up], ordinal, kind, label) for up, kind, label in line["edges"]]
        found.objects += line["objects"]
        found.opaque += line["opaque_count"]
        found.opaque_types.update(line["opaque"])
        if line["cut"] or line["dropped"]:
            found.cut.append(ordinal)
    found.edges += _hidden_edges(lines, place, execution.cells)
    return found


def _hidden_edges(lines: Sequence[dict[str, Any]], place: dict[int, int], cells: Sequence[Ran]) -> list[TracedEdge]:
    """Order the uses of hidden state and of files."""
    history = History()
    seeded = {resource for line in lines for resource in line.get("renewed", ())}
    for line in lines:
        cell = place[line["cell"]]
        changed = [r for r in line.get("hidden", ()) if r not in _GENERATORS or r in seeded]
        for resource in sorted({*changed, *line.get("renewed", ())}):
            if resource in _GENERATORS and resource not in line["renewed"]:
                history.read(resource, cell, resource)
        for resource in _shown(cells[cell - 1].outputs if cell <= len(cells) else []):
            history.read(resource, cell, resource)
        for name in line.get("files_read", ()):
            history.read(("file", name), cell, f"<file:{name}>")
        for resource in sorted({*changed, *line.get("renewed", ())}):
            history.write(resource, cell, resource)
        for name in line.get("files_written", ()):
            history.write(("file", name), cell, f"<file:{name}>")
    return [TracedEdge(*pair, *reason) for pair, found in history.edges.items() for reason in sorted(found)]


def _shown(outputs: Sequence[dict[str, Any]]) -> list[str]:
    """Return the settings that decided how a cell's outputs look."""
    found = set()
    for output in outputs:
        data = output.get("data", {})
        if any(mime.startswith("image/") for mime in data):
            found.add("<rcparams>")
        if "dataframe" in "".join(data.get("text/html", "")):
            found.add("<pandas.options>")
        if "array(" in "".join(data.get("text/plain", "")):
            found.add("<numpy.settings>")
    return sorted(found)


def disturbed(trace: Trace, plain: Execution) -> list[int]:
    """Return the cells that show something else when traced."""
    if trace.execution is None:
        return []
    pairs = zip(plain.cells, trace.execution.cells, strict=False)
    roots = plain.root, trace.execution.root
    return [
        number
        for number, (one, two) in enumerate(pairs, 1)
        if not same(comparable(one.outputs, root=roots[0]), comparable(two.outputs, root=roots[1]))
    ]
