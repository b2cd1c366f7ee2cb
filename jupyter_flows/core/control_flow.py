"""Branches: tasks that run only for one value of another task's result, and where branches meet again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from jupyter_flows.core.current import Graph, current_flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.signals import SKIP
from jupyter_flows.core.task import Task
from jupyter_flows.core.triggers import not_all_skipped
from jupyter_flows.errors import DefinitionError


class CompareValue(Task):
    """Succeed when a value is the one wanted, else be skipped with all that waits for it."""

    def __init__(self, wanted: Any):
        super().__init__(name=f"case({wanted!r})"[:60])
        self.wanted = wanted

    def run(self, value: Any) -> None:
        """Compare."""
        if not value == self.wanted:
            raise SKIP(f"the value is {value!r}, not {self.wanted!r}"[:200])


class Merge(Task):
    """Give the result of the branch that ran."""

    def __init__(self) -> None:
        super().__init__(name="merge", trigger=not_all_skipped, skip_on_upstream_skip=False)

    def run(self, **branches: Any) -> Any:
        """Return the first result that is not None; a skipped task's result is None."""
        ordered = sorted(branches.items(), key=lambda item: int(item[0].rpartition("_")[2]))
        return next((value for _, value in ordered if value is not None), None)


class case:  # noqa: N801 - reads as the statement that it stands for
    """Let the tasks made in a ``with`` block run only if a task's result equals a value.

    >>> from jupyter_flows import Flow, case, merge, task
    >>> @task
    ... def number(n):
    ...     return n
    >>> with Flow("branches") as flow:
    ...     chosen = number(2)
    ...     with case(chosen, 1):
    ...         one = number(10)
    ...     with case(chosen, 2):
    ...         two = number(20)
    ...     result = merge(one, two)
    >>> flow.run().result[result].result
    20
    """

    def __init__(self, task: Task, value: Any):
        if not isinstance(task, Task):
            raise DefinitionError(f"case compares a task's result, so its first argument is a task, not {task!r}.")
        if isinstance(value, Task):
            raise DefinitionError(f"case compares with a plain value, not with {value!r}.")
        self.task, self.value = task, value

    def __enter__(self) -> Self:
        flow: Any = current_flow()
        self._flow, self._compare = flow, CompareValue(self.value).bind(value=self.task, flow=flow)
        self._known = len(flow.tasks)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        inside = dict.fromkeys(t for t in self._flow.tasks[self._known :] if not isinstance(t, Parameter))
        for task in inside:
            if not any(edge.upstream in inside for edge in self._flow.edges_to(task)):
                self._flow.add_edge(self._compare, task)


def switch(condition: Task, cases: Mapping[Any, Task], *, flow: Graph | None = None) -> None:
    """Let each task of `cases` run only if `condition` gives its key; the others are skipped."""
    graph: Any = current_flow(flow)
    for value, task in cases.items():
        graph.add_edge(CompareValue(value).bind(value=condition, flow=graph), graph.add_task(task))


def merge(*tasks: Task, flow: Graph | None = None) -> Task:
    """Return a task that gives the result of the one of `tasks` that was not skipped."""
    if not tasks:
        raise DefinitionError("merge takes the last tasks of the branches that meet, at least one.")
    return Merge().bind(flow=flow, **{f"branch_{n}": task for n, task in enumerate(tasks, 1)})
