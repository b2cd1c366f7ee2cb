"""The public Flow: a `core.Flow` that can run, register and show itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_flows.core import flow as core
from jupyter_flows.core.rules import OnFailure, StateHandler
from jupyter_flows.core.state import State
from jupyter_flows.core.task import Task
from jupyter_flows.environments import Environment, RemoteEnvironment
from jupyter_flows.environments.storage import Storage, storage_named
from jupyter_flows.errors import DefinitionError, RunError


class Flow(core.Flow):
    """Tasks and the edges between them, to be run here or registered and run by agents.

    Without `environment` it is ``RemoteEnvironment()`` with the local executor; without `storage`
    registering uses the default one (``Flows.default_storage``, Local). `result`, such as ``LocalResult("results")``,
    keeps what its functional tasks return.

    >>> from jupyter_flows import Flow, task
    >>> @task
    ... def double(x):
    ...     return 2 * x
    >>> with Flow("doubling") as flow:
    ...     four = double(2)
    ...     eight = double(four)
    >>> state = flow.run()
    >>> state.is_successful(), state.result[eight].result
    (True, 8)
    """

    def __init__(
        self,
        name: str,
        *,
        storage: Storage | None = None,
        environment: Environment | None = None,
        tasks: Iterable[Task] = (),
        origin: core.Origin | None = None,
        state_handlers: Iterable[StateHandler] = (),
        on_failure: OnFailure | None = None,
        result: Any = None,
    ):
        super().__init__(
            name, tasks=tasks, origin=origin, state_handlers=state_handlers, on_failure=on_failure, result=result
        )
        self.environment = RemoteEnvironment() if environment is None else environment
        self.storage = storage

    @property
    def storage(self) -> Storage | None:
        """Where registering keeps the flow; None until it is set, or chosen by registering."""
        return self._storage

    @storage.setter
    def storage(self, storage: Storage | None) -> None:
        if storage is not None and not isinstance(storage, Storage):
            raise DefinitionError(f"storage is a Storage such as Local(), not {storage!r}.")
        self._storage = storage
        if storage is not None:
            storage.bind(self)

    @property
    def environment(self) -> Environment:
        """How the flow runs."""
        return self._environment

    @environment.setter
    def environment(self, environment: Environment | None) -> None:
        if environment is not None and not isinstance(environment, Environment):
            raise DefinitionError(f"environment is an Environment such as LocalEnvironment(), not {environment!r}.")
        self._environment = RemoteEnvironment() if environment is None else environment

    @classmethod
    def of(cls, flow: core.Flow, *, storage: Storage | None = None, environment: Environment | None = None) -> Flow:
        """Return the public flow of a captured one, with storage and environment set."""
        public = cls(flow.name, storage=storage, environment=environment, origin=flow.origin)
        public.adopt(flow)
        return public

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        executor: Any = None,
        resume: State | None = None,
        **values: Any,
    ) -> State:
        """Run the flow here, now, and return its state; parameters by mapping or by name.

        A functional flow runs in this process; its state's ``result`` maps each task to its state.
        A flow of cells runs in a process of its own. Environment callbacks belong to registered runs.
        `resume` takes the state of an earlier run of this very flow: what succeeded does not run again,
        and tasks that were paused go on.
        """
        given = {**(parameters or {}), **values}
        if self.of_cells:
            if resume is not None:
                raise RunError("A flow of cells leaves no values behind to go on from: run it without resume=.")
            from jupyter_flows.engine.apart import run_apart

            return run_apart(self, given)
        from jupyter_flows.engine.flow_runner import FlowRunner

        return FlowRunner(self, executor=executor).run(given, resume=resume)

    def register(
        self,
        project: str,
        build: bool = True,  # noqa: FBT001, FBT002 - the field's signature
        labels: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        **storage_kwargs: Any,
    ) -> Any:
        """Build the flow's storage and record a version of it in `project`; return a `Registration`.

        `storage_kwargs` are applied to the storage set on the flow, or make the default one. With
        ``build=False`` what ``f.storage.build()`` made is registered as it is; a flow that changed
        since is refused. `labels` join the environment's.
        """
        from jupyter_flows.capture.functional import functional_findings
        from jupyter_flows.register import register

        self._choose_storage(storage_kwargs)
        findings = functional_findings(self)
        return register(
            self,
            project,
            build=build,
            labels=labels,
            idempotency_key=idempotency_key,
            findings=findings,
            **storage_kwargs,
        )

    def _choose_storage(self, options: dict[str, Any]) -> None:
        """Set the default storage where none is set; options that it takes no part of are refused there."""
        if self.storage is None:
            from jupyter_flows.settings import load_settings

            self.storage = storage_named(load_settings().default_storage, options)

    def visualize(self, state: State | None = None) -> Any:
        """Return the graph as something that notebooks draw; with a run's `state`, coloured by it."""
        from jupyter_flows.widgets.graph import FlowGraph

        return FlowGraph.of(self, state)
