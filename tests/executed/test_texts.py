"""Where long texts of runs are kept, and for how long."""

from __future__ import annotations

from jupyter_flows.executed.texts import drop_old_texts, texts_path
from jupyter_flows.places import outputs_folder


def leave(project, flow, run_id):
    path = texts_path(project, flow, run_id)
    path.mkdir(parents=True)
    (path / "cell_1.stdout.txt").write_text("much")
    return path


def test_they_lie_in_the_folder_of_outputs():
    """Whatever project and flow are called."""
    path = texts_path("../a", "b/c", 3).resolve()
    assert path.relative_to(outputs_folder().resolve()).parts[2:] == ("3",)


def test_the_oldest_go():
    """Of a flow the newest are kept; another flow's stay."""
    old, *new = [leave("P", "f", n) for n in (9, 10, 11)]
    other = leave("P", "g", 1)
    drop_old_texts("P", "f", keep_runs=2)
    assert [p.exists() for p in (old, *new, other)] == [False, True, True, True]


def test_a_flow_that_left_none_has_none_to_drop():
    """Nothing is made, nothing fails."""
    drop_old_texts("P", "none", keep_runs=2)
    assert list(outputs_folder().iterdir()) == []
