"""Judge the promise on notebooks that nobody here wrote: a flow gives what top to bottom gives.

``python benchmarks/notebooks/compare.py DIR... [--json FILE] [--jobs 2] [--timeout S] [--only GLOB]
[--adversarial] [--keep FOLDER] [--show NOTEBOOK]``

Each notebook is executed top to bottom in a fresh kernel of this interpreter, and run as a flow, each
in a copy of DIR; then every cell's outputs are compared. Where they differ, it is executed top to
bottom again: a cell that shows something else each time is unsteady, and left out. A notebook of
which cells fail is compared up to the first of them, and once more, whole, without them.
``--adversarial`` also runs the flow in other orders that its edges allow. Ends with 1 when something
differs, or was refused without reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

if __package__ in (None, ""):  # Started by its path.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from benchmarks.notebooks.pool import tasks, worked
from benchmarks.notebooks.report import one_line, side_by_side, summary
from benchmarks.notebooks.verdict import Form, Judge, Task, Verdict, to_json
from jupyter_flows.comparison.scratch import Scratch


def parser() -> argparse.ArgumentParser:
    """Return the command line's."""
    found = argparse.ArgumentParser(prog="compare.py", description=__doc__.splitlines()[0] if __doc__ else None)
    found.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a folder of notebooks and their data")
    found.add_argument("--json", type=Path, metavar="FILE", help="write every verdict, with its details, to FILE")
    found.add_argument("--jobs", type=int, default=2, help="how many notebooks to judge at a time")
    found.add_argument("--timeout", type=float, default=120.0, metavar="S", help="how long an execution may take")
    found.add_argument("--only", action="append", metavar="GLOB", help="only notebooks whose path matches")
    found.add_argument("--adversarial", action="store_true", help="also run in other orders that the edges allow")
    found.add_argument("--orders", type=int, default=4, help="how many such orders, the latest first among them")
    found.add_argument("--keep", type=Path, metavar="FOLDER", help="keep plain executions there and use them again")
    found.add_argument("--show", metavar="NOTEBOOK", help="judge this one, and show where it first differs")
    return found


def globs(options: argparse.Namespace) -> list[str] | None:
    """Return the patterns of the notebooks that are asked for."""
    return [f"*{options.show}*"] if options.show else options.only


_scratches: dict[Path, Scratch] = {}


def judge(task: Task, folder: Path) -> Verdict:
    """Judge one notebook, in this process's copy of its folder below `folder`."""
    if task.origin not in _scratches:
        place = Path(tempfile.mkdtemp(prefix="w", dir=folder))
        _scratches[task.origin] = Scratch(task.origin, place)
    try:
        return Judge(_scratches[task.origin], task).verdict()
    except Exception as error:  # noqa: BLE001 - one notebook's trouble is not the others'
        reason = f"comparing failed: {type(error).__name__}: {error}"
        return Verdict(f"{task.origin.name}/{task.path}", Form("not comparable", reason))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, and return the exit code."""
    options = parser().parse_args(arguments)
    keep = options.keep.resolve() if options.keep else None
    orders = options.orders if options.adversarial else 0
    found = tasks(options.folders, globs(options), timeout_seconds=options.timeout, orders=orders, kept=keep)
    if not found:
        print("no notebook matches", file=sys.stderr)
        return 2
    verdicts = []
    for verdict in worked(judge, found, options.jobs):
        verdicts.append(verdict)
        print(f"{len(verdicts)}/{len(found)} {one_line(verdict)}", file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps([to_json(v) for v in verdicts], indent=1), encoding="utf-8")
    verdicts.sort(key=lambda v: v.notebook)
    if options.show:
        print("\n\n".join(map(side_by_side, verdicts)))
    print(summary(verdicts))
    return int(any(form.word == "different" or form.orders or _wrong(form) for v in verdicts for form in _forms(v)))


def _forms(verdict: Verdict) -> list[Form]:
    return [verdict.as_it_is, *([verdict.cleaned] if verdict.cleaned else [])]


def _wrong(form: Form) -> bool:
    return form.word == "refused" and not form.right


if __name__ == "__main__":
    sys.exit(main())
