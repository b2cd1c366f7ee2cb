"""The options of a task that say when it runs, and when again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jupyter_flows.core.rules import USUAL, Rules, checked_rules, delay_before
from jupyter_flows.core.rules_json import cell_rules, rules_json
from jupyter_flows.core.task import Task, task
from jupyter_flows.core.triggers import all_failed, all_finished
from jupyter_flows.errors import DefinitionError


@task
def plain():
    return 1


def test_a_task_without_such_options_holds_none():
    """It is as small as it was, so that flows of many tasks are."""
    assert "rules" not in vars(plain)
    assert plain.rules is USUAL


def test_options_are_attributes():
    """They are read, and set, one by one; a copy's are its own."""
    one = Task("one", trigger="all_failed", retry_on=ValueError)
    two = one.copy(trigger=all_finished, skip_on_upstream_skip=False)
    one.retry_jitter_factor = 0.5
    assert (one.trigger, one.retry_on, one.retry_jitter_factor) == (all_failed, (ValueError,), 0.5)
    assert (two.trigger, two.retry_on, two.skip_on_upstream_skip) == (all_finished, (ValueError,), False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"triger": "all_failed"}, "no option 'triger'; it has name, tags"),
        ({"skip_on_upstream_skip": 1}, "skip_on_upstream_skip is True or False, not 1"),
        ({"retry_on": 3}, "retry_on takes exception types such as ConnectionError, not 3"),
        ({"retry_on": [int]}, "retry_on takes exception types .* not <class 'int'>"),
        ({"retry_on": "a b"}, "retry_on takes exception types .* not 'a b'"),
        ({"retry_jitter_factor": -1}, "retry_jitter_factor is a number from 0"),
        ({"state_handlers": ["print"]}, "not 'print'"),
        ({"on_failure": "print"}, "on_failure is a function of task and state, not 'print'"),
        ({"retry_delay": []}, "retry_delay is a number of seconds, a timedelta or a list"),
        ({"retry_delay": [1, "2"]}, "retry_delay is a number of seconds or a timedelta, not '2'"),
    ],
)
def test_options_that_can_not_be(options, message):
    """One sentence names the option and the value."""
    with pytest.raises(DefinitionError, match=message):
        Task("t", **options)


def test_delays_grow_by_a_list():
    """The n-th further try waits for the n-th delay, and the last repeats."""
    delays = Task("t", retry_delay=[1, timedelta(minutes=1)]).retry_delay_seconds
    assert [delay_before(delays, n) for n in (1, 2, 3)] == [1.0, 60.0, 60.0]
    assert [delay_before(2.0, n) for n in (1, 5)] == [2.0, 2.0]


@pytest.mark.parametrize(
    ("kinds", "tried"),
    [((), True), ((LookupError,), True), (("KeyError",), True), (("builtins.LookupError",), True), ((OSError,), False)],
)
def test_what_a_task_is_tried_again_after(kinds, tried):
    """By type or name, subclasses included; without any, after everything."""
    assert checked_rules(retry_on=kinds).allow_retry(KeyError("k")) is tried


def test_only_what_is_unusual_is_in_the_document():
    """So flows without such options keep their digests."""
    assert rules_json(USUAL) == rules_json(Rules()) == {}
    rules = checked_rules(trigger="any_failed", retry_on=(OSError, "x.Y"), skip_on_upstream_skip=False)
    expected = {"trigger": "any_failed", "retry_on": ["builtins.OSError", "x.Y"], "skip_on_upstream_skip": False}
    assert rules_json(rules) == expected
    assert cell_rules(expected) == checked_rules(
        trigger="any_failed", retry_on=("builtins.OSError", "x.Y"), skip_on_upstream_skip=False
    )
    assert cell_rules({}) is USUAL
