"""What every environment does: hold labels and callbacks, and run a flow between the two."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.labels import normalize
from jupyter_flows.core.state import State, StateName
from jupyter_flows.engine.context import process_run
from jupyter_flows.engine.executors.base import Executor, executor_from, load_class
from jupyter_flows.engine.flow_runner import FlowRunner, run_callback
from jupyter_flows.errors import EnvironmentOptionError, listed

Callback = Callable[[], Any]

_PUBLIC = "jupyter_flows.environments"


class Environment:
    """How a flow runs: an executor, labels that say which agents may take it, and callbacks around the run.

    `executor` is an object or an import path, the latter with `executor_kwargs`. `on_start` and
    `on_exit` are called without arguments in the run's main process: before the flow starts, and
    after it finished, failed and cancelled runs included, also when `on_start` failed. An environment
    of your own writes `setup`, or `run_flow`, or both.
    """

    def __init__(  # noqa: PLR0917 - the field's signature
        self,
        executor: Executor | str | None = None,
        executor_kwargs: Mapping[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callback | None = None,
        on_exit: Callback | None = None,
        metadata: Mapping[str, Any] | None = None,
    ):
        self.executor = executor_from(executor, executor_kwargs)
        self.labels = normalize(labels)
        self.on_start, self.on_exit = _callback("on_start", on_start), _callback("on_exit", on_exit)
        self.metadata = _json_object("metadata", metadata)

    # -- an environment of one's own writes these ---------------------------------------------------

    def setup(self, flow: Flow) -> None:
        """Ready what the run needs; here nothing."""

    def run_flow(self, flow: Flow) -> State:
        """Run the flow's tasks and return its state."""
        run = process_run()
        return FlowRunner(flow, executor=self.executor).run(run.parameters if run else {})

    # -- policy -------------------------------------------------------------------------------------

    def execute(self, flow: Flow) -> State:
        """Call `on_start`, run the flow, call `on_exit` whatever happened, and return the flow's state."""
        failed = run_callback("on_start", self.on_start)
        try:
            state = State(StateName.FAILED, failed) if failed else self.run_flow(flow)
        finally:
            late = run_callback("on_exit", self.on_exit)
        if late and state.is_successful():
            return State(StateName.FAILED, f"every task succeeded, then {late}", state.result)
        return state

    def callbacks(self) -> dict[str, Callback]:
        """Return the callbacks that are set, by name; they travel pickled, apart from `to_json`."""
        both = {"on_start": self.on_start, "on_exit": self.on_exit}
        return {name: fn for name, fn in both.items() if fn is not None}

    def options(self) -> dict[str, Any]:
        """Return the options other than callbacks, as JSON values."""
        executor = self.executor.to_json()
        return {
            "executor": executor["class"],
            "executor_kwargs": executor["options"],
            "labels": list(self.labels),
            "metadata": dict(self.metadata),
        }

    def to_json(self) -> dict[str, Any]:
        """Return class path and options; raise `EnvironmentOptionError` for what JSON can't carry."""
        cls = type(self)
        if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
            raise EnvironmentOptionError(
                f"Environment {cls.__name__!r} is defined in the notebook, which its run can't import: put it "
                "in a module."
            )
        ours = cls.__module__.startswith(_PUBLIC + ".")
        return {"class": f"{_PUBLIC if ours else cls.__module__}.{cls.__qualname__}", "options": self.options()}

    def __repr__(self) -> str:
        shown = {"executor": self.executor, "labels": list(self.labels), **self.callbacks()}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items() if v)})"


def _callback(name: str, fn: Callback | None) -> Callback | None:
    if fn is not None and not callable(fn):
        raise EnvironmentOptionError(f"{name} is a function without arguments, not {fn!r}.")
    return fn


def _json_object(name: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        json.dumps(dict(value or {}))
    except (TypeError, ValueError) as error:
        raise EnvironmentOptionError(f"{name} is a dict of JSON values: {error}.") from None
    return dict(value or {})


def environment_from_json(data: Mapping[str, Any], callbacks: Mapping[str, Callback] | None = None) -> Environment:
    """Make the environment that `Environment.to_json` described, with its callbacks."""
    cls = load_class(str(data["class"]), "Environment")
    if not (isinstance(cls, type) and issubclass(cls, Environment)):
        raise EnvironmentOptionError(f"{data['class']!r} is no environment.")
    options: dict[str, Any] = {**data["options"], **(callbacks or {})}
    known = list(inspect.signature(cls).parameters)
    unknown = set(options) - set(known)
    if unknown:
        raise EnvironmentOptionError(f"{cls.__name__} takes no {listed(unknown)}; it takes {listed(known)}.")
    return cls(**options)
