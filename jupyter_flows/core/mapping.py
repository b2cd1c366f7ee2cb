"""Mapped pipelines: functions of several tasks run for each element, and results filtered on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jupyter_flows.core.annotations import Annotation, annotated
from jupyter_flows.core.current import Graph, current_flow, open_flow
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import Collect, Constant, Flatten, Task
from jupyter_flows.core.triggers import all_finished
from jupyter_flows.errors import DefinitionError


class FilterTask(Task):
    """Keep those results of a mapped task that a function likes: without one, all but exceptions and None.

    It runs whatever became of the children; a skipped child's result is None.
    """

    def __init__(self, filter_func: Callable[[Any], Any] | None = None, **options: Any):
        usual: dict[str, Any] = {"skip_on_upstream_skip": False, "trigger": all_finished, "name": "filter"}
        super().__init__(**usual | options)
        self.filter_func = filter_func or _is_result

    def run(self, task_results: Iterable[Any]) -> list[Any]:
        """Return the results that are kept, in order."""
        return [result for result in task_results if self.filter_func(result)]


def _is_result(result: Any) -> bool:
    return result is not None and not isinstance(result, BaseException)


def apply_map(func: Callable[..., Any], *args: Any, flow: Graph | None = None, **kwargs: Any) -> Any:
    """Call `func` once, with tasks, and map every task that it makes; return what it returns.

    Arguments are mapped over unless they are `unmapped`. Inside, tasks are called as for one element,
    branches included. With `flow`, `func` is given ``flow=`` too.

    >>> from jupyter_flows import Flow, apply_map, case, merge, task
    >>> @task
    ... def is_even(x):
    ...     return x % 2 == 0
    >>> @task
    ... def negate(x):
    ...     return -x
    >>> def negate_even(x):
    ...     with case(is_even(x), True):
    ...         negative = negate(x)
    ...     return merge(negative, x)
    >>> with Flow("f") as flow:
    ...     result = apply_map(negate_even, range(4))
    >>> flow.run().result[result].result
    [0, 1, -2, 3]
    """
    graph: Any = current_flow(flow)
    pipeline = _Pipeline(graph)
    inputs = [pipeline.take(value) for value in args]
    named = {name: pipeline.take(value) for name, value in kwargs.items()}
    if not any(pipeline.inputs.values()):
        raise DefinitionError("apply_map has nothing to map over: give it a list or a task that is not unmapped().")
    token = open_flow.set(pipeline.inner)
    try:
        result = func(*inputs, **named, **({"flow": pipeline.inner} if flow is not None else {}))
    finally:
        open_flow.reset(token)
    pipeline.join()
    return result


class _Pipeline:
    """The tasks that a function makes, on their way into a flow."""

    def __init__(self, graph: Flow):
        self.graph, self.inner = graph, Flow("apply_map")
        #: The tasks that the function is given: whether they are mapped over.
        self.inputs: dict[Task, bool] = {}
        self._known = frozenset(graph.tasks)

    def take(self, value: Any) -> Any:
        """Return what the function is given for an argument: a task for all that is mapped over."""
        argument = annotated(value)
        over = argument.mapped is not False
        task = self._task(argument, over=over)
        if isinstance(task, Task):
            self.graph.add_task(task)
            self.inputs[self.inner.add_task(task)] = over
        return task

    def _task(self, argument: Annotation, *, over: bool) -> Any:
        value = argument.value
        if isinstance(value, list | tuple | set | dict) and any(isinstance(v, Task) for v in value):
            gather = Collect(type(value), list(value) if isinstance(value, dict) else ())
            items = value.values() if isinstance(value, dict) else value
            value = gather.bind(flow=self.graph, **{f"item_{n}": item for n, item in enumerate(items)})
        if not isinstance(value, Task):
            value = Flatten().run(value) if argument.flattened else value
            return Constant(list(value)) if over else value
        return Flatten().bind(value, flow=self.graph) if argument.flattened else value

    def join(self) -> None:
        """Add the function's tasks to the flow: one of them waits for another child by child."""
        made = [t for t in self.inner.tasks if t not in self.inputs and t not in self._known]
        for task in made:
            if self.inner.is_mapped(task):
                raise DefinitionError(f"Task {task.name!r} is mapped inside apply_map, which maps it already: call it.")
            self.graph.add_task(task)
        for edge in self.inner.edges:
            self.graph.add_edge(edge.upstream, edge.downstream, edge.key, mapped=self._is_mapped(edge.upstream))
        for task in made:
            for key, value in self.inner.constants(task).items():
                self.graph.add_constant(task, key, value)
            self._follow(task, set(made))

    def _is_mapped(self, upstream: Task) -> bool:
        if upstream in self.inputs:
            return self.inputs[upstream]
        return upstream not in self._known and not isinstance(upstream, Parameter)

    def _follow(self, task: Task, made: set[Task]) -> None:
        """Let a first task of the pipeline wait for every argument, so that there is one for each element."""
        upstream = self.graph.upstream_tasks(task)
        if isinstance(task, Parameter) or any(t in made and not isinstance(t, Parameter) for t in upstream):
            return
        for given, over in self.inputs.items():
            if given not in upstream:
                self.graph.add_edge(given, task, mapped=over)
