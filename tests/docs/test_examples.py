"""Every example of the README and of the guide is run."""

from __future__ import annotations

import doctest
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.command_line import EXECUTABLE
from tests.docs.blocks import as_script, blocks_of, commands_of, links_of, pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page.relative_to(ROOT).as_posix() for page in pages(ROOT)]
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def with_blocks(language: str) -> list[str]:
    """Name the pages that have blocks in a language."""
    return [page for page in PAGES if blocks_of((ROOT / page).read_text(encoding="utf-8"), language)]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Make a working folder as a clone has it: the notebooks lie in `notebooks`."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return tmp_path


@pytest.mark.timeout(200)
@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_examples(page, desk):
    """A page's Python blocks run in order as one script, with every assertion in them."""
    script = desk / "page.py"
    script.write_text(as_script((ROOT / page).read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script.name], cwd=desk, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(200)
@pytest.mark.parametrize("page", with_blocks("ipython"))
def test_notebook_examples(page, desk):
    """A page's IPython blocks run in order as a notebook's cells; none raises."""
    path = desk / "page.ipynb"
    cells = [nbformat.v4.new_code_cell(b.text) for b in blocks_of((ROOT / page).read_text(encoding="utf-8"), "ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, path)
    client = NotebookClient(notebook, timeout=110, resources={"metadata": {"path": str(desk)}})
    client.execute(env={**os.environ, "JPY_SESSION_NAME": str(path)})
    errors = [o for cell in notebook.cells for o in cell.outputs if o.output_type == "error" or "Traceback" in str(o)]
    assert errors == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", with_blocks("console"))
def test_console_examples(page, desk):
    """A page's `jupyter flows` commands run in order and print what the page says, `...` standing for anything."""
    checker = doctest.OutputChecker()
    for command in commands_of((ROOT / page).read_text(encoding="utf-8")):
        done = subprocess.run(
            [EXECUTABLE, *command.words],
            cwd=desk,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
            check=False,
            env={**os.environ, "COLUMNS": "160"},
        )
        shown = f"$ jupyter flows {' '.join(command.words)}\n{done.stdout}"
        assert "Traceback" not in done.stdout, shown
        assert done.returncode != 2, shown
        if command.output:
            assert checker.check_output(command.output, done.stdout, LOOSELY), (
                f"{shown}\nthe page says:\n{command.output}"
            )


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Every file that a page links to exists."""
    folder = (ROOT / page).parent
    assert [
        target for target in links_of((ROOT / page).read_text(encoding="utf-8")) if not (folder / target).exists()
    ] == []


def test_every_page_is_listed():
    """The index links to each page of the guide, and to each decision."""
    listed = set(links_of((ROOT / "docs/index.md").read_text(encoding="utf-8")))
    assert {Path(page).name for page in PAGES if page.startswith("docs/")} - {"index.md"} <= listed
    assert {f"decisions/{path.name}" for path in (ROOT / "docs/decisions").glob("*.md")} <= listed
