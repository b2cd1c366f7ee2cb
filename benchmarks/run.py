"""Measure everything, print one table, and keep the figures: `make bench`, or `make bench BENCH_ARGS=imports`."""

from __future__ import annotations

import json
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    analysis,
    engine,
    executors,
    growth,
    images,
    imports,
    kernel,
    latency,
    mapping,
    memory,
    registering,
    wide,
)
from benchmarks.measure import Row

RESULTS = Path(__file__).resolve().parent / "results"
PAGES = {
    "analysis": analysis,
    "engine": engine,
    "executors": executors,
    "images": images,
    "growth": growth,
    "memory": memory,
    "imports": imports,
    "kernel": kernel,
    "mapping": mapping,
    "registering": registering,
    "latency": latency,
    "wide": wide,
}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of text."""
    lines = [("what", "ours", "held against", "ms", "ratio", "goal", "")]
    for row in rows:
        unit = "" if row.unit == "ms" else f" {row.unit}"
        other = "" if row.other is None else f"{row.other:.1f}{unit}"
        ratio = "" if not row.other else f"{row.ours / row.other:.2f}"
        met = {None: "", True: "met", False: "missed"}[row.met]
        lines.append((row.what, f"{row.ours:.1f}{unit}", row.other_name, other, ratio, row.goal, met))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if n in {1, 3, 4} else cell.ljust(w)
            for n, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def keep(rows: Sequence[Row]) -> Path:
    """Write the figures and where they were taken to a file of their own."""
    now = datetime.now(UTC)
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    document = {"at": now.isoformat(), "machine": machine, "load": os.getloadavg(), "rows": [r.as_json() for r in rows]}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def main(names: Sequence[str]) -> int:
    """Measure the named pages, or all."""
    unknown = set(names) - set(PAGES)
    if unknown:
        print(f"there is no {', '.join(sorted(unknown))}: there are {', '.join(PAGES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    failed: list[str] = []
    for name in names or PAGES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            rows += PAGES[name].measure()
        except Exception:  # noqa: BLE001 - one page's trouble must not cost the others' figures
            traceback.print_exc()
            failed.append(name)
    print(table(rows))
    print(f"\nmilliseconds where nothing else is said, medians; load {os.getloadavg()[0]:.1f}; kept in {keep(rows)}")
    if failed:
        print(f"could not measure {', '.join(failed)}: see above", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
