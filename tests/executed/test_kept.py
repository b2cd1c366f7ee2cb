from __future__ import annotations

import stat

import pytest

from jupyter_flows.executed import executed_path, keep_executed


@pytest.mark.parametrize(
    ("project", "flow"),
    [
        ("P", "etl"),
        ("a/b", "c/d"),
        ("..", "."),
        ("../..", "x"),
        (".hidden", "~"),
        ("Ü ber", "naïve\n"),
        ("a\0b", "x" * 80),
    ],
)
def test_kept_privately_inside_the_folder(project, flow, private_places):
    """Whatever a project or flow is called, its notebooks lie inside the notebooks' folder, for its user alone."""
    from jupyter_flows.places import notebooks_folder

    path = keep_executed(project, flow, 3, "{}", keep_notebooks=5)
    assert path == executed_path(project, flow, 3)
    assert path.resolve().relative_to(notebooks_folder().resolve()).parts[2:] == ("3.ipynb",)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_different_names_have_different_folders():
    """Names that differ only in what a path can't hold are still kept apart."""
    names = ["a/b", "a%2Fb", "a_b", "a b", "A", "a"]
    assert len({executed_path("P", name, 1) for name in names}) == len(names)


def test_the_oldest_go():
    """Beyond the number kept, a flow's notebooks of the lowest runs go; another flow's stay."""
    keep_executed("P", "other", 1, "{}", keep_notebooks=2)
    for run_id in (8, 9, 10, 11):
        path = keep_executed("P", "etl", run_id, "{}", keep_notebooks=2)
    assert sorted(p.name for p in path.parent.iterdir()) == ["10.ipynb", "11.ipynb"]
    assert executed_path("P", "other", 1).exists()
