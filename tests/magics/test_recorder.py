from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from jupyter_flows.magics import loaded
from jupyter_flows.magics.recorder import Recorder

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def recorded(shell):
    return [(ran.source, ran.ok) for ran in loaded(shell).session.recorder.ran]


def test_cells_are_recorded_with_how_they_ended(talk):
    """Text as it stands in the cell, in order, and whether it failed."""
    talk("%%task load\nx = 1")
    talk.refused("1/0")
    assert recorded(talk.shell)[-2:] == [("%%task load\nx = 1", True), ("1/0", False)]


def test_a_cell_inside_a_cell_is_not_recorded(talk):
    """%%capture runs its body as a cell: only the whole cell counts, also when its body fails."""
    talk("%%capture out\nx = 1")
    talk("%%capture out\n1/0")
    talk("x")
    assert recorded(talk.shell)[-3:] == [("%%capture out\nx = 1", True), ("%%capture out\n1/0", True), ("x", True)]


def test_cells_run_before_loading_are_known(bare_shell, capsys):
    """The input history tells what ran before %load_ext, the loading cell included."""
    bare_shell.run_cell("import math", store_history=True)
    bare_shell.run_cell("%load_ext jupyter_flows", store_history=True)
    bare_shell.run_cell("x = math.pi", store_history=True)
    assert [source for source, _ in recorded(bare_shell)] == ["import math", "%load_ext jupyter_flows", "x = math.pi"]


def test_what_is_not_a_cell_is_not_recorded(talk):
    """Front ends' own executions, without history, do not count; neither do empty cells."""
    before = recorded(talk.shell)
    talk.shell.run_cell("secret = 1", store_history=False)
    talk.shell.run_cell("  \n", store_history=True)
    assert recorded(talk.shell) == before


class Shell:
    """The little that a recorder needs of a shell."""

    def __init__(self):
        self.hooks, self.parent_header = {}, {}
        self.history_manager = SimpleNamespace(input_hist_raw=["", "import os"])
        self.events = SimpleNamespace(register=self.hooks.__setitem__, unregister=lambda name, _: self.hooks.pop(name))

    def run(self, source, **metadata):
        self.parent_header = {"metadata": metadata}
        info = SimpleNamespace(raw_cell=source, cell_id=None, store_history=True)
        self.hooks["pre_run_cell"](info)
        self.hooks["post_run_cell"](SimpleNamespace(info=info, success=True))


def test_the_front_end_tells_which_cell_it_is():
    """Cell ids and deleted cells come with JupyterLab's requests."""
    shell = Shell()
    recorder = Recorder(shell, clock=lambda: NOON)
    recorder.start()
    shell.run("x = 1", cellId="c2", deletedCells=["c1"])
    assert [(r.source, r.cell_id, r.at) for r in recorder.ran] == [("import os", None, None), ("x = 1", "c2", NOON)]
    assert recorder.deleted == {"c1"}


def test_an_end_without_a_beginning_is_ignored():
    """IPython ends empty cells that it never began: the cell under way stays under way."""
    shell = Shell()
    recorder = Recorder(shell)
    recorder.start()
    outer = SimpleNamespace(raw_cell="outer", cell_id=None, store_history=True)
    shell.hooks["pre_run_cell"](outer)
    shell.hooks["post_run_cell"](SimpleNamespace(info=SimpleNamespace(raw_cell=""), success=True))
    shell.run("inner")
    shell.hooks["post_run_cell"](SimpleNamespace(info=outer, success=False))
    assert [(r.source, r.ok) for r in recorder.ran] == [("import os", True), ("outer", False)]


def test_a_stopped_recorder_hears_nothing():
    """Unloading takes the hooks back."""
    shell = Shell()
    recorder = Recorder(shell)
    recorder.start()
    recorder.stop()
    assert shell.hooks == {}
