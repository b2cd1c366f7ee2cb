"""Signals, triggers and handlers of runs that have a process of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jupyter_flows.core.bundle import pack_flow
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.rules import checked_rules
from jupyter_flows.core.task import task
from tests.engine.runs import cell_task, flow_of_cells

SKIP = "from jupyter_flows import signals\nx = 1\nraise signals.SKIP('nothing new')\nx = 2"


@pytest.mark.parametrize("shell", [False, True])
def test_a_cell_can_be_skipped(runner, shell):
    """With what waits for it, unless that ignores skips; no error is shown, and the run succeeds."""
    cells = [
        cell_task(1, SKIP, shell=shell),
        cell_task(2, "never", shell=shell),
        cell_task(3, "print(x)", rules=checked_rules(skip_on_upstream_skip=False)),
    ]
    story = runner.run(flow_of_cells(cells))
    assert story.state == ("Success", "")
    assert story.tasks() == {
        "cell_1": ["Running", "Skipped"],
        "cell_2": ["Skipped"],
        "cell_3": ["Running", "Success"],
    }
    assert story.message("cell_1") == "nothing new"
    assert (story.text("cell_3"), story.outputs("cell_1")) == ("1\n", [])


def test_a_cell_may_clean_up_after_a_failure(runner):
    """By its trigger; the run fails as the reference tasks say."""
    cells = [cell_task(1, "1 / 0"), cell_task(2, "print('clean')", rules=checked_rules(trigger="all_finished"))]
    story = runner.run(flow_of_cells(cells))
    assert story.tasks() == {"cell_1": ["Running", "Failed"], "cell_2": ["Running", "Success"]}
    assert story.text("cell_2") == "clean\n"
    assert story.state == ("Success", "")


def test_a_cell_is_tried_again_after_what_it_says(runner):
    """By the name of the exception, as the marker has it."""
    source = "from jupyter_flows import context\nprint(context.retry_count)\nraise {}"
    rules = checked_rules(retry_on=("LookupError",))
    cells = [
        cell_task(1, source.format("KeyError"), retries=1, rules=rules),
        cell_task(2, source.format("OSError"), retries=1, rules=rules),
    ]
    story = runner.run(flow_of_cells(cells, chained=False))
    assert story.tasks()["cell_1"] == ["Running", "Retrying", "Running", "Failed"]
    assert story.tasks()["cell_2"] == ["Running", "Failed"]
    assert story.text("cell_1") == "0\n1\n"


def test_a_run_of_its_own_can_not_wait_for_a_person(runner):
    """It ends, and says which task waits."""
    flow = flow_of_cells([cell_task(1, "x = 1", rules=checked_rules(trigger="manual_only")), "y = 1"])
    story = runner.run(flow)
    expected = "waiting for a person: cell_1: a run in a process of its own can't be paused"
    assert story.state == ("Failed", expected)
    assert story.tasks() == {"cell_1": ["Paused"]}


def test_handlers_run_where_the_flow_runs(runner):
    """Those of a functional flow and its tasks come by the pickle, and what they print is the task's."""

    def speak(who, old, new):
        print(who.name, new.name.value)

    @task(state_handlers=[speak])
    def one():
        return 1

    with Flow("f", state_handlers=[speak]) as flow:
        one()
    story = runner.run(flow)
    assert story.state == ("Success", "")
    assert "one Running\none Success\n" in story.text("one")
    assert "f Running\n" in story.text() + story.text("one")


def test_a_run_knows_when_it_was_due(runner):
    """As the registry planned it."""
    due = datetime(2030, 1, 2, tzinfo=UTC)
    source = "from jupyter_flows import context\nprint(context.scheduled_start_time.isoformat())"
    story = runner.run(flow_of_cells([source]), scheduled_at=due.timestamp())
    assert story.text("cell_1") == "2030-01-02T00:00:00+00:00\n"


def test_cells_without_rules_are_packed_as_before():
    """No new keys, so no new digests."""
    task_json = pack_flow(flow_of_cells(["x = 1"])).document["tasks"][0]
    expected = ["cell", "kind", "max_retries", "meaning", "retry_delay_seconds", "slug", "tags", "timeout_seconds"]
    assert sorted(task_json) == expected
