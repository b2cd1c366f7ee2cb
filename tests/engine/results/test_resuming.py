"""Resumed runs, in real processes, give what full runs give."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.engine.results.journal import Journal
from jupyter_flows.environments import LocalEnvironment
from tests.engine.results.notebooks import flow_of, sources_of, told


def resumed(runner, folder, before, after, *, workers=1):
    """Run a notebook, edit it and resume; return that run's story with the flow, and the story of a full run."""
    environment = LocalEnvironment(executor=LocalExecutor(workers=workers)).to_json()
    first, second = flow_of(before, folder), flow_of(after, folder)
    runner.run(first, results=str(folder / "one"), environment=environment)
    story = runner.run(second, resume=str(folder / "one"), results=str(folder / "two"), environment=environment)
    return story, second, runner.run(second, environment=environment)


def cached(story):
    """Return the tasks that did not run."""
    return [name for name, states in story.tasks().items() if states == ["Cached"]]


def edited(seed):
    """Return a generated notebook before an edit of one cell and after; before, that cell may fail, first or last."""
    chance = Random(seed)
    after = sources_of(seed, state=chance.random() < 0.7)
    where = chance.randrange(1, len(after))
    before = list(after)
    before[where] = chance.choice(["other = 5", f"{after[where]}\n1/0", f"1/0\n{after[where]}"])
    return before, after


@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", [1, 3])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_resumed_runs_equal_full_runs(runner, tmp_path_factory, workers, seed):
    """Outputs, final values and aliases after an edit are those of a run from the beginning."""
    story, flow, full = resumed(runner, tmp_path_factory.mktemp("made"), *edited(seed), workers=workers)
    assert told(story, flow) == told(full, flow)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_resumed_runs_equal_full_runs_at_length(runner, tmp_path_factory, seed):
    """Hundreds of edited notebooks give what they give from the beginning."""
    story, flow, full = resumed(runner, tmp_path_factory.mktemp("made"), *edited(seed), workers=seed % 2 * 2 + 1)
    assert told(story, flow) == told(full, flow)


def test_half_of_the_cells_are_kept(runner, tmp_path_factory):
    """The comparison is about something: of generated notebooks a good part of the cells does not run again."""
    kept = cells = 0
    for seed in range(6):
        story, flow, _ = resumed(runner, tmp_path_factory.mktemp("made"), *edited(seed))
        kept, cells = kept + len(cached(story)), cells + len(flow.cell_tasks)
    assert kept > cells / 4


def test_a_mended_cell(runner, tmp_path):
    """After a failure what ran well shows what it showed, and does not run."""
    before = ["print('once'); open('log', 'a').write('x')", "a = [1]; b = [a]", "a.append(1/0)", "print(b)"]
    story, _, _ = resumed(runner, tmp_path, before, [*before[:2], "a.append(2)", before[3]])
    assert cached(story) == ["cell_1", "cell_2"]
    assert story.text("cell_1") == "once\n"
    assert story.text("cell_4") == "[[1, 2]]\n"


def test_the_state_of_chance_goes_on(runner, tmp_path):
    """A draw after a kept seed is the one that a full run gives."""
    before = ["import random, numpy as np\nrandom.seed(1); np.random.seed(2)", "x = random.random(), np.random.rand()"]
    after = ["print(x, random.random(), np.random.rand())"]
    story, flow, full = resumed(runner, tmp_path, [*before, "1/0"], before + after)
    assert told(story, flow) == told(full, flow)
    assert "cell_2" in cached(story)


def test_settings_figures_and_frames(runner, tmp_path):
    """A notebook as people write them: magics, options, frames, plots; only the edited cell runs."""
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    before = [
        "%matplotlib inline\nimport numpy as np, pandas as pd\nimport matplotlib.pyplot as plt",
        "pd.set_option('display.max_rows', 5)\nplt.rcParams['figure.figsize'] = (2, 2)\nnp.random.seed(1)",
        "df = pd.read_csv('data.csv')\ndf['c'] = df.a * 2",
        "w = df.c.sum() + np.random.rand(2)\nw",
        "df.plot();",
        "print(w)",
    ]
    after = [*before[:5], "print(df, w, np.random.rand(), pd.get_option('display.max_rows'))\nplt.plot([1, 2]);"]
    story, flow, full = resumed(runner, tmp_path, before, after)
    assert told(story, flow) == told(full, flow)
    assert len(cached(story)) == 5


