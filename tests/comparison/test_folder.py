from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_flows.comparison import folder
from jupyter_flows.comparison.folder import check_size, folder_around
from jupyter_flows.errors import CheckError

AROUND = {
    "nothing outside": (["open('x.csv')"], "/srv/a/b/c"),
    "one up": (["open('../data/x.csv')"], "/srv/a/b"),
    "two up": (["open('x.csv')", "cd = '../../x'"], "/srv/a"),
    "the folder itself": (["import sys; sys.path.append('..')"], "/srv/a/b"),
    "an ellipsis": (["print('...', x[..., 0])"], "/srv/a/b/c"),
    "never the root": (["'../../../../../..'"], "/srv"),
}


@pytest.mark.parametrize(("sources", "expected"), AROUND.values(), ids=AROUND)
def test_the_folder_around_a_notebook(sources, expected):
    """It reaches as far up as cells do."""
    assert folder_around(Path("/srv/a/b/c/n.ipynb"), sources) == Path(expected)


def test_a_large_folder_is_refused(tmp_path, monkeypatch):
    """Before anything is copied it is said which folder is too large, and what to do."""
    monkeypatch.setattr(folder, "MAX_FILES", 1)
    (tmp_path / "a").touch()
    check_size(tmp_path)
    (tmp_path / "b").touch()
    with pytest.raises(CheckError, match=r"put the notebook, with what it reads, into a folder of its own"):
        check_size(tmp_path)
