"""The label rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows.core.labels import accepts, normalize
from jupyter_flows.errors import DefinitionError

_labels = st.sets(st.sampled_from("abcd"))


@pytest.mark.parametrize(
    ("agent", "run", "taken"),
    [
        ({"dev", "staging"}, {"dev"}, True),
        ({"dev"}, {"dev", "staging"}, False),
        ({"dev"}, {"dev"}, True),
        (set(), set(), True),
        ({"dev"}, set(), False),
        (set(), {"dev"}, False),
    ],
)
def test_the_documented_cases(agent, run, taken):
    """An agent needs all of a run's labels, and no labels is a label of its own."""
    assert accepts(agent, run) is taken


@given(_labels, _labels, _labels)
def test_more_labels_never_lose_an_agent_a_labelled_run(agent, more, run):
    """Adding labels to an agent keeps every labelled run within its reach."""
    if run and accepts(agent, run):
        assert accepts(agent | more, run)


def test_labels_are_stripped_sorted_and_unique():
    """One set of labels has one written form."""
    assert normalize(["gpu ", "dev", "gpu"]) == ("dev", "gpu")
    assert normalize(None) == ()


@pytest.mark.parametrize("bad", ["dev", [""], [" "], [3], [None]])
def test_what_is_no_list_of_names_is_refused(bad):
    """A text instead of a list, the classic slip, is an error and not four labels."""
    with pytest.raises(DefinitionError):
        normalize(bad)
