from __future__ import annotations

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_flows.magics.transformer import MarkerRemover


@pytest.fixture
def manager():
    made = TransformerManager()
    made.cleanup_transforms.insert(0, MarkerRemover())
    return made


@pytest.mark.parametrize(
    ("cell", "runs"),
    [
        ("%%task load\nx = 1", "#\nx = 1\n"),
        ("%%task\nx = 1", "#\nx = 1\n"),
        ("\n\n%%task load --retries 2\nx = 1", "#\n#\n#\nx = 1\n"),
        ("%%parameters\nregion = 'EU'", "#\nregion = 'EU'\n"),
        ("%%task load\n\n    x = 1\n    y = 2", "#\n\nx = 1\ny = 2\n"),
        ("%%task load\n>>> x = 1\n>>> x\n", "#\nx = 1\nx\n"),
        ("%%task load\nawait f()\n", "#\nawait f()\n"),
        ("%%task load\n!ls", "#\nget_ipython().system('ls')\n"),
        ("%%task load\n%%bash\necho hi", "get_ipython().run_cell_magic('bash', '', 'echo hi\\n')\n"),
        ("%%time\n#| task: load\nx = 1", "get_ipython().run_cell_magic('time', '', '#| task: load\\nx = 1\\n')\n"),
        ("#| task: load\nx = 1", "#| task: load\nx = 1\n"),
        ("%%task load --no-run\nx = 1\ny = 2", "#\n#\n#\n"),
        ("#| task: load --no-run\nx = 1", "#\n#\n"),
        ("%%task load", "#\n"),
        ("text = '''\n%%task load\n'''", "text = '''\n%%task load\n'''\n"),
        ("x = 1", "x = 1\n"),
        ("%%tasks\nx", "get_ipython().run_cell_magic('tasks', '', 'x\\n')\n"),
        ("%%task --retires 2\nx", "get_ipython().run_cell_magic('task', '--retires 2', 'x\\n')\n"),
        ("%%task --help", "get_ipython().run_cell_magic('task', '--help', '')\n"),
        ("", "\n"),
    ],
)
def test_what_runs_of_a_cell(manager, cell, runs):
    """A marker that can be read goes and lines keep their numbers; everything else stays as it is."""
    assert manager.transform_cell(cell) == runs


@pytest.mark.parametrize("top", ["%%task load\n%%time\n", "%%time\n%%task load\n"])
def test_a_cell_magic_that_runs_python_keeps_the_lines(manager, top):
    """The body of a timed cell counts its lines from the cell magic's, as IPython does without a marker."""
    assert manager.transform_cell(f"{top}x = 1") == "get_ipython().run_cell_magic('time', '', '#\\nx = 1\\n')\n"


def test_a_terminal_still_waits_for_the_whole_cell(manager):
    """A marker alone does not make a cell complete."""
    assert manager.check_complete("%%task load\n")[0] == "incomplete"
