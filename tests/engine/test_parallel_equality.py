"""Generated notebooks on worker threads give what they give one cell after the other, in real runs."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.core.cell import Cell
from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.environments import LocalEnvironment
from tests.engine.runs import cell_task, flow_of_cells

sys.path.insert(0, str(Path(__file__).parents[1] / "capture"))

import adversary
from generator import notebook

#: The library that nobody knows; it also makes chance repeatable and threads switch as often as can be.
OUTSIDE = f"{adversary.OUTSIDE}\nimport random, sys\nrandom.seed(12345)\nsys.setswitchinterval(1e-5)\n"
#: Writes the values of all names, and who shares what with whom.
STATE = f"""\
import itertools as _itertools
_tools = dict(defaultdict=defaultdict, itertools=_itertools)
exec({"from typing import Any" + chr(10) + inspect.getsource(adversary.canonical)!r}, _tools)
print(_tools['canonical']({{k: v for k, v in globals().items() if k[0] not in '_I' and k != 'Out'}}))
"""


def flow_of(seed, *, workers, shell=False, edges=True, portable=None):
    """Make the flow of a seed's notebook, with pauses of random lengths so that cells meet."""
    sources = [*notebook(Random(seed))[0], STATE]
    flow = connect([Cell(source, n) for n, source in enumerate(sources, 1)])
    pause = Random(seed)
    tasks = [
        cell_task(
            n + 1,
            source if n == 0 else f"__import__('time').sleep({pause.random() / 200:.4f})\n{source}",
            reads=refs.reads,
            writes=refs.writes,
            portable=n in (flow.portable if portable is None else portable),
            definition=n in flow.definitions,
            shell=shell,
        )
        for n, (source, refs) in enumerate(zip(sources, flow.refs, strict=True))
    ]
    environment = LocalEnvironment(executor=LocalExecutor(workers=workers))
    made = flow_of_cells(tasks, chained=False, environment=environment, modules={"outside.py": OUTSIDE.encode()})
    for edge in flow.edges:
        if edges or edge.downstream == len(tasks) - 1 or edge.upstream == 0:
            made.add_edge(tasks[edge.upstream], tasks[edge.downstream])
    return made


def told(runner, flow):
    """Run a flow; return its state and what each cell printed and displayed."""
    story = runner.run(flow)
    return story.state, {
        t.name: (story.text(t.name), story.text(t.name, "stderr"), story.outputs(t.name)) for t in flow.cell_tasks
    }


def test_generated_cells_are_portable_often_enough():
    """A third of what is generated may run on workers: the comparison below is about something."""
    cells = portable = 0
    for seed in range(60):
        sources = notebook(Random(seed))[0]
        cells += len(sources) - 1
        portable += len(connect([Cell(source, n) for n, source in enumerate(sources, 1)]).portable)
    assert portable > cells / 3


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_workers_change_nothing(runner, shell, seed):
    """Outputs, final values and aliases are those of a run with one worker."""
    assert told(runner, flow_of(seed, workers=4, shell=shell)) == told(runner, flow_of(seed, workers=1, shell=shell))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shell", [False, True], ids=["plain", "shell"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_workers_change_nothing_at_length(runner, shell, seed):
    """Hundreds of generated notebooks give on workers what they give without."""
    assert told(runner, flow_of(seed, workers=4, shell=shell)) == told(runner, flow_of(seed, workers=1, shell=shell))


def test_the_comparison_sees_what_edges_are_for(runner):
    """Without the edges between cells, some notebook gives something else."""
    everything = range(1, 1000)
    seeds = range(30)
    assert any(
        told(runner, flow_of(seed, workers=4, edges=False, portable=everything))
        != told(runner, flow_of(seed, workers=1))
        for seed in seeds
    )
