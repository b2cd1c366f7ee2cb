"""Triggers: whether a task runs, by how the tasks it waits for ended."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from jupyter_flows.core.state import FAILED, SUCCESSFUL, StateName
from jupyter_flows.errors import DefinitionError

Amount = int | float


class Verdict(Enum):
    """What a trigger says of a task whose upstream tasks have all finished."""

    RUN = "run"
    FAIL = "fail"
    SKIP = "skip"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One rule; the ones there are have names in this module.

    Skipped and Cached count as successes, TimedOut and TriggerFailed as failures. A task that waits for
    nothing runs, whatever its trigger, except `manual_only`.
    """

    name: str
    #: Bounds of ``some_...``: a number of tasks, or below 1 a share of them.
    at_least: Amount | None = None
    at_most: Amount | None = None

    def decide(self, upstream: Collection[StateName]) -> Verdict:
        """Return what becomes of a task, from the states of those it waits for."""
        if self.name == "manual_only":
            return Verdict.PAUSE
        if not upstream:
            return Verdict.RUN
        if self.name == "not_all_skipped" and all(s is StateName.SKIPPED for s in upstream):
            return Verdict.SKIP
        good, bad = sum(s in SUCCESSFUL for s in upstream), sum(s in FAILED for s in upstream)
        return Verdict.RUN if self._holds(len(upstream), good, bad) else Verdict.FAIL

    def _holds(self, size: int, good: int, bad: int) -> bool:
        simple = {
            "all_successful": good == size,
            "not_all_skipped": good == size,
            "all_failed": bad == size,
            "any_successful": good > 0,
            "any_failed": bad > 0,
            "all_finished": True,
        }
        if self.name in simple:
            return simple[self.name]
        number = good if self.name == "some_successful" else bad
        least = 0 if self.at_least is None else _number(self.at_least, size)
        most = size if self.at_most is None else _number(self.at_most, size)
        return least <= number <= most

    def __str__(self) -> str:
        """Write it as `trigger_from` reads it: ``some_failed(at_least=2)``."""
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        given = ", ".join(f"{name}={value}" for name, value in bounds.items() if value is not None)
        return f"{self.name}({given})" if given else self.name

    def __repr__(self) -> str:
        return str(self)


def _number(amount: Amount, size: int) -> float:
    return amount * size if amount < 1 else amount


all_successful = Trigger("all_successful")
all_failed = Trigger("all_failed")
any_successful = Trigger("any_successful")
any_failed = Trigger("any_failed")
all_finished = Trigger("all_finished")
#: The same under the field's other name.
always_run = all_finished
not_all_skipped = Trigger("not_all_skipped")
manual_only = Trigger("manual_only")


def some_successful(at_least: Amount | None = None, at_most: Amount | None = None) -> Trigger:
    """Run if so many upstream tasks succeeded: numbers of tasks, or below 1 shares of them."""
    return _some("some_successful", at_least, at_most)


def some_failed(at_least: Amount | None = None, at_most: Amount | None = None) -> Trigger:
    """Run if so many upstream tasks failed: numbers of tasks, or below 1 shares of them."""
    return _some("some_failed", at_least, at_most)


def _some(name: str, at_least: Any, at_most: Any) -> Trigger:
    for word, value in (("at_least", at_least), ("at_most", at_most)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            raise DefinitionError(f"{name}'s {word} is a number of tasks, or below 1 a share of them, not {value!r}.")
    if at_least is None and at_most is None:
        raise DefinitionError(f"{name} takes at_least, at_most or both.")
    return Trigger(name, at_least, at_most)


_PLAIN: Mapping[str, Trigger] = {
    t.name: t
    for t in (all_successful, all_failed, any_successful, any_failed, all_finished, not_all_skipped, manual_only)
} | {"always_run": always_run}
_SOME = {"some_successful": some_successful, "some_failed": some_failed}
_CALL = re.compile(r"(?P<name>some_\w+)\((?P<bounds>[^()]*)\)")
_BOUND = re.compile(r"\s*(at_least|at_most)\s*=\s*(\d+(?:\.\d+)?|\.\d+)\s*")


def trigger_from(value: Any) -> Trigger:
    """Return the trigger that is meant, by itself or by its text; raise `DefinitionError` naming those there are.

    >>> trigger_from("any_failed"), trigger_from("some_failed(at_least=0.5)")
    (any_failed, some_failed(at_least=0.5))
    """
    if isinstance(value, Trigger):
        return value
    if isinstance(value, str):
        if value in _PLAIN:
            return _PLAIN[value]
        match = _CALL.fullmatch(value)
        bounds = [_BOUND.fullmatch(b) for b in match["bounds"].split(",")] if match else []
        if match and match["name"] in _SOME and all(bounds):
            return _SOME[match["name"]](**{b[1]: _amount(b[2]) for b in bounds if b})
    known = ", ".join([*_PLAIN, *(f"{name}(at_least=, at_most=)" for name in _SOME)])
    raise DefinitionError(f"A trigger is one of {known}, not {value!r}.")


def _amount(text: str) -> Amount:
    return float(text) if "." in text else int(text)
