"""Decide what becomes of a task once all that it waits for has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from jupyter_flows.core.rules import Rules
from jupyter_flows.core.state import SUCCESSFUL, State, StateName
from jupyter_flows.core.triggers import Verdict, all_successful

#: Upstream tasks that a message names.
MOST_NAMED = 10
_WAITING = frozenset({StateName.PAUSED, StateName.PENDING})


def verdict(rules: Rules, upstream: Mapping[str, StateName], *, resumed: bool = False) -> State | None:
    """Return the state that a task enters without running, None if it runs; `upstream` is by slug.

    Pending is the state of a task that waits for a paused one: it may run when the flow is resumed.
    """
    states = upstream.values()
    if not _WAITING.isdisjoint(states):
        return State(StateName.PENDING)
    if rules.skip_on_upstream_skip and StateName.SKIPPED in states:
        skipped = [slug for slug, state in upstream.items() if state is StateName.SKIPPED]
        return State(StateName.SKIPPED, f"it waits for {_listed(skipped)}, which {_was(skipped)} skipped")
    said = Verdict.RUN if resumed else rules.trigger.decide(states)
    if said is Verdict.FAIL:
        return State(StateName.TRIGGER_FAILED, _why(rules, upstream))
    if said is Verdict.SKIP:
        return State(StateName.SKIPPED, f"it waits for {_listed(list(upstream))}, all of them skipped")
    if said is Verdict.PAUSE:
        return State(StateName.PAUSED, f"its trigger is {rules.trigger}: it waits for a person")
    return None


def _why(rules: Rules, upstream: Mapping[str, StateName]) -> str:
    if rules.trigger == all_successful:
        bad = [slug for slug, state in upstream.items() if state not in SUCCESSFUL]
        return f"it waits for {_listed(bad)}, which did not succeed"
    counts = Counter(state.value for state in upstream.values())
    found = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    return f"its trigger {rules.trigger} does not hold: {found}"


def _listed(slugs: list[str]) -> str:
    named = ", ".join(map(repr, slugs[:MOST_NAMED]))
    return named if len(slugs) <= MOST_NAMED else f"{named} and {len(slugs) - MOST_NAMED} more"


def _was(slugs: list[str]) -> str:
    return "was" if len(slugs) == 1 else "were"
