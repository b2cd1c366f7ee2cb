"""What it costs to find out which cell must wait for which."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.measure import Row, interleaved, medians
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.source import transform
from jupyter_flows.core.cell import Cell

ROUNDS = 15
#: Ten cells of one step of an analysis, as notebooks have them; ``N`` is the step's number.
STEP = """\
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import LinearRegression
%matplotlib inline
====
def clean_N(frame, limit=3):
    out = frame.dropna().copy()
    for column in ["a", "b"]:
        out[column] = out[column].clip(-limit, limit)
    return out
====
raw_N = pd.read_csv("data/part_N.csv", parse_dates=["day"])
raw_N.head()
====
frame_N = clean_N(raw_N)
frame_N["ratio"] = frame_N["a"] / frame_N["b"]
frame_N.describe()
====
by_day_N = frame_N.groupby("day").agg({"a": "mean", "b": ["min", "max"], "ratio": "median"})
by_day_N.columns = ["_".join(c) for c in by_day_N.columns]
====
fig, ax = plt.subplots(figsize=(8, 3))
ax.plot(by_day_N.index, by_day_N["a_mean"])
ax.set_title(f"step {N}, {len(by_day_N)} days")
====
X_N = frame_N[["a", "b"]].to_numpy()
y_N = np.log1p(np.abs(frame_N["ratio"]))
====
model_N = LinearRegression().fit(X_N, y_N)
score_N = model_N.score(X_N, y_N)
print(f"R2 of step N: {score_N:.3f}")
====
class Report_N:
    def __init__(self, rows):
        self.rows = list(rows)
    def add(self, name, value):
        self.rows.append((name, value))
        return self
    def __repr__(self):
        return ", ".join(f"{n}={v:.2f}" for n, v in self.rows)
====
report_N = Report_N([("r2", score_N)])
for name, value in zip(["a", "b"], model_N.coef_):
    report_N.add(name, value)
report_N
"""


def notebook(cells: int = 100) -> list[Cell]:
    """Return so many cells of an ordinary analysis."""
    texts = [text for step in range(cells // 10) for text in STEP.replace("N", str(step)).split("====\n")]
    return [Cell(text, n + 1) for n, text in enumerate(texts)]


def measure() -> Sequence[Row]:
    """Return the rows of this page."""
    cells = notebook()
    texts = [transform(cell.source) for cell in cells]
    times = interleaved(
        ROUNDS,
        ours=lambda: taken(lambda: connect(cells)),
        compiled=lambda: taken(lambda: [compile(text, "cell", "exec") for text in texts]),
    )
    middle = medians(times)
    return [Row("analysing 100 cells", middle["ours"], "compiling them", middle["compiled"], at_most=50, samples=times)]


def taken(work: Callable[[], object]) -> float:
    """Return the milliseconds that some work takes in this process."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
