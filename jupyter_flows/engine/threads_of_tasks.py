"""Threads that a task's code starts: what they write and ask is the task's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from functools import update_wrapper
from typing import Any, ParamSpec, TypeVar

from jupyter_flows.engine.context import current_index, current_number, current_place, current_try

P = ParamSpec("P")
T = TypeVar("T")


def follow_threads(*more: ContextVar[Any]) -> None:
    """Give threads that start from now, and what pools of threads are given to do, the task that they come from.

    Before Python 3.14 a thread starts with an empty context; other variables stay empty, as they are anywhere.
    `more` are variables that say further whose a thread is.
    """
    if getattr(threading.Thread.start, "of_tasks", False):
        return
    carried: tuple[ContextVar[Any], ...] = (current_place, current_number, current_index, current_try, *more)
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def start_of_task(self: threading.Thread) -> None:
        if current_place.get() is not None:
            run = _belonging(self.run, carried)

            def run_once() -> None:
                vars(self).pop("run", None)  # Else the thread would hold itself.
                run()

            # The thread's own attribute stands before its class's, whatever `run` a subclass has.
            self.run = run_once  # type: ignore[method-assign]
        start(self)

    def submit_of_task(self: ThreadPoolExecutor, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return submit(self, _belonging(fn, carried) if current_place.get() is not None else fn, *args, **kwargs)

    update_wrapper(start_of_task, start)
    submit_of_task.__doc__ = submit.__doc__
    start_of_task.of_tasks = True  # type: ignore[attr-defined]
    threading.Thread.start = start_of_task  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = submit_of_task  # type: ignore[method-assign, assignment]


def _belonging(function: Callable[P, T], carried: tuple[ContextVar[Any], ...]) -> Callable[P, T]:
    """Return the function, called with these variables as they are here and now."""
    values = [(variable, variable.get()) for variable in carried]

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        tokens = [(variable, variable.set(value)) for variable, value in values]
        try:
            return function(*args, **kwargs)
        finally:
            for variable, token in tokens:
                variable.reset(token)

    return call
