"""Tell people's functions of a state that a task or a flow is about to enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_flows.core.rules import OnFailure, StateHandler
from jupyter_flows.core.state import State, StateName, check_transition
from jupyter_flows.engine.failure import summary
from jupyter_flows.errors import TransitionError


def tell(who: Any, handlers: Sequence[StateHandler], on_failure: OnFailure | None, old: State, new: State) -> State:
    """Call the handlers one after the other, each with what the one before made of `new`; return what is entered.

    One that raises, or returns what can't follow, makes it Failed, with a message that names the handler.
    """
    for handler in handlers:
        new = _heard(who, handler, old, new)
    if on_failure is not None and new.is_failed():
        try:
            on_failure(who, new)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a person's function may raise anything
            message = f"{new.message}; then on_failure {_name(on_failure)} raised {summary(error)}"
            return State(new.name, message.removeprefix("; then "), new.result)
    return new


def _heard(who: Any, handler: StateHandler, old: State, new: State) -> State:
    name = _name(handler)
    try:
        given = handler(who, old, new)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a person's function may raise anything
        return State(StateName.FAILED, f"state handler {name} raised {summary(error)}", error)
    if given is None or given is new:
        return new
    if not isinstance(given, State):
        return State(
            StateName.FAILED, f"state handler {name} returned {type(given).__name__}: return a State or nothing"
        )
    try:
        if given.name is not new.name:
            check_transition(f"state handler {name}: a task or flow", old.name, given.name)
    except TransitionError as error:
        return State(StateName.FAILED, str(error), error)
    return given


def _name(function: Any) -> str:
    return repr(getattr(function, "__name__", None) or type(function).__name__)
