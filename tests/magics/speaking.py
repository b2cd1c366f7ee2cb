"""Speak to a shell, to a kernel, and to nbclient, as people and front ends do."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

if TYPE_CHECKING:
    import pytest
    from IPython.core.interactiveshell import InteractiveShell

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Talk:
    """Run cells in a shell, and read what they print."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]):
        self.shell, self._capsys = shell, capsys

    def __call__(self, *cells: str) -> str:
        """Run cells and return what they printed; fail when one failed."""
        self._capsys.readouterr()
        for cell in cells:
            result = self.shell.run_cell(cell, store_history=True)
            assert result.success, self._capsys.readouterr().out
        return self.read()

    def refused(self, cell: str) -> str:
        """Run a cell that must fail, and return all that it showed."""
        self._capsys.readouterr()
        assert not self.shell.run_cell(cell, store_history=True).success
        return self.read()

    def read(self) -> str:
        """Return what was printed since the last look."""
        return ESCAPES.sub("", self._capsys.readouterr().out).strip()


@dataclass
class Answer:
    """What one cell gave in a kernel."""

    status: str = ""
    text: str = ""
    errors: list[str] = field(default_factory=list)
    #: Each display and update: message type, text, display id.
    displays: list[tuple[str, str, str | None]] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


class Kernel:
    """A real kernel, spoken to as JupyterLab does."""

    def __init__(self, env: dict[str, str], cwd: Path):
        self.cwd = cwd
        self.manager, self.client = start_new_kernel(kernel_name="python3", env={**os.environ, **env}, cwd=str(cwd))

    def ask(self, code: str, *, cell_id: str | None = None, deleted: Sequence[str] = ()) -> str:
        """Send a cell and return its message's id."""
        metadata = {"cellId": cell_id, "deletedCells": list(deleted)} if cell_id else {}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, **options: Any) -> Answer:
        """Run a cell, and return what it gave by the time that the kernel is idle again."""
        return self.listen(self.ask(code, **options))

    def listen(self, asked: str, *, seconds: float = 60.0, until: str | None = None) -> Answer:
        """Collect what the kernel says until a cell is done, or until a display's text holds `until`."""
        answer, deadline = Answer(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            message, done = self.client.get_iopub_msg(timeout=seconds), False
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                answer.text += content["text"]
            elif kind == "error":
                answer.errors.append(ESCAPES.sub("", "\n".join(content["traceback"])))
            elif kind in ("display_data", "update_display_data", "execute_result"):
                text = content["data"].get("text/plain", "")
                answer.displays.append((kind, text, (content.get("transient") or {}).get("display_id")))
                answer.html.append(content["data"].get("text/html", ""))
                done = until is not None and until in text
            elif until is None and kind == "status" and content["execution_state"] == "idle":
                done = message["parent_header"].get("msg_id") == asked
            if done:
                return answer
        raise AssertionError(f"the kernel said only {answer}")

    def touch(self, name: str) -> None:
        """Make a file in the kernel's folder, which a cell there waits for."""
        (self.cwd / name).touch()

    def close(self) -> None:
        """Shut the kernel down."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)
        self.manager.cleanup_resources()


def save(path: Path, cells: Sequence[str], *, ids: bool = True) -> None:
    """Save a notebook whose cells have the ids c1, c2, ..."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(cells, start=1)]
    if not ids:
        notebook.nbformat_minor = 4
        for cell in notebook.cells:
            del cell["id"]
    nbformat.write(notebook, path)


def run_all(cells: Sequence[str], folder: Path, *, allow_errors: bool = False) -> nbformat.NotebookNode:
    """Run cells top to bottom as `jupyter execute` does."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(
        notebook,
        timeout=90,
        kernel_name="python3",
        allow_errors=allow_errors,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return notebook
