# ruff: noqa: SLF001 -- what replaces parts of `warnings` keeps to their insides
"""Warnings of cells that run at once: filtered by each cell's own filters, shown where a run from top to bottom would.

Python keeps one list of filters for all threads, and shows most warnings once for each place in a library. So, from
the first cell on that runs on a worker thread, every warning comes here: what a cell sets inside ``catch_warnings`` is
its own, and a cell whose warning another may have shown before it waits until all cells above it have ended.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from jupyter_flows.engine.context import current_number, current_turn, on_worker

#: Where a module's registry of warnings keeps those shown since we look after it.
_SHOWN = "jupyter_flows"
#: Python itself keeps filters apart from 3.14 on, in another way than what is replaced here.
SUPPORTED = sys.version_info < (3, 14)

Filter = tuple[str, Any, type[Warning], Any, int]
Key = tuple[str, type[Warning], int]


@dataclass(slots=True)
class _Scope:
    """What holds inside one ``catch_warnings``, or outside of all."""

    filters: list[Filter]
    log: list[Any] | None = None


@dataclass(slots=True)
class _Cell:
    """What one run of a cell has done about warnings."""

    number: int = -1
    #: Warnings that its own code and other notebook code has shown: forgotten at a cell's start.
    shown: set[Key] = field(default_factory=set)
    #: Whether it has changed filters, after which Python forgets what has been shown.
    changed: bool = False


_scope: ContextVar[_Scope | None] = ContextVar("jupyter_flows.warning_filters", default=None)
_cell: ContextVar[_Cell | None] = ContextVar("jupyter_flows.warned_cell", default=None)


class Warned:
    """Stands between the ``warnings`` module and its users, once installed."""

    def __init__(self, main: Mapping[str, Any]):
        self._main = main
        self._home, self._home_cell = _Scope([]), _Cell()
        self._between: list[Filter] = []
        #: Counts how often what has been shown was forgotten.
        self._era = 0
        #: Cells that ended after they had changed filters, of which no warning has taken note yet.
        self._changed: set[int] = set()
        self._before: dict[str, Any] = {}
        self.installed = False

    def install(self) -> None:
        """Take over; on the main thread, between cells."""
        if self.installed:
            return
        self.installed = True
        self._home, self._between = _Scope([*warnings.filters]), [*warnings.filters]  # type: ignore[list-item] # narrower than it says
        self._adopt_shown()
        names = ("filters", "_showwarnmsg", "_add_filter", "resetwarnings")
        self._before = {name: getattr(warnings, name) for name in names}
        self._before["enter"] = warnings.catch_warnings.__enter__
        self._before["exit"] = warnings.catch_warnings.__exit__
        vars(warnings).update(
            filters=[("always", None, Warning, None, 0)],
            _showwarnmsg=self._decide,
            _add_filter=self._add_filter,
            resetwarnings=self._reset,
        )
        warnings.catch_warnings.__enter__, warnings.catch_warnings.__exit__ = self._catching()  # type: ignore[method-assign]

    def remove(self) -> None:
        """Give everything back."""
        if self.installed:
            self.installed = False
            warnings.catch_warnings.__enter__ = self._before.pop("enter")  # type: ignore[method-assign]
            warnings.catch_warnings.__exit__ = self._before.pop("exit")  # type: ignore[method-assign]
            vars(warnings).update(self._before, filters=self._home.filters)
            warnings._filters_mutated()  # type: ignore[attr-defined] # as who changes filters must

    @contextmanager
    def cell(self) -> Iterator[None]:
        """Run a cell inside."""
        cell = _Cell(current_number.get())
        if on_worker.get():
            _cell.set(cell)
            _scope.set(_Scope(list(self._between)))
        else:
            self._home_cell = cell
        try:
            yield
        finally:
            if cell.changed:
                self._changed.add(cell.number)
            if not on_worker.get():
                self._between = list(self._home.filters)

    # -- one warning ----------------------------------------------------------------------------------

    def _decide(self, message: Any) -> None:
        """Do with a warning what the calling code's filters say."""
        text, category, line = str(message.message), message.category, message.lineno
        scope, names = self._scope(), _globals_at(message.filename, line)
        module = str(names.get("__name__") or "<string>") if names is not None else message.filename
        action = _action(scope.filters, text, category, module, line)
        if action == "ignore":
            return
        if action == "error":
            raise message.message
        if action != "always" and names is not None and not self._first(action, (text, category, line), names):
            return
        if scope.log is None:
            self._before["_showwarnmsg"](message)
        else:
            scope.log.append(message)

    def _first(self, action: str, key: Key, names: Any) -> bool:
        """Tell whether a warning is to be shown, being the first of its kind at its place; note that it is."""
        cell = _cell.get() or self._home_cell
        shown = cell.shown if names is self._main else self._shown_above(cell, names)
        # "once", too, is once for each module: so it is in CPython, whatever its documentation says.
        key = key if action == "default" else (*key[:2], 0)
        if key in shown:
            return False
        shown.add(key)
        return True

    def _shown_above(self, cell: _Cell, names: Any) -> set[Key]:
        """Return what has been shown at a place, once all cells above have ended."""
        turn = current_turn.get()
        if turn is not None:
            turn()
        if cell.changed or any(number < cell.number for number in self._changed):
            cell.changed = False
            self._changed = {number for number in self._changed if number > cell.number}
            self._era += 1
        registry = names.setdefault("__warningregistry__", {})
        era, shown = registry.get(_SHOWN, (-1, None))
        if era != self._era:
            shown = set()
            registry[_SHOWN] = self._era, shown
        return shown  # type: ignore[no-any-return] # what we put there

    def _adopt_shown(self) -> None:
        """Take over what Python has noted as shown, as far as it holds it for true."""
        current = _version()
        for module in list(sys.modules.values()):
            registry = getattr(module, "__warningregistry__", None)
            if isinstance(registry, dict) and registry.get("version") == current:
                registry[_SHOWN] = self._era, {key for key in list(registry) if isinstance(key, tuple)}

    # -- filters --------------------------------------------------------------------------------------

    def _scope(self) -> _Scope:
        return _scope.get() or self._home

    def _enter_scope(self, scope: _Scope) -> None:
        if on_worker.get():
            _scope.set(scope)
        else:
            self._home = scope
        self._note_change()

    def _note_change(self) -> None:
        (_cell.get() or self._home_cell).changed = True

    def _add_filter(self, *item: Any, append: bool) -> None:
        filters: list[Any] = self._scope().filters
        if append:
            if item not in filters:
                filters.append(item)
        else:
            if item in filters:
                filters.remove(item)
            filters.insert(0, item)
        self._note_change()

    def _reset(self) -> None:
        """Clear the list of warning filters, so that no filters are active."""
        self._scope().filters.clear()
        self._note_change()

    def _catching(self) -> tuple[Any, Any]:
        """Return what enters and leaves a ``catch_warnings``, of which each thread of ours has its own."""
        enter_before, leave_before = self._before["enter"], self._before["exit"]

        def enter(manager: Any) -> Any:
            if manager._module is not warnings:
                return enter_before(manager)
            if manager._entered:
                raise RuntimeError(f"Cannot enter {manager!r} twice")
            manager._entered = True
            manager._outer, manager._showwarning = self._scope(), warnings.showwarning
            log: list[Any] | None = [] if manager._record else None
            self._enter_scope(_Scope(list(manager._outer.filters), manager._outer.log if log is None else log))
            if manager._filter is not None:
                warnings.simplefilter(*manager._filter)
            return log

        def leave(manager: Any, *error: object) -> None:
            if manager._module is not warnings:
                leave_before(manager, *error)
                return
            if not manager._entered:
                raise RuntimeError(f"Cannot exit {manager!r} without entering first")
            self._enter_scope(manager._outer)
            if not on_worker.get():
                warnings.showwarning = manager._showwarning

        return enter, leave


