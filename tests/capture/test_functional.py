from __future__ import annotations

import threading

from jupyter_flows.capture.functional import functional_findings
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task

LOCK = threading.Lock()


@task
def locked(x):
    """Use what can't be told by content."""
    with LOCK:
        return x


@task
def plain(x):
    """Use nothing."""
    return x


def test_a_live_value_is_found_once():
    """A lock that tasks share is one finding, which says the way to it and what to do."""
    with Flow("f") as flow:
        locked(locked(1))
    assert [str(f) for f in functional_findings(flow)] == [
        (
            "task 'locked'.LOCK is a lock, whose content can't be told (cannot pickle '_thread.lock' object): "
            "make it inside the task (F007)"
        )
    ]


def test_arguments_are_looked_at_too():
    """A value bound to a task is as much part of the flow as its function."""
    with Flow("f") as flow:
        plain(threading.Lock())
    assert [f.code for f in functional_findings(flow)] == ["F007"]


def test_plain_flows_have_no_findings():
    """Functions and numbers tell all."""
    with Flow("f") as flow:
        plain(plain(1))
    assert functional_findings(flow) == ()
