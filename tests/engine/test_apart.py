"""A flow run in a process of its own from code that waits for it."""

from __future__ import annotations

import pytest

from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.engine.apart import run_apart
from jupyter_flows.errors import ParameterError
from jupyter_flows.places import outputs_folder
from tests.engine.runs import cell_task, flow_of_cells


def test_cells_run_and_tell_their_states(tmp_path):
    """The state maps each task to its own."""
    flow = flow_of_cells(["x = 1", "x / 0", "x"])
    state = run_apart(flow, folder=str(tmp_path))
    assert (state.name.value, state.message) == (
        "Failed",
        "cell_2: ZeroDivisionError division by zero (cell 2, line 1)",
    )
    assert [state.result[t].name.value for t in flow.tasks] == ["Success", "Failed", "TriggerFailed"]


def test_events_are_handed_on(tmp_path):
    """Who waits can show what happens."""
    flow = flow_of_cells(
        [cell_task(1, "n = 1", parameters=True), "print(n)"], parameters=[ParameterSpec("n", "int", 1)]
    )
    events = []
    run_apart(flow, {"n": 7}, folder=str(tmp_path), on_event=events.append)
    assert [e.body["text"] for e in events if e.kind == "stream"] == ["7\n"]


def test_wrong_parameters_start_nothing():
    """They are refused here, by name."""
    with pytest.raises(ParameterError, match="no parameter 'colour'"):
        run_apart(flow_of_cells(["1"]), {"colour": 1})


def test_long_texts_are_kept_where_they_are_cleaned(tmp_path):
    """They lie with all that jupyter_flows keeps, in a folder that gc knows to be of no registry's run."""
    events = []
    run_apart(flow_of_cells(["print('x' * 9_000_000)"]), folder=str(tmp_path), on_event=events.append)
    said = "".join(e.body["text"] for e in events if e.kind == "stream")
    (kept,) = outputs_folder().glob("unrecorded-*/cell_1.stdout.txt")
    assert (said.splitlines()[-1], kept.stat().st_size) == (
        f"[more than 8,388,608 characters: all of it is in {kept}]",
        9_000_001,
    )