def without_hook(error: BaseException) -> None:
    """Take our own frames off the end of the traceback of a warning that a filter made an error."""
    step = error.__traceback__
    while step is not None:
        if step.tb_next is not None and step.tb_next.tb_frame.f_code.co_filename == __file__:
            step.tb_next = None
        step = step.tb_next


def _version() -> Any:
    """Return what Python marks the registries with that hold since filters changed last; change nothing."""
    registry: dict[Any, Any] = {}
    before = warnings.filters
    vars(warnings)["filters"] = [("ignore", None, Warning, None, 0)]
    try:
        warnings.warn_explicit("", UserWarning, "", 1, registry=registry)
    finally:
        vars(warnings)["filters"] = before
    return registry.get("version")


def _action(filters: list[Filter], text: str, category: type[Warning], module: str, line: int) -> str:
    for action, message, kind, where, number in filters:
        if issubclass(category, kind) and (number in (0, line)) and _matches(message, text) and _matches(where, module):
            return action
    return str(vars(warnings)["defaultaction"])


def _matches(pattern: Any, text: str) -> bool:
    return pattern is None or (pattern == text if isinstance(pattern, str) else pattern.match(text) is not None)


def _globals_at(filename: str, line: int) -> dict[str, Any] | None:
    """Return the globals of the code that a warning is about, None if that runs no more: it was only compiled."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_lineno == line and frame.f_code.co_filename == filename:
            return frame.f_globals
        frame = frame.f_back
    return None
