"""Run `jupyter flows` as a person would: as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

#: The executable beside the interpreter that runs the tests.
EXECUTABLE = Path(sys.executable).parent / "jupyter-flows"


def flows(*arguments: str | Path, cwd: Path, status: int = 0, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """Run one command and return what it printed; fail with both its streams if it ends otherwise than `status`."""
    done = subprocess.run(
        [EXECUTABLE, *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    shown = " ".join(map(str, arguments))
    assert done.returncode == status, f"{shown}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def flows_json(*arguments: str | Path, cwd: Path, status: int = 0, timeout: float = 110) -> Any:
    """Run one command with `--json` and return the document that it printed, which must be all it printed."""
    return json.loads(flows(*arguments, "--json", cwd=cwd, status=status, timeout=timeout).stdout)