def test_a_mapped_cell_runs_again(runner, tmp_path):
    """Its lists are those of its own runs, whatever of an earlier run is kept beside it."""
    before = [
        "xs = [1, 2]",
        "ys = [9]",
        "#| task: s --map xs\nprint(xs)\ns = [xs]",
        "#| task: z\nzs = ys + [3]",
        "#| task: e\n1/0",
    ]
    shown = "#| task: shown\ns[0].append(zs)\nprint(s, zs)"
    after = [*before[:2], before[2].replace("[xs]", "[xs, xs]"), before[3], shown]
    story, flow, full = resumed(runner, tmp_path, before, after)
    assert told(story, flow) == told(full, flow)
    assert story.text("s") == "1\n2\n"
    assert story.text("shown") == "[[1, 1, [9, 3]], [2, 2]] [9, 3]\n"
    assert "z" in cached(story)
    assert "s" not in cached(story)


def test_a_third_run_goes_on_from_the_second(runner, tmp_path):
    """What a resumed run took over is there for the next one, though the first run's folder is gone."""
    cells = ["def f(x):\n    return x + [1]", "a = [0] * 5000", "b = f(a)", "1/0", "print(len(a), len(b))"]
    runner.run(flow_of(cells, tmp_path), results=str(tmp_path / "one"))
    runner.run(flow_of(cells, tmp_path), resume=str(tmp_path / "one"), results=str(tmp_path / "two"))
    for path in (tmp_path / "one").iterdir():
        path.unlink()
    cells[3] = "print('fine')"
    story = runner.run(flow_of(["# first", *cells], tmp_path), resume=str(tmp_path / "two"))
    assert cached(story) == ["cell_2", "cell_3", "cell_4", "cell_6"]
    assert story.text("cell_6") == "5000 5001\n"


def test_inserted_and_deleted_cells(runner, tmp_path):
    """Cells are known by what they say, not by their number; what came from a deleted cell runs again."""
    before = ["a = [1]", "b = [2]", "a.append(3)", "print(a)", "print(b)"]
    story, _, _ = resumed(runner, tmp_path, before, ["zero = 0", "a = [1]", "b = [2]", "print(a)", "print(b)"])
    assert cached(story) == ["cell_2", "cell_3", "cell_5"]
    assert story.text("cell_4") == "[1]\n"


def test_changed_parameters_keep_nothing(runner, tmp_path):
    """Results of other parameters are not used."""
    flow = flow_of(["a = [1]", "print(a)"], tmp_path)
    runner.run(flow, results=str(tmp_path / "one"))
    about = (tmp_path / "one" / "run.json").read_text()
    (tmp_path / "one" / "run.json").write_text(about.replace('"parameters": {}', '"parameters": {"n": 1}'))
    assert cached(runner.run(flow, resume=str(tmp_path / "one"))) == []


def test_a_damaged_result_makes_its_cell_run_again(runner, tmp_path):
    """A file that can't be read back costs time, not the run."""
    cells = ["a = list(range(5000))", "b = [1]", "print(len(a), b)"]
    runner.run(flow_of([*cells[:2], "1/0"], tmp_path), results=str(tmp_path / "one"))
    (file,) = [p for p in (tmp_path / "one").iterdir() if "." not in p.name]
    file.write_bytes(b"nonsense" * 4)
    story = runner.run(flow_of(cells, tmp_path), resume=str(tmp_path / "one"))
    assert cached(story) == ["cell_2"]
    assert story.text("cell_3") == "5000 [1]\n"


def test_secrets_are_not_stored(runner, tmp_path, monkeypatch):
    """A value that holds a secret stays out of the folder, so its cell runs again."""
    monkeypatch.setenv("JUPYTER_FLOWS_SECRET_KEY", "opensesame")
    cells = ["from jupyter_flows import get_secret\nkey = get_secret('KEY')", "print(len(key))"]
    runner.run(flow_of([cells[0], "1/0"], tmp_path), results=str(tmp_path / "one"))
    for path in (tmp_path / "one").iterdir():
        assert b"opensesame" not in path.read_bytes()


def test_a_process_that_a_cell_forks_keeps_nothing(runner, tmp_path):
    """It ends where its cell does; what it has changed by then is not the run's."""
    fork = "import os\nx = 1\npid = os.fork()\nif pid == 0:\n    x = 2\nelse:\n    os.waitpid(pid, 0)"
    environment = LocalEnvironment(executor=LocalExecutor(workers=1)).to_json()
    runner.run(flow_of([fork, "1/0"], tmp_path), results=str(tmp_path / "one"), environment=environment)
    assert [dict(step.ended) for step in Journal(tmp_path / "one").steps()] == [{"cell_1": True}, {"cell_2": False}]
