from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

WAIT = """
import time
from jupyter_flows.registry import open_registry
while not open_registry().runs.get(1).finished:
    time.sleep(0.05)
time.sleep(0.5)
"""

CELLS = [
    "%load_ext jupyter_flows\n%flow waits --project p",
    "#| task: nap\nimport time\ntime.sleep({seconds})",
    "%flow_register",
    "%flow_run",
    WAIT,
]


def _run(folder, seconds):
    cells = [nbformat.v4.new_code_cell(c.replace("{seconds}", str(seconds))) for c in CELLS]
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    nbformat.write(notebook, folder / "waits.ipynb")
    NotebookClient(
        notebook, timeout=120, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
    ).execute()
    return [o for o in notebook.cells[3].outputs if o.output_type == "display_data"]


@pytest.mark.timeout(200)
def test_nothing_is_left_of_the_button_once_the_run_has_ended(tmp_path, monkeypatch):
    """The saved notebook has the card as it ended, and no widget that no kernel knows any more."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "waits.ipynb"))
    card, place = _run(tmp_path, 0.2)
    assert "Success" in card.data["text/plain"]
    assert place.data == {"text/html": "", "text/plain": ""}
