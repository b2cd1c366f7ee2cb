"""What of a flow has no source and so must be pickled: functional tasks and callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cloudpickle

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import FunctionTask
from jupyter_flows.errors import DefinitionError

#: What a flow's functions may carry along; a value beyond it belongs in a file that a task reads.
MAX_BYTES = 50 * 1024 * 1024


def dump(flow: Flow, callbacks: Mapping[str, Callable[..., Any]]) -> bytes:
    """Pickle a flow's functions; raise `DefinitionError` naming what can't be, or is too large."""
    content: dict[str, Any] = {"flow": None if flow.of_cells else flow.plain(), "callbacks": dict(callbacks)}
    if flow.of_cells and flow.handlers:
        content |= {"state_handlers": flow.state_handlers, "on_failure": flow.on_failure}
    try:
        data = bytes(cloudpickle.dumps(content))
    except Exception as error:
        raise DefinitionError(_unpicklable(flow, callbacks, error)) from error
    if len(data) > MAX_BYTES:
        raise DefinitionError(_too_large(flow, callbacks, len(data)))
    return data


def _parts(flow: Flow, callbacks: Mapping[str, Callable[..., Any]]) -> Iterator[tuple[str, Any]]:
    for task in flow.tasks:
        slug = flow.slug(task)
        yield f"task {slug!r}", task.fn if isinstance(task, FunctionTask) else task
        yield from ((f"state handler of task {slug!r}", fn) for fn in task.rules.state_handlers)
        if task.rules.on_failure:
            yield f"on_failure of task {slug!r}", task.rules.on_failure
        yield from ((f"argument {key!r} of task {slug!r}", value) for key, value in flow.constants(task).items())
    yield from ((f"callback {name!r}", fn) for name, fn in callbacks.items())
    yield from ((f"flow's {name}", fn) for name, fn in flow.handlers.items())


def _unpicklable(flow: Flow, callbacks: Mapping[str, Callable[..., Any]], error: Exception) -> str:
    for what, part in _parts(flow, callbacks):
        for name, value in [*_captured(part), (None, part)]:
            reason = _failure(value)
            if reason is not None:
                subject = f"{name!r}, which {what} uses," if name else f"The {what}"
                return f"{subject} can't be packed: {reason}. Make that object inside the task instead."
    return f"Flow {flow.name!r} can't be packed: {error}."


def _failure(value: Any) -> Exception | None:
    try:
        cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - whatever an object's own pickling raises
        return error
    return None


def _too_large(flow: Flow, callbacks: Mapping[str, Callable[..., Any]], size: int) -> str:
    limit = f"a packed flow carries at most {MAX_BYTES // 2**20} MB"
    for what, part in _parts(flow, callbacks):
        for name, value in _captured(part):
            weight = len(cloudpickle.dumps(value))
            if weight > size / 4:
                advice = "Save it to a file and read it inside the task, or make it there"
                return f"The {what} carries along {name!r}, {weight // 2**20} MB, and {limit}. {advice}."
    return f"Flow {flow.name!r} packs to {size // 2**20} MB, and {limit}: read large values inside the tasks."


def _captured(part: Any) -> list[tuple[str | None, Any]]:
    """Return the values that a function takes along, by name, modules not counted."""
    if not inspect.isfunction(part):
        return []
    reached = inspect.getclosurevars(part)
    return [(n, v) for n, v in {**reached.globals, **reached.nonlocals}.items() if not inspect.ismodule(v)]


def load(data: bytes) -> dict[str, Any]:
    """Bring back what `dump` wrote: ``flow`` (None for a flow of cells) and ``callbacks``; runs the pickle's code."""
    content: dict[str, Any] = cloudpickle.loads(data)
    return content
