"""What each trigger decides."""

from __future__ import annotations

import pickle

import pytest

from jupyter_flows import triggers
from jupyter_flows.core.state import StateName
from jupyter_flows.core.triggers import Trigger, Verdict, trigger_from
from jupyter_flows.errors import DefinitionError

S, F, K = StateName.SUCCESS, StateName.FAILED, StateName.SKIPPED
T, X, C = StateName.TRIGGER_FAILED, StateName.TIMED_OUT, StateName.CACHED
RUN, FAIL, SKIP, PAUSE = Verdict.RUN, Verdict.FAIL, Verdict.SKIP, Verdict.PAUSE

#: Upstream states, then what each trigger makes of them.
UPSTREAM = [(), (S,), (F,), (K,), (S, F), (S, K), (F, K), (T, X), (C, C), (K, K), (S, F, K), (F, F, S)]
DECISIONS = [
    ("all_successful", "RRFRFRFFRRFF"),
    ("all_failed", "RFRFFFFRFFFF"),
    ("any_successful", "RRFRRRRFRRRR"),
    ("any_failed", "RFRFRFRRFFRR"),
    ("all_finished", "RRRRRRRRRRRR"),
    ("always_run", "RRRRRRRRRRRR"),
    ("not_all_skipped", "RRFSFRFFRSFF"),
    ("manual_only", "PPPPPPPPPPPP"),
    ("some_failed(at_least=2)", "RFFFFFFRFFFR"),
    ("some_failed(at_most=1)", "RRRRRRRFRRRF"),
    ("some_failed(at_least=0.5)", "RFRFRFRRFFFR"),
    ("some_failed(at_least=1, at_most=1)", "RFRFRFRFFFRF"),
    ("some_successful(at_least=2)", "RFFFFRFFRRRF"),
    ("some_successful(at_least=0.6)", "RRFRFRFFRRRF"),
    ("some_successful(at_most=0.5)", "RFRFRFRRFFFR"),
]
LETTERS = {"R": RUN, "F": FAIL, "S": SKIP, "P": PAUSE}


@pytest.mark.parametrize(("text", "expected"), DECISIONS)
def test_what_a_trigger_decides(text, expected):
    """Skipped and Cached are successes, TimedOut and TriggerFailed are failures."""
    trigger = trigger_from(text)
    assert {up: trigger.decide(up) for up in UPSTREAM} == {
        up: LETTERS[letter] for up, letter in zip(UPSTREAM, expected, strict=True)
    }


@pytest.mark.parametrize("text", [text for text, _ in DECISIONS if text != "always_run"])
def test_a_trigger_is_written_as_it_is_read(text):
    """In flow.json and markers it is a text."""
    assert str(trigger_from(text)) == text
    assert pickle.loads(pickle.dumps(trigger_from(text))) == trigger_from(text)


def test_every_public_name_is_a_trigger_or_makes_one():
    """The module holds what the field's documentation teaches."""
    made = [getattr(triggers, name) for name in triggers.__all__ if name != "Trigger"]
    assert all(isinstance(t if isinstance(t, Trigger) else t(at_least=1), Trigger) for t in made)


@pytest.mark.parametrize(
    "value",
    ["all_succesful", "some_failed", "some_failed()", "some_failed(at_last=1)", "some_any(at_least=1)", 3, None],
)
def test_no_trigger(value):
    """The error names the value and all triggers there are."""
    with pytest.raises(DefinitionError, match=r"A trigger is one of all_successful, .*some_failed.*, not "):
        trigger_from(value)


@pytest.mark.parametrize("bounds", [{}, {"at_least": -1}, {"at_most": "2"}, {"at_least": True}])
def test_bounds_that_are_none(bounds):
    """A bound is a number from 0, and there is at least one."""
    with pytest.raises(DefinitionError, match="some_failed"):
        triggers.some_failed(**bounds)
