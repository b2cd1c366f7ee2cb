"""Rules: when a task runs, when it runs again, and who hears of its states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jupyter_flows.core.triggers import Trigger, all_successful, trigger_from
from jupyter_flows.errors import DefinitionError

Delay = float | timedelta
#: Called with the task or flow, its old state and the new one; may return another new one.
StateHandler = Callable[[Any, Any, Any], Any]
#: Called with the task or flow and the state it failed with.
OnFailure = Callable[[Any, Any], Any]
#: Exception types, or their names, with the module or without.
RetryOn = tuple[type[BaseException] | str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a task asks for beyond tries, delays and a time limit."""

    trigger: Trigger = all_successful
    skip_on_upstream_skip: bool = True
    #: What a task is tried again after; empty for any exception.
    retry_on: RetryOn = ()
    #: A delay is longer by up to this share of it, at random.
    retry_jitter_factor: float = 0.0
    state_handlers: tuple[StateHandler, ...] = ()
    on_failure: OnFailure | None = None
    #: How long a cached result may be used, in seconds; None for ever, where caching is asked for otherwise.
    cache_for: float | None = None
    #: Says whether a cached result may be used, as the functions of `engine.cache_validators` do.
    cache_validator: Callable[..., bool] | None = None
    #: The name that tasks share a cache by; by default each task's code has its own.
    cache_key: str | None = None
    #: Where the result is kept and looked for: a template such as ``{flow_name}/{today}``, or a function.
    target: str | Callable[..., str] | None = None
    #: The `Result` that keeps it; by default the flow's.
    result: Any = None
    #: Whether it is kept; None for where it is asked for.
    checkpoint: bool | None = None

    @property
    def is_cached(self) -> bool:
        """Whether an earlier result is looked for by key."""
        return self.cache_for is not None or self.cache_validator is not None or self.cache_key is not None

    @property
    def is_stored(self) -> bool:
        """Whether the result is looked for, or kept, at all."""
        return self.is_cached or self.target is not None or self.result is not None or bool(self.checkpoint)

    @property
    def are_heard(self) -> bool:
        """Whether anybody is told of states."""
        return bool(self.state_handlers) or self.on_failure is not None

    def allow_retry(self, error: BaseException) -> bool:
        """Tell whether a task is tried again after this error."""
        return not self.retry_on or any(_is(type(error), kind) for kind in self.retry_on)


#: What a task without such options has.
USUAL = Rules()


def _is(error: type[BaseException], kind: type[BaseException] | str) -> bool:
    if isinstance(kind, str):
        return any(kind in (c.__qualname__, f"{c.__module__}.{c.__qualname__}") for c in error.__mro__)
    return issubclass(error, kind)


def checked_rules(
    *,
    trigger: Any = all_successful,
    skip_on_upstream_skip: Any = True,
    retry_on: Any = (),
    retry_jitter_factor: Any = 0.0,
    state_handlers: Any = (),
    on_failure: Any = None,
    **storing: Any,
) -> Rules:
    """Return the rules that options ask for; raise `DefinitionError` naming the one that can't be."""
    if not isinstance(skip_on_upstream_skip, bool):
        raise DefinitionError(f"skip_on_upstream_skip is True or False, not {skip_on_upstream_skip!r}.")
    if (
        isinstance(retry_jitter_factor, bool)
        or not isinstance(retry_jitter_factor, int | float)
        or not (0 <= retry_jitter_factor < float("inf"))
    ):
        raise DefinitionError(f"retry_jitter_factor is a number from 0, such as 0.5, not {retry_jitter_factor!r}.")
    return Rules(
        trigger_from(trigger),
        skip_on_upstream_skip,
        _errors(retry_on),
        float(retry_jitter_factor),
        checked_handlers(state_handlers),
        checked_callback(on_failure),
        **checked_storing(**storing),
    )


def checked_storing(
    *,
    cache_for: Any = None,
    cache_validator: Any = None,
    cache_key: Any = None,
    target: Any = None,
    result: Any = None,
    checkpoint: Any = None,
) -> dict[str, Any]:
    """Return the options that say how a result is kept; raise `DefinitionError` naming the one that can't be."""
    if cache_validator is not None and not callable(cache_validator):
        raise DefinitionError(
            f"cache_validator is a function such as cache_validators.all_inputs, not {cache_validator!r}."
        )
    if cache_key is not None and (not isinstance(cache_key, str) or not cache_key):
        raise DefinitionError(f"cache_key is a text of at least one character, not {cache_key!r}.")
    if target is not None and not callable(target) and (not isinstance(target, str) or not target):
        raise DefinitionError(f"target is a template such as '{{flow_name}}/{{today}}', not {target!r}.")
    if checkpoint not in (None, True, False):
        raise DefinitionError(f"checkpoint is True or False, not {checkpoint!r}.")
    return {
        "cache_for": seconds_of("cache_for", cache_for),
        "cache_validator": cache_validator,
        "cache_key": cache_key,
        "target": target,
        "result": checked_result(result),
        "checkpoint": checkpoint,
    }


def checked_result(result: Any) -> Any:
    """Return a place for results; raise `DefinitionError` for what is none."""
    if result is not None and not all(callable(getattr(result, name, None)) for name in ("exists", "read", "write")):
        raise DefinitionError(f"result is a Result such as LocalResult('results'), not {result!r}.")
    return result


def _errors(given: Any) -> RetryOn:
    kinds = () if given is None else tuple(given) if isinstance(given, list | tuple | set | frozenset) else (given,)
    for kind in kinds:
        of_type = isinstance(kind, type) and issubclass(kind, BaseException)
        if not of_type and not (isinstance(kind, str) and kind.replace(".", "_").isidentifier()):
            raise DefinitionError(f"retry_on takes exception types such as ConnectionError, not {kind!r}.")
    return kinds


def checked_handlers(given: Iterable[Any] | None) -> tuple[StateHandler, ...]:
    """Return state handlers; raise `DefinitionError` for one that can't be called."""
    handlers = (given,) if callable(given) else tuple(given or ())
    for handler in handlers:
        if not callable(handler):
            raise DefinitionError(f"A state handler is a function of task, old state and new state, not {handler!r}.")
    return handlers


def checked_callback(given: Any) -> OnFailure | None:
    """Return `on_failure`; raise `DefinitionError` when it can't be called."""
    if given is not None and not callable(given):
        raise DefinitionError(f"on_failure is a function of task and state, not {given!r}.")
    found: OnFailure | None = given
    return found


def seconds_of(what: str, value: Delay | None) -> float | None:
    """Return a time in seconds; raise `DefinitionError` for anything that is none."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0):
        raise DefinitionError(f"{what} is a number of seconds or a timedelta, not {value!r}.")
    return None if seconds is None else float(seconds)


def delays_of(value: Delay | Sequence[Delay] | None) -> float | tuple[float, ...]:
    """Return a delay in seconds, or one for each try of which the last repeats."""
    if isinstance(value, list | tuple):
        if not value:
            raise DefinitionError("retry_delay is a number of seconds, a timedelta or a list of at least one of them.")
        return tuple(seconds_of("retry_delay", v) or 0.0 for v in value)
    return seconds_of("retry_delay", value) or 0.0  # type: ignore[arg-type] # a sequence that is no list is refused


def delay_before(delays: float | tuple[float, ...], retry: int) -> float:
    """Return the seconds before the `retry`-th further try, counted from 1."""
    return delays[min(retry, len(delays)) - 1] if isinstance(delays, tuple) else delays
