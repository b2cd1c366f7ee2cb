"""Peers in interpreters of their own, from an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
#: Where `make bench` installs the extra ``peers``.
PYTHON = Path(os.environ.get("PEERS", ROOT / ".venv-peers")) / "bin/python"


class Peer:
    """An engine that is asked to run graphs, its imports done."""

    def __init__(self, engine: str, *, python: Path = PYTHON):
        self.engine = engine
        self._errors = subprocess.DEVNULL if "BENCH_VERBOSE" not in os.environ else None
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.peers.serve", engine],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, shape: str, size: int) -> dict[str, float]:
        """Return the milliseconds that the engine takes to build, and to run, a graph."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"shape": shape, "size": size}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.engine} ended at {shape} of {size}: set BENCH_VERBOSE=1 to see why")
        found: dict[str, Any] = json.loads(line)
        return found


def is_installed(module: str) -> bool:
    """Tell whether the peers' environment has a module."""
    command = [PYTHON, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"]
    return PYTHON.exists() and subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    with Peer(sys.argv[1]) as peer:
        print(peer.ask(sys.argv[2], int(sys.argv[3])))
