"""Dagster: a job of ops, executed in this process."""

from __future__ import annotations

import logging
from typing import Any

from benchmarks.shapes import FUNCTIONS, Graph


def build(graph: Graph) -> Any:
    """Make a job: one op a function, as often as it is used."""
    import dagster as dg

    logging.disable(logging.CRITICAL)
    first = dg.OpDefinition(lambda _context, _inputs: _given(1), name="first", ins={}, outs={"result": dg.Out()})
    ops = {name: _op(dg, name) for name in FUNCTIONS}
    dependencies: dict[Any, Any] = {}
    for number, (name, constants, upstream) in enumerate(graph):
        op = "first" if constants else name
        after = [dg.DependencyDefinition(f"x{u}") for u in upstream]
        taken = {"numbers": dg.MultiDependencyDefinition(after)} if name == "total" else dict(zip("ab", after))  # noqa: B905
        dependencies[dg.NodeInvocation(op, alias=f"x{number}")] = taken
    used = {invocation.name for invocation in dependencies}
    nodes = [op for op in (first, *ops.values()) if op.name in used]
    return dg.GraphDefinition("work", node_defs=nodes, dependencies=dependencies).to_job()


def _given(value: Any) -> Any:
    import dagster as dg

    yield dg.Output(value)


def _op(dg: Any, name: str) -> Any:
    names = {"inc": "a", "add": "ab", "note": ""}.get(name)
    takes = ["numbers"] if names is None else list(names)
    fn = FUNCTIONS[name]
    return dg.OpDefinition(
        lambda _context, inputs: _given(fn(*(inputs[key] for key in takes))),
        name=name,
        ins={key: dg.In() for key in takes},
        outs={"result": dg.Out()},
    )


def run(job: Any) -> None:
    """Execute the job."""
    assert job.execute_in_process().success
