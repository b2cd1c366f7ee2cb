"""The flow: tasks and the edges between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextvars import Token
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Self

from jupyter_flows.core.annotations import Annotation, annotated
from jupyter_flows.core.columns import Columns
from jupyter_flows.core.current import Graph, open_flow
from jupyter_flows.core.graph import find_cycle, topological_order
from jupyter_flows.core.parameter import Parameter, ParameterSpec
from jupyter_flows.core.rules import OnFailure, StateHandler, checked_callback, checked_handlers, checked_result
from jupyter_flows.core.task import CellTask, Collect, Flatten, Task
from jupyter_flows.errors import CycleError, DefinitionError, DuplicateTaskError, FrozenFlowError

_COLLECTIONS = (list, tuple, set, dict)
#: What of a flow follows from its tasks and `Columns`, or belongs to a ``with`` block.
_DERIVED = frozenset({"_edges", "_upstream", "_downstream", "_keyed", "_tokens", "memory"})


class Edge(NamedTuple):
    """One task waits for another, and perhaps takes its result."""

    upstream: Task
    downstream: Task
    #: The argument that takes the result, in functional flows.
    key: str | None = None
    #: The names that travel along it, in flows of cells.
    names: frozenset[str] = frozenset()
    #: Why it is there, as people read it.
    why: str = ""
    #: Whether the n-th child of `downstream` waits for, and takes, the n-th element or child of `upstream` alone.
    mapped: bool = False


@dataclass(frozen=True)
class Origin:
    """Where a flow of cells comes from, and what it needs to run elsewhere."""

    #: The notebook as JSON text, without outputs, counts and widget state.
    notebook: str
    #: Where the notebook lies, if it is saved.
    path: str | None = None
    #: Local modules that the cells import: path relative to the notebook's folder, source.
    modules: Mapping[str, bytes] = field(default_factory=dict)
    #: Pinned requirements, sorted: ``pandas==3.1.1``.
    requirements: tuple[str, ...] = ()
    parameters: tuple[ParameterSpec, ...] = ()


class Flow:
    """Tasks and edges, acyclic, in the order they were added."""

    def __init__(
        self,
        name: str,
        *,
        environment: Any = None,
        storage: Any = None,
        tasks: Iterable[Task] = (),
        origin: Origin | None = None,
        state_handlers: Iterable[StateHandler] = (),
        on_failure: OnFailure | None = None,
        result: Any = None,
    ):
        if not isinstance(name, str) or not name.strip():
            raise DefinitionError(f"A flow's name is a text of at least one character, not {name!r}.")
        self.name = name
        self.origin = origin
        self.environment, self.storage = environment, storage
        #: The `Result` that keeps the results of functional tasks which name no other; None to keep none.
        self.result = checked_result(result)
        self._slugs: dict[Task, str] = {}
        #: The names in use, and how many tasks of each there are: the next number, without searching.
        self._taken: dict[str, int] = {}
        self._edges: dict[tuple[Task, Task, str | None], Edge] = {}
        self._upstream: dict[Task, list[Edge]] = {}
        self._downstream: dict[Task, list[Edge]] = {}
        self._constants: dict[Task, dict[str, Any]] = {}
        #: The mapped tasks, each with the names of its constants that are mapped over.
        self._mapped: dict[Task, set[str]] = {}
        #: The arguments that are bound to tasks.
        self._keyed: set[tuple[Task, str]] = set()
        self._reference: tuple[Task, ...] | None = None
        #: How often something changed; in a list, for flows that share their tasks share it too.
        self._changes = [0]
        #: What others remember of the flow as it is, by name; it is not packed.
        self.memory: dict[str, Any] = {}
        self._frozen = False
        self._tokens: list[Token[Graph | None]] = []
        self.state_handlers, self.on_failure = checked_handlers(state_handlers), checked_callback(on_failure)
        for t in tasks:
            self.add_task(t)

    # -- building ------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._tokens.append(open_flow.set(self))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        open_flow.reset(self._tokens.pop())
        if kind is None:  # Else what is wrong is being said, and this flow is not whole.
            self.validate()

    def freeze(self) -> None:
        """Refuse every later change; registering does this."""
        self._frozen = True

    def _check_open(self) -> None:
        """Be called before every change."""
        if self._frozen:
            raise FrozenFlowError(f"Flow {self.name!r} is registered and does not change any more: build a new Flow.")
        self._changes[0] += 1

    def add_task(self, task: Task) -> Task:
        """Take a task in, once; a second functional task of one name gets the slug ``name-2``."""
        if not isinstance(task, Task):
            raise DefinitionError(f"A flow holds tasks, not {task!r}: decorate the function with @task.")
        if task in self._slugs:
            return task
        self._check_open()
        if isinstance(task, CellTask | Parameter) and task.name in self._taken:
            raise DuplicateTaskError(task.name, self._places(task))
        slug, number = task.name, self._taken.get(task.name, 1)
        while slug in self._taken:
            number += 1
            slug = f"{task.name}-{number}"
        self._slugs[task] = slug
        if isinstance(task, CellTask) and task.options.map:
            self._mapped[task] = set()
        self._taken[task.name] = number
        self._taken.setdefault(slug, 1)
        self._upstream[task], self._downstream[task] = [], []
        return task

    def _places(self, task: Task) -> list[str]:
        both = [t for t in (*self._slugs, task) if t.name == task.name and isinstance(t, CellTask)]
        return [f"cell {t.cell.ordinal}" for t in both if isinstance(t, CellTask)]

    def add_edge(
        self,
        upstream: Task,
        downstream: Task,
        key: str | None = None,
        *,
        names: Iterable[str] = (),
        why: str = "",
        mapped: bool = False,
    ) -> Edge:
        """Make `downstream` wait for `upstream`; the same edge again changes nothing."""
        place = (upstream, downstream, key)
        if place in self._edges:
            return self._edges[place]
        self._check_open()
        self.add_task(upstream)
        self.add_task(downstream)
        if upstream is downstream:
            raise CycleError([self._slugs[upstream]])
        if key is not None and (downstream, key) in self._keyed:
            raise DefinitionError(f"Argument {key!r} of task {self._slugs[downstream]!r} is bound already.")
        return self._draw(Edge(upstream, downstream, key, frozenset(names), why, mapped))

    def _draw(self, edge: Edge) -> Edge:
        upstream, downstream, key, *_ = edge
        self._edges[upstream, downstream, key] = edge
        if edge.mapped:
            self._mapped.setdefault(downstream, set())
        self._upstream[downstream].append(edge)
        self._downstream[upstream].append(edge)
        if key is not None:
            self._keyed.add((downstream, key))
        return edge

    def set_dependencies(
        self,
        task: Task,
        *,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: Mapping[str, Any] | None = None,
        mapped: bool = False,
    ) -> None:
        """Draw a task's edges; values that are no tasks become constants, collections of tasks are gathered.

        With `mapped`, all that is not `unmapped` is mapped over: the task gets one child for each element.
        """
        self.add_task(task)
        for t in map(annotated, upstream_tasks or ()):
            self.add_edge(self._as_task(self._flat(t)), task, mapped=mapped if t.mapped is None else t.mapped)
        for t in downstream_tasks or ():
            self.add_edge(task, self._as_task(t))
        for key, given in (keyword_tasks or {}).items():
            argument = annotated(given)
            over, value = mapped if argument.mapped is None else argument.mapped, self._flat(argument)
            if _holds_task(value):
                self.add_edge(self._as_task(value), task, key, mapped=over)
            else:
                self.add_constant(task, key, value, mapped=over)
        if mapped and task not in self._mapped:
            raise DefinitionError(
                f"Task {self._slugs[task]!r} has nothing to map over: give map() at least one list or task that is not "
                "unmapped()."
            )

    def add_constant(self, task: Task, key: str, value: Any, *, mapped: bool = False) -> None:
        """Bind an argument of a task to a plain value, or with `mapped` each child's to an element of it."""
        self._check_open()
        if mapped:
            self._mapped.setdefault(task, set()).add(key)
            value = _elements(self._slugs[task], key, value)
        self._constants.setdefault(task, {})[key] = value

    def _flat(self, argument: Annotation) -> Any:
        """Return the argument's value, flattened if it asks for that: now if it is known, else by a task."""
        value = argument.value
        if not argument.flattened:
            return value
        if not _holds_task(value):
            return Flatten().run(value)
        flat = Flatten()
        self.set_dependencies(flat, keyword_tasks={"value": value})
        return flat

    def _as_task(self, value: Any) -> Task:
        if isinstance(value, Task):
            return self.add_task(value)
        if not isinstance(value, _COLLECTIONS):
            raise DefinitionError(f"A task can only wait for tasks, not for {value!r}.")
        items = list(value.values()) if isinstance(value, dict) else list(value)
        gather = Collect(type(value), list(value) if isinstance(value, dict) else ())
        self.set_dependencies(gather, keyword_tasks={f"item_{n}": item for n, item in enumerate(items)})
        return gather

    def chain(self, *tasks: Task) -> Sequence[Task]:
        """Make each task wait for the one before it."""
        for u, d in pairwise(tasks):
            self.add_edge(u, d)
        return tasks

    def set_reference_tasks(self, tasks: Iterable[Task]) -> None:
        """Let the flow's state come from these tasks instead of the terminal ones."""
        self._check_open()
        chosen = tuple(tasks)
        absent = [t.name for t in chosen if t not in self._slugs]
        if absent:
            raise DefinitionError(f"Reference tasks must be in the flow; {absent} are not.")
        self._reference = chosen or None

    # -- reading -------------------------------------------------------------------------------

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in the order they were added."""
        return tuple(self._slugs)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, in the order they were added."""
        return tuple(self._edges.values())

    @property
    def revision(self) -> int:
        """A number that grows with every task, edge, constant and reference task; what tasks are is not in it."""
        return self._changes[0]

    @property
    def of_cells(self) -> bool:
        """Whether the tasks are a notebook's cells."""
        return self.origin is not None or any(isinstance(t, CellTask) for t in self._slugs)

    @property
    def cell_tasks(self) -> tuple[CellTask, ...]:
        """The tasks that are cells, definitions included, in the order they were added."""
        return tuple(t for t in self._slugs if isinstance(t, CellTask))

    def slug(self, task: Task) -> str:
        """Return the task's unique name in this flow."""
        return self._slugs[task]

    def constants(self, task: Task) -> Mapping[str, Any]:
        """Return the arguments of a task that are plain values."""
        return self._constants.get(task, {})

    def is_mapped(self, task: Task) -> bool:
        """Tell whether a task runs once for each element of what it is mapped over."""
        return task in self._mapped

    def mapped_constants(self, task: Task) -> AbstractSet[str]:
        """Return the names of a task's constants that it is mapped over."""
        return self._mapped.get(task, frozenset())

    @property
    def has_mapped(self) -> bool:
        """Whether any task is mapped."""
        return bool(self._mapped)

    def get_tasks(self, name: str | None = None, *, tags: Iterable[str] = ()) -> list[Task]:
        """Return the tasks of that name (or slug) that carry all these tags."""
        wanted = set(tags)
        return [t for t, slug in self._slugs.items() if (name is None or name in (t.name, slug)) and wanted <= t.tags]

    def edges_to(self, task: Task) -> tuple[Edge, ...]:
        """Return the edges into a task."""
        return tuple(self._upstream[task])

    def edges_from(self, task: Task) -> tuple[Edge, ...]:
        """Return the edges out of a task."""
        return tuple(self._downstream[task])

    def upstream_tasks(self, task: Task) -> set[Task]:
        """Return the tasks that a task waits for."""
        return {e.upstream for e in self._upstream[task]}

    def downstream_tasks(self, task: Task) -> set[Task]:
        """Return the tasks that wait for a task."""
        return {e.downstream for e in self._downstream[task]}

    def root_tasks(self) -> set[Task]:
        """Return the tasks that wait for none."""
        return {t for t, edges in self._upstream.items() if not edges}

    def terminal_tasks(self) -> set[Task]:
        """Return the tasks that none waits for."""
        return {t for t, edges in self._downstream.items() if not edges}

    def reference_tasks(self) -> set[Task]:
        """Return the tasks that the flow's state comes from."""
        return set(self._reference) if self._reference else self.terminal_tasks()

    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Return what a run can be given, in the order declared."""
        if self.origin is not None:
            return self.origin.parameters
        return tuple(t.spec for t in self._slugs if isinstance(t, Parameter))

    def sorted_tasks(self) -> tuple[Task, ...]:
        """Return the tasks such that each comes after all it waits for; raise `CycleError` when none can."""
        tasks = self.tasks
        number = {t: n for n, t in enumerate(tasks)}
        pairs = [(number[u], number[d]) for u, d, _ in self._edges]
        order, stuck = topological_order(len(tasks), pairs)
        if stuck:
            raise CycleError([self._slugs[tasks[n]] for n in find_cycle(stuck, pairs)])
        return tuple(tasks[n] for n in order)

    def validate(self) -> None:
        """Raise a `DefinitionError` unless the flow can run: no cycles, every needed argument bound."""
        self.sorted_tasks()
        for task, slug in self._slugs.items():
            if not isinstance(task, CellTask | Parameter | Collect):
                constants = self.constants(task)
                missing = [n for n in task.needed_arguments() if n not in constants and (task, n) not in self._keyed]
                if missing:
                    raise DefinitionError(f"Task {slug!r} needs a value for {missing}: bind it to a task or a value.")

    def adopt(self, other: Flow) -> None:
        """Share another flow's tasks and edges."""
        self._check_open()
        self._slugs, self._taken, self._edges = other._slugs, other._taken, other._edges
        self._upstream, self._downstream = other._upstream, other._downstream
        self._constants, self._keyed, self._reference = other._constants, other._keyed, other._reference
        self._mapped, self._changes = other._mapped, other._changes
        self.state_handlers, self.on_failure = other.state_handlers, other.on_failure

    @property
    def handlers(self) -> dict[str, Callable[..., Any]]:
        """The functions that are told of the flow's states, by name."""
        named: dict[str, Callable[..., Any]] = {f"state_handler_{n}": fn for n, fn in enumerate(self.state_handlers, 1)}
        return named | ({"on_failure": self.on_failure} if self.on_failure else {})

    def plain(self) -> Flow:
        """Return a `core.Flow` of the same tasks and edges, without environment and storage, to be pickled."""
        plain = Flow(self.name, origin=self.origin, result=self.result)
        plain.adopt(self)
        return plain

    def __getstate__(self) -> dict[str, Any]:
        number = {t: n for n, t in enumerate(self._slugs)}
        state = {name: value for name, value in self.__dict__.items() if name not in _DERIVED}
        return state | {"columns": Columns.of(self._edges.values(), number)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        columns: Columns = state.pop("columns")
        self.__dict__.update(state)
        self._tokens, self.memory = [], {}
        self._upstream, self._downstream = {t: [] for t in self._slugs}, {t: [] for t in self._slugs}
        self._edges, self._keyed = {}, set()
        for edge in map(Edge._make, columns.rows(self.tasks)):
            self._draw(edge)

    def __repr__(self) -> str:
        return f"<Flow: {self.name!r}, {len(self._slugs)} tasks>"


def _holds_task(value: Any) -> bool:
    if isinstance(value, Task):
        return True
    if isinstance(value, dict):
        return any(map(_holds_task, value.values()))
    return isinstance(value, _COLLECTIONS) and any(map(_holds_task, value))


def _elements(slug: str, key: str, value: Any) -> Any:
    """Return what a task is mapped over, such that it can be gone through more than once."""
    try:
        iterator = iter(value)
    except TypeError:
        raise DefinitionError(
            f"Task {slug!r} can't be mapped over {value!r}, argument {key!r}: give a list, or unmapped({key}) for the "
            "same value in each child."
        ) from None
    return list(iterator) if iterator is value else value
