"""A folder to measure in, with Jupyter's places and the registry inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

BIN = Path(sys.executable).parent
PLACES = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")


class Desk:
    """A temporary folder that the environment points to for as long as it is open."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="flows-bench-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._before = dict(os.environ)
        for name in PLACES:
            os.environ[name] = str(self.path / name.lower())
        os.environ.pop("JUPYTER_FLOWS_REGISTRY", None)
        return self

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._before)
        self._folder.cleanup()

    def command(self, *words: str) -> list[str | Path]:
        """Return a `jupyter flows` command."""
        return [BIN / "jupyter-flows", *words]

    def ask(self, *words: str) -> Any:
        """Run a command with `--json` and return what it printed."""
        done = subprocess.run(
            self.command(*words, "--json"), cwd=self.path, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"jupyter flows {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
        return json.loads(done.stdout)

    def notebook(self, name: str, *cells: str) -> Path:
        """Write a notebook of these code cells."""
        import nbformat

        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(cells)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = self.path / name
        nbformat.write(notebook, path)
        return path

    @contextmanager
    def agent(self) -> Iterator[None]:
        """Keep an agent running beside."""
        with (self.path / "agent.log").open("w") as log:
            process = subprocess.Popen(self.command("agent", "start"), cwd=self.path, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)
