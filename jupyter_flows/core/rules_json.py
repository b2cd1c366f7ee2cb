"""A task's rules in ``flow.json``: only what is not usual, so that flows without any stay the version they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_flows.core.rules import USUAL, Rules, checked_rules


def rules_json(rules: Rules) -> dict[str, Any]:
    """Describe rules by name; functions by what they mean."""
    if rules is USUAL:
        return {}
    from jupyter_flows.core.meaning import function_meaning  # A run reads rules, and starts sooner without.

    told = {
        "trigger": str(rules.trigger),
        "skip_on_upstream_skip": rules.skip_on_upstream_skip,
        "retry_on": [
            kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}" for kind in rules.retry_on
        ],
        "retry_jitter_factor": rules.retry_jitter_factor,
        "state_handlers": [function_meaning(fn).text for fn in rules.state_handlers],
        "on_failure": rules.on_failure and function_meaning(rules.on_failure).text,
        "cache_for": rules.cache_for,
        "cache_validator": rules.cache_validator and function_meaning(rules.cache_validator).text,
        "cache_key": rules.cache_key,
        "target": function_meaning(rules.target).text if callable(rules.target) else rules.target,
        "result": rules.result and repr(rules.result),
        "checkpoint": rules.checkpoint,
    }
    return {name: value for name, value in told.items() if value != _USUAL[name]}


#: What the usual rules would be written as.
_USUAL: Mapping[str, Any] = {
    "trigger": str(USUAL.trigger),
    "skip_on_upstream_skip": True,
    "retry_on": [],
    "retry_jitter_factor": 0.0,
    "state_handlers": [],
    "on_failure": None,
    "cache_for": None,
    "cache_validator": None,
    "cache_key": None,
    "target": None,
    "result": None,
    "checkpoint": None,
}


def cell_rules(task: Mapping[str, Any]) -> Rules:
    """Return the rules of a cell in a flow.json; cells have no handlers."""
    given = {name: task[name] for name in _USUAL if name in task}
    return checked_rules(**given) if given else USUAL
