"""What an executor is, and how one is named in text and JSON."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, Self

from jupyter_flows.errors import EnvironmentOptionError


class Work(Protocol):
    """The tasks of one run, by number, as an executor sees them."""

    #: Every task once, each after all it waits for.
    order: Sequence[int]
    #: For each task those it waits for, and those that wait for it.
    upstream: Sequence[Sequence[int]]
    downstream: Sequence[Sequence[int]]
    #: Tasks that may run on another thread than the one that executes, once `may_leave` agrees.
    portable: AbstractSet[int]

    def run(self, number: int) -> None:
        """Run one task to its end, retries included, on this thread; record its state, raise nothing.

        A task whose upstream failed, or that comes after a cancel, only has that recorded.
        """

    def may_leave(self, number: int) -> bool:
        """Tell whether a portable task, all it waits for having ended, may run on another thread."""

    def give_up(self, number: int) -> bool:
        """Tell whether to wait no longer for a task on another thread, because the run was cancelled."""


class Executor:
    """Calls ``work.run(n)`` for every task, once, after all that the task waits for; returns when all have.

    An executor writes `execute`. Its options are its ``__init__`` arguments; they are JSON values, so
    that a registered flow can name it: class path and options.
    """

    _options: Mapping[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Remember the options, whatever ``__init__`` does with them."""
        executor = super().__new__(cls)
        if cls.__init__ is object.__init__:
            if args or kwargs:
                given = ", ".join([*map(repr, args), *map(repr, kwargs)])
                raise EnvironmentOptionError(f"{cls.__name__} takes no options, so not {given}.")
            executor._options = {}
            return executor
        try:
            bound = inspect.signature(cls.__init__).bind(executor, *args, **kwargs)
        except TypeError as error:
            raise EnvironmentOptionError(f"{cls.__name__}: {error}.") from None
        executor._options = dict(list(bound.arguments.items())[1:])
        return executor

    def execute(self, work: Work) -> None:
        """Run every task of `work`."""
        raise NotImplementedError(f"{type(self).__name__} has no execute(work): write one.")

    def to_json(self) -> dict[str, Any]:
        """Return class path and options; raise `EnvironmentOptionError` when another process can't make it."""
        cls = type(self)
        path = class_path(cls)
        if cls.__module__ == "__main__" or "<locals>" in path:
            raise EnvironmentOptionError(
                f"Executor {cls.__name__!r} is defined in the notebook, which its run can't import: put it in a module."
            )
        options = _flat(self._options)
        try:
            json.dumps(options)
        except (TypeError, ValueError) as error:
            raise EnvironmentOptionError(f"{cls.__name__}'s options must be JSON values: {error}.") from None
        return {"class": path, "options": options}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in _flat(self._options).items())})"


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: value for name, value in options.items() if name != "kwargs"}
    return named | dict(options.get("kwargs", {}))


_PUBLIC = "jupyter_flows.engine.executors"


def class_path(cls: type) -> str:
    """Return the path under which people import a class: ours by its room, others by their module."""
    room = _PUBLIC if cls.__module__.startswith(_PUBLIC + ".") else cls.__module__
    return f"{room}.{cls.__qualname__}"


def load_class(path: str, what: str) -> Any:
    """Import what a dotted path names; raise `EnvironmentOptionError` saying what is wrong with it."""
    module, dot, name = path.rpartition(".")
    if not dot:
        raise EnvironmentOptionError(
            f"{what} {path!r} is no import path: write it like {_PUBLIC + '.LocalExecutor'!r}."
        )
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise EnvironmentOptionError(f"{what} {path!r} can't be imported: {error}") from None
    except AttributeError:
        raise EnvironmentOptionError(f"{what} {path!r} does not exist: module {module!r} has no {name!r}.") from None


def executor_from(executor: Any = None, kwargs: Mapping[str, Any] | None = None) -> Executor:
    """Return the executor that is meant: an object, its import path or class, or None for the local one."""
    if isinstance(executor, Executor):
        if kwargs:
            raise EnvironmentOptionError(
                f"executor_kwargs {dict(kwargs)!r} come with an executor's import path; {executor!r} is made already."
            )
        return executor
    path = f"{_PUBLIC}.LocalExecutor" if executor is None else executor
    cls = load_class(path, "Executor") if isinstance(path, str) else path
    if not (isinstance(cls, type) and issubclass(cls, Executor)):
        raise EnvironmentOptionError(f"executor is an Executor such as LocalExecutor() or its path, not {executor!r}.")
    return cls(**(kwargs or {}))


def executor_from_json(data: Mapping[str, Any] | None) -> Executor:
    """Return the executor that `Executor.to_json` described."""
    return executor_from(data["class"], data["options"]) if data else executor_from()
