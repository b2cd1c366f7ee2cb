"""Tasks: the units a flow runs, retries and reports."""

from __future__ import annotations

import copy
import copyreg
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

from jupyter_flows.core.arguments import plain_arguments
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.current import Graph, current_flow
from jupyter_flows.core.definition import Definition, definition_of
from jupyter_flows.core.rules import USUAL, Delay, Rules, checked_rules, delays_of, seconds_of
from jupyter_flows.errors import DefinitionError

_RULES = tuple(Rules.__dataclass_fields__)
_OPTIONS = ("name", "tags", "max_retries", "retry_delay", "timeout", *_RULES)


class _Rule:
    """An attribute of a task that is a field of its rules."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, task: Any, owner: type | None = None) -> Any:
        return getattr(USUAL if task is None else task.rules, self.name)

    def __set__(self, task: Any, value: Any) -> None:
        task.set_rules({self.name: value})


class Task:
    """One unit of work in a flow: subclass it and write `run`, or decorate a function with `task`.

    `max_retries` runs follow a failed one, each after `retry_delay` (seconds or timedelta, or a list
    of them of which the last repeats); a run longer than `timeout` (seconds or timedelta) ends as
    TimedOut. `rules` are the fields of `Rules` by name: ``trigger``, ``skip_on_upstream_skip``,
    ``retry_on``, ``retry_jitter_factor``, ``state_handlers``, ``on_failure``, and what says how results are
    kept: ``cache_for``, ``cache_validator``, ``cache_key``, ``target``, ``result``, ``checkpoint``.
    """

    #: On the class, so that a task without such options is as small as it was.
    rules: Rules = USUAL

    def __init__(
        self,
        name: str | None = None,
        *,
        tags: Iterable[str] = (),
        max_retries: int = 0,
        retry_delay: Delay | Sequence[Delay] | None = None,
        timeout: Delay | None = None,
        **rules: Any,
    ):
        self.name = name or type(self).__name__
        self.tags = frozenset(tags)
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
            raise DefinitionError(f"max_retries is a whole number from 0, not {max_retries!r}.")
        self.max_retries = max_retries
        self.retry_delay_seconds = delays_of(retry_delay)
        self.timeout_seconds = seconds_of("timeout", timeout)
        if rules:
            self.set_rules(rules)

    trigger = _Rule()
    skip_on_upstream_skip = _Rule()
    retry_on = _Rule()
    retry_jitter_factor = _Rule()
    state_handlers = _Rule()
    on_failure = _Rule()
    cache_for = _Rule()
    cache_validator = _Rule()
    cache_key = _Rule()
    target = _Rule()
    result = _Rule()
    checkpoint = _Rule()

    def set_rules(self, changes: Mapping[str, Any]) -> None:
        """Change some fields of the task's rules; raise `DefinitionError` for what is none, or can't be."""
        unknown = [name for name in changes if name not in _RULES]
        if unknown:
            raise DefinitionError(f"A task has no option {unknown[0]!r}; it has {', '.join(_OPTIONS)}.")
        self.rules = checked_rules(**{name: getattr(self.rules, name) for name in _RULES} | dict(changes))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work; arguments are the upstream tasks' results under the names they were bound to."""
        raise NotImplementedError(f"{type(self).__name__} has no run(): write one, or decorate a function with @task.")

    def signature(self) -> inspect.Signature:
        """Return the names that `bind` takes."""
        return inspect.signature(self.run)

    def copy(self, **changes: Any) -> Self:
        """Return another task of the same work, with attributes such as ``name`` changed."""
        new = copy.copy(self)
        for name, value in changes.items():
            if not hasattr(new, name):
                raise DefinitionError(f"{self} has no {name!r} to change.")
            setattr(new, name, value)
        return new

    def __call__(
        self,
        *args: Any,
        flow: Graph | None = None,
        upstream_tasks: Iterable[Any] | None = None,
        task_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Add a copy of this task to the open flow, its arguments bound, and return the copy."""
        graph = current_flow(flow)
        return self.copy(**(task_args or {})).bind(*args, flow=graph, upstream_tasks=upstream_tasks, **kwargs)

    def map(
        self,
        *args: Any,
        flow: Graph | None = None,
        upstream_tasks: Iterable[Any] | None = None,
        task_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Add a copy of this task that runs once for each element of its arguments, and return the copy.

        Each run is a child with a `map_index`; there are as many as the shortest argument has elements.
        Arguments and upstream tasks in `unmapped` go whole to each child. A task that takes the copy's
        result gets the list of the children's; one that is mapped over it goes on child by child.
        """
        graph = current_flow(flow)
        new = self.copy(**(task_args or {}))
        graph.set_dependencies(
            new, upstream_tasks=upstream_tasks, keyword_tasks=new.bound_arguments(args, kwargs), mapped=True
        )
        return new

    def bind(
        self, *args: Any, flow: Graph | None = None, upstream_tasks: Iterable[Any] | None = None, **kwargs: Any
    ) -> Self:
        """Add this very task to the flow with edges from its arguments, and return it."""
        bound = self.bound_arguments(args, kwargs)
        current_flow(flow).set_dependencies(self, upstream_tasks=upstream_tasks, keyword_tasks=bound)
        return self

    def bound_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a call's arguments by name; raise `DefinitionError` where the task can't be called so."""
        signature = self.signature()
        if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
            raise DefinitionError(f"Task {self.name!r} takes *args, which have no names to bind edges to: take a list.")
        try:
            bound = signature.bind_partial(*args, **kwargs).arguments
        except TypeError as error:
            raise DefinitionError(f"Task {self.name!r} can't be called so: {error}.") from None
        for p in signature.parameters.values():
            if p.kind is p.VAR_KEYWORD:
                bound.update(bound.pop(p.name, {}))
        return bound

    def needed_arguments(self) -> Sequence[str]:
        """Return the arguments that every call must give."""
        skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        parameters = self.signature().parameters.values()
        return [p.name for p in parameters if p.default is p.empty and p.kind not in skipped]

    def set_upstream(self, task: Any, *, flow: Graph | None = None, key: str | None = None) -> None:
        """Make this task wait for `task`, and take its result as argument `key` where that is given."""
        if key is None:
            current_flow(flow).set_dependencies(self, upstream_tasks=[task])
        else:
            current_flow(flow).set_dependencies(self, keyword_tasks={key: task})

    def set_downstream(self, task: Task, *, flow: Graph | None = None, key: str | None = None) -> None:
        """Make `task` wait for this one."""
        task.set_upstream(self, flow=flow, key=key)

    def __getitem__(self, key: Any) -> Task:
        return GetItem()(value=self, key=key)

    def __iter__(self) -> Any:
        raise DefinitionError(f"The result of task {self.name!r} is only known in a run: loop over it inside a task.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"


class FunctionTask(Task):
    """A function as a task; `task` makes them."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **options: Any):
        if not callable(fn):
            raise DefinitionError(f"@task decorates a function, not {fn!r}.")
        super().__init__(name=name or getattr(fn, "__name__", None), **options)
        self.fn = fn
        functools.update_wrapper(self, fn, updated=())

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.fn(*args, **kwargs)

    def signature(self) -> inspect.Signature:
        """Return the function's signature."""
        return inspect.signature(self.fn)

    def bound_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a call's arguments by name, as any task does, without a signature where the code tells as much."""
        names = plain_arguments(self.fn) if type(self) is FunctionTask else None
        if names is None or len(args) > len(names):
            return super().bound_arguments(args, kwargs)
        bound = dict(zip(names, args, strict=False))
        if kwargs:
            rest = names[len(args) :]
            if not kwargs.keys() <= set(rest):
                return super().bound_arguments(args, kwargs)
            bound.update((name, kwargs[name]) for name in rest if name in kwargs)
        return bound

    def needed_arguments(self) -> Sequence[str]:
        """Return the arguments that every call must give."""
        names = plain_arguments(self.fn) if type(self) is FunctionTask else None
        if names is None:
            return super().needed_arguments()
        return names[: len(names) - len(self.fn.__defaults__ or ())] if self.fn.__defaults__ else names

    def copy(self, **changes: Any) -> Self:
        """Return another task of the same function, with attributes such as ``name`` changed."""
        if changes or type(self) is not FunctionTask:
            return super().copy(**changes)
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle what the task has in common with its copies once for all of them."""
        if type(self) is not FunctionTask:
            return super().__reduce_ex__(protocol)
        return copyreg.__newobj__, (FunctionTask,), definition_of(self)  # type: ignore[attr-defined]

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, Definition):
            state.give(self)
            return
        own, slots = state if isinstance(state, tuple) else (state, {})
        for name, value in {**(own or {}), **slots}.items():
            setattr(self, name, value)


@overload
def task(fn: Callable[..., Any]) -> FunctionTask: ...
@overload
def task(**options: Any) -> Callable[[Callable[..., Any]], FunctionTask]: ...
def task(fn: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Turn a function into a task; options are those of `Task`.

    >>> @task(max_retries=2)
    ... def double(x):
    ...     return 2 * x
    >>> double.name, double.run(4)
    ('double', 8)
    """
    if fn is None:
        return lambda function: FunctionTask(function, **options)
    return FunctionTask(fn, **options)


class GetItem(Task):
    """Take one item of a result: what ``result[key]`` becomes inside a flow."""

    def run(self, value: Any, key: Any) -> Any:
        """Return ``value[key]``."""
        return value[key]


class Collect(Task):
    """Put results back into the list, tuple, set or dict they were written in as an argument."""

    def __init__(self, shape: type, keys: Sequence[Any] = ()):
        super().__init__(name=shape.__name__)
        self.shape, self.keys = shape, tuple(keys)

    def run(self, **items: Any) -> Any:
        """Return the collection of the items, in the order of their numbers."""
        values = [items[f"item_{n}"] for n in range(len(items))]
        return dict(zip(self.keys, values, strict=True)) if self.shape is dict else self.shape(values)


class Flatten(Task):
    """Make one list of a list of lists: what ``flatten(task)`` becomes inside a flow."""

    def __init__(self) -> None:
        super().__init__(name="flatten")

    def run(self, value: Any) -> list[Any]:
        """Return the elements of the elements; raise `DefinitionError` for an element that has none."""
        flat: list[Any] = []
        for n, inner in enumerate(value):
            try:
                flat.extend(inner)
            except TypeError:
                raise DefinitionError(
                    f"flatten takes a list of lists, and element {n} is no list but {inner!r:.80}."
                ) from None
        return flat


class Constant(Task):
    """Give a value that is known before the run: what `apply_map` is mapped over, if it is no task."""

    def __init__(self, value: Any):
        super().__init__(name="constant")
        self.value = value

    def run(self) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What a marker (``%%task``, ``#| task:``, cell metadata) says of its cell."""

    name: str | None = None
    retries: int = 0
    retry_delay_seconds: float | tuple[float, ...] = 0.0
    timeout_seconds: float | None = None
    #: Names that the cell reads or writes in a way that its code does not show.
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    #: Names of tasks that must have finished first.
    after: tuple[str, ...] = ()
    #: Requirements of this cell beyond what it imports, e.g. ``pandas==3.1``.
    requires: tuple[str, ...] = ()
    #: When it runs and when it runs again; cells have no handlers.
    rules: Rules = USUAL
    #: The name of the value for each of whose elements the cell runs.
    map: str | None = None


class CellTask(Task):
    """A notebook cell in a flow: a task, or a definition cell that is replayed in its place."""

    def __init__(
        self,
        name: str,
        cell: Cell,
        *,
        code: str,
        meaning: str,
        options: TaskOptions | None = None,
        reads: Iterable[str] = (),
        writes: Iterable[str] = (),
        definition: bool = False,
        parameters: bool = False,
        needs_shell: bool = False,
        portable: bool = False,
        requirements: Iterable[str] = (),
        gathers: Iterable[str] = (),
        touches: Iterable[str] = (),
        changes: bool = True,
        hidden: Iterable[str] = (),
    ):
        given = options or TaskOptions()
        super().__init__(
            name,
            max_retries=given.retries,
            retry_delay=given.retry_delay_seconds,
            timeout=given.timeout_seconds,
        )
        if given.rules is not USUAL:
            self.rules = given.rules
        self.cell, self.options = cell, given
        #: What runs: the cell's text with marker lines blanked, line numbers kept, IPython syntax kept.
        self.code = code
        #: Digest of the code's canonical form; formatting and comments don't change it.
        self.meaning = meaning
        self.reads, self.writes = frozenset(reads), frozenset(writes)
        self.definition, self.parameters, self.needs_shell = definition, parameters, needs_shell
        #: Whether all that the code does is known, so that it may run beside other cells, on another thread.
        self.portable = portable
        #: What of the flow's requirements its own code reaches: pins, sorted.
        self.requirements = tuple(requirements)
        #: Of a cell that runs for each element, the names that become lists of what each run gave them.
        self.gathers = tuple(gathers)
        #: Names besides those read and written whose values it may change, take away, or look up later.
        self.touches = frozenset(touches)
        #: Whether it may change an object that an earlier cell made.
        self.changes = changes
        #: The hidden state that it may read, use or set anew: ``use <random>``.
        self.hidden = frozenset(hidden)

    @property
    def may_fail(self) -> bool:
        """Whether an error of the cell is shown, and no more: nbclient's tag ``raises-exception``."""
        return "raises-exception" in self.cell.tags
