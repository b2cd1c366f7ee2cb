"""States and their transitions."""

import pytest

from jupyter_flows.core.state import FAILED, FINISHED, SUCCESSFUL, TRANSITIONS, State, StateName, check_transition
from jupyter_flows.errors import TransitionError


def test_every_state_has_a_row():
    """The table says for each state what may follow."""
    assert set(TRANSITIONS) == set(StateName)


def test_nothing_follows_a_finished_state():
    """A result once recorded is never overwritten."""
    assert {name for name, after in TRANSITIONS.items() if not after} == FINISHED


@pytest.mark.parametrize("name", sorted(set(StateName) - FINISHED))
def test_every_unfinished_state_can_be_cancelled_and_can_fail(name):
    """No run or task can get stuck: from anywhere there is a way to Failed and to Cancelled."""
    reached, queue = set(), [name]
    while queue:
        for after in TRANSITIONS[queue.pop()] - reached:
            reached.add(after)
            queue.append(after)
    assert {StateName.CANCELLED, StateName.FAILED} <= reached


@pytest.mark.parametrize(
    ("old", "new"),
    [("Success", "Running"), ("Failed", "Success"), ("Scheduled", "Success"), ("Cancelling", "Running")],
)
def test_an_illegal_transition_says_what_is_allowed(old, new):
    """The error names both states and the allowed ones."""
    with pytest.raises(TransitionError, match=f"run 3 can't go from {old} to {new}; from {old} it may go to"):
        check_transition("run 3", StateName(old), StateName(new))


def test_a_state_moves_by_the_table():
    """`State.to` gives the next state, or refuses."""
    running = State(StateName.RUNNING)
    assert running.to(StateName.SUCCESS, result=3).result == 3
    with pytest.raises(TransitionError):
        State(StateName.SUCCESS).to(StateName.RUNNING)


def test_the_questions_agree_with_the_sets():
    """Successful, failed, running and finished mean what the sets say."""
    assert {n for n in StateName if State(n).is_successful()} == SUCCESSFUL
    assert {n for n in StateName if State(n).is_failed()} == FAILED
    assert {n for n in StateName if State(n).is_finished()} == FINISHED
    assert {n for n in StateName if State(n).is_running()} == {"Running", "Cancelling"}
    assert State(StateName.SKIPPED).is_skipped()
    assert State(StateName.SCHEDULED).is_waiting()


def test_a_state_shows_its_message():
    """The repr is what people read in a notebook."""
    assert repr(State(StateName.FAILED, "KeyError 'gross'")) == "<Failed: KeyError 'gross'>"
    assert repr(State(StateName.SUCCESS)) == "<Success>"
