"""Hamilton: a function a task, its arguments named after others."""

from __future__ import annotations

from typing import Any

from benchmarks.shapes import FUNCTIONS, Graph


def build(graph: Graph) -> tuple[Any, str]:
    """Write the functions, and let the driver find what hangs together."""
    from hamilton import ad_hoc_utils, driver

    lines = []
    for number, (name, constants, upstream) in enumerate(graph):
        taken = ", ".join(f"x{u}: int" for u in upstream)
        values = ", ".join([*map(repr, constants), *(f"x{u}" for u in upstream)])
        call = f"{name}(({values},))" if name == "total" else f"{name}({values})"
        lines.append(f"def x{number}({taken}) -> int:\n    return {call}\n")
    namespace: dict[str, Any] = dict(FUNCTIONS)
    exec("\n".join(lines), namespace)
    module = ad_hoc_utils.create_temporary_module(*(namespace[f"x{n}"] for n in range(len(graph))))
    return driver.Builder().with_modules(module).build(), f"x{len(graph) - 1}"


def run(built: tuple[Any, str]) -> None:
    """Execute the last task and all before it."""
    built[0].execute([built[1]])
