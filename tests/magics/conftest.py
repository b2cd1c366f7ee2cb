"""A shell in this process for what needs no kernel, and a real kernel for what does."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_flows.magics import loaded, unload
from jupyter_flows.settings import forget_settings
from tests.magics.speaking import Kernel, Talk


@pytest.fixture
def bare_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Give a shell without the magics, in a folder of its own, without history on disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    yield shell
    if loaded(shell):
        unload(shell)
    shell.restore_sys_module_state()
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()
    forget_settings()


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> InteractiveShell:
    """Give a shell with the magics."""
    bare_shell.run_line_magic("load_ext", "jupyter_flows")
    return bare_shell


@pytest.fixture
def talk(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Talk:
    """Give a shell with the magics to talk to."""
    return Talk(shell, capsys)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """Start a kernel whose notebook, `notebook.ipynb` in the test's folder, may not be saved yet."""
    made = Kernel({"JPY_SESSION_NAME": str(tmp_path / "notebook.ipynb")}, tmp_path)
    yield made
    made.close()
