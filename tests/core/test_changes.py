"""Differences between versions, in words."""

import pytest

from jupyter_flows import Flow, Parameter, task
from jupyter_flows.core.changes import changes
from jupyter_flows.core.document import to_document
from jupyter_flows.environments import LocalEnvironment


@task
def load(n=1):
    return n


@task
def clean(x):
    return x


@task(name="clean")
def clean_otherwise(x):
    return x + 1


def _document(*, cleaning=clean, n=1, labels=(), retries=0, extra=False, top=3):
    with Flow("f", environment=LocalEnvironment(labels=labels)) as flow:
        loaded = load.copy(max_retries=retries).bind(n=n)
        cleaned = cleaning(loaded)
        clean(Parameter("top", default=top), task_args={"name": "cut"})
        if extra:
            load(cleaned, task_args={"name": "again"})
    return to_document(flow)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cleaning": clean_otherwise}, ["task 'clean': code"]),
        ({"n": 2}, ["task 'load': arguments"]),
        ({"retries": 2}, ["task 'load': options (max_retries 0 -> 2)"]),
        ({"extra": True}, ["task 'again': added", "edge added (clean -> again)"]),
    ],
)
def test_each_change_is_said_once(change, said):
    """Code, arguments, options and edges are told apart, task by task."""
    assert [str(c) for c in changes(_document(), _document(**change))] == said


def test_a_removed_task_is_said():
    """A task that is gone is named, with its edges."""
    assert [str(c) for c in changes(_document(extra=True), _document())] == [
        "task 'again': removed",
        "edge removed (clean -> again)",
    ]


def test_a_parameters_default_is_shown_old_and_new():
    """People see what a run will be given from now on."""
    assert "parameters (top: int 3 -> int 5)" in [str(c) for c in changes(_document(), _document(top=5))]


def test_labels_are_shown_old_and_new():
    """A change of who may run it is said."""
    assert "labels ([] -> ['dev'])" in [str(c) for c in changes(_document(), _document(labels=["dev"]))]


def test_nothing_changed_is_nothing():
    """Building the same flow again is no change, and has the same digest."""
    assert changes(_document(), _document()) == []
    assert _document()["digest"] == _document()["digest"]


def test_no_version_before_is_a_new_flow():
    """The first registration says so."""
    assert str(changes(None, _document())[0]) == "new flow (4 tasks)"
