"""Judge the analysis by an independent truth: what each cell really read and changed.

``python benchmarks/notebooks/trace.py DIR... [--json FILE] [--jobs 1] [--timeout S] [--only GLOB]
[--keep FOLDER] [--misses]``

Each notebook is executed top to bottom in a fresh kernel of this interpreter, without the cells that
fail, and then once more by a kernel with a tracer in it, each in a copy of DIR. The tracer rewrites
cells so that they tell which names they read and bind and which objects they look into, and compares
fingerprints of all objects, of hidden state and of files before and after each cell. From this follow
the *traced edges*: read after write, write after read, write after write. The analysis is **sound**
where each of them is implied by its own edges, and **precise** where its critical path, by the cells'
durations, is about as long as that of the traced edges. Ends with 1 when a traced edge is missed.

What can't be seen: names read by text (``eval``, ``df.query("@x")``), what code of libraries keeps for
itself, and objects that can't be fingerprinted, whose share is printed.
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

from benchmarks.notebooks.account import Account, Accountant, to_json
from benchmarks.notebooks.pool import tasks, worked
from benchmarks.notebooks.tracereport import details, one_line, summary
from benchmarks.notebooks.verdict import Task
from jupyter_flows.comparison.scratch import Scratch


def parser() -> argparse.ArgumentParser:
    """Return the command line's."""
    found = argparse.ArgumentParser(prog="trace.py", description=__doc__.splitlines()[0] if __doc__ else None)
    found.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a folder of notebooks and their data")
    found.add_argument("--json", type=Path, metavar="FILE", help="write every account to FILE")
    found.add_argument("--jobs", type=int, default=1, help="how many notebooks to trace at a time")
    found.add_argument("--timeout", type=float, default=60.0, metavar="S", help="how long a plain execution may take")
    found.add_argument("--only", action="append", metavar="GLOB", help="only notebooks whose path matches")
    found.add_argument("--keep", type=Path, metavar="FOLDER", help="keep plain executions there and use them again")
    found.add_argument("--misses", action="store_true", help="show the cells of every miss")
    return found


_scratches: dict[Path, Scratch] = {}


def account(task: Task, folder: Path) -> Account:
    """Account for one notebook, in this process's copy of its folder below `folder`."""
    if task.origin not in _scratches:
        _scratches[task.origin] = Scratch(task.origin, Path(tempfile.mkdtemp(prefix="w", dir=folder)))
    try:
        return Accountant(_scratches[task.origin], task).account()
    except Exception as error:  # noqa: BLE001 -- one notebook's trouble is not the others'
        return Account(f"{task.origin.name}/{task.path}", f"tracing failed: {type(error).__name__}: {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Trace, print, and return the exit code."""
    options = parser().parse_args(arguments)
    keep = options.keep.resolve() if options.keep else None
    found = tasks(options.folders, options.only, timeout_seconds=options.timeout, kept=keep)
    if not found:
        print("no notebook matches", file=sys.stderr)
        return 2
    accounts: list[Account] = []
    for made in worked(account, found, options.jobs):
        accounts.append(made)
        print(f"{len(accounts)}/{len(found)} {one_line(made)}", file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps([to_json(a) for a in accounts], indent=1), encoding="utf-8")
    accounts.sort(key=lambda a: a.notebook)
    if options.misses:
        print("\n\n".join(details(a) for a in accounts if a.misses))
    print(summary(accounts))
    return int(any(a.misses for a in accounts))


if __name__ == "__main__":
    sys.exit(main())
