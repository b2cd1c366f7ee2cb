"""What registering a ten-cell notebook costs: the first time, after a change, and again."""

from __future__ import annotations

from benchmarks.measure import Row, interleaved, medians, wall
from benchmarks.places import Desk

ROUNDS = 5


def cells(salt: int) -> list[str]:
    """Return ten cells with parallel branches; another salt is another meaning."""
    return [
        "import json\nimport math",
        f"start = {salt}\nnumbers = [start + n for n in range(100)]",
        *(f"part_{n} = [math.sqrt(x + {n}) for x in numbers]" for n in range(6)),
        "total = sum(map(sum, [part_0, part_1, part_2, part_3, part_4, part_5]))",
        "print(json.dumps(round(total, 3)))",
    ]


def measure() -> list[Row]:
    """Return the rows of this page: whole commands, interpreter start included."""
    with Desk() as desk:
        desk.notebook("ten.ipynb", *cells(0))
        first = wall(desk.command("register", "ten.ipynb", "--project", "bench"), cwd=desk.path)
        salts = iter(range(1, 1000))

        def changed() -> float:
            desk.notebook("ten.ipynb", *cells(next(salts)))
            return wall(desk.command("register", "ten.ipynb", "--project", "bench"), cwd=desk.path)

        def again() -> float:
            return wall(desk.command("register", "ten.ipynb", "--project", "bench"), cwd=desk.path)

        def nothing() -> float:
            return wall(desk.command("--help"), cwd=desk.path)

        times = interleaved(ROUNDS, changed=changed, again=again, nothing=nothing)
    middle = medians(times)
    against = ("jupyter flows --help", middle["nothing"])
    return [
        Row("register 10 cells, the first time ever", first, *against),
        Row("register 10 cells, one changed", middle["changed"], *against, at_most=1200, samples=times),
        Row("register 10 cells, nothing changed", middle["again"], *against, at_most=1200),
    ]
