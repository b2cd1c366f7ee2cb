"""What is said of a run process that died without a last word."""

from __future__ import annotations

from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.engine.board import Seated
from jupyter_flows.engine.death import Death
from jupyter_flows.engine.standing import Standing


def standing(*rows: list[Any]) -> Standing:
    """Return the standing after these rows."""
    made = Standing()
    made.note(Event(1, 0.0, "tasks", {"rows": [[slug, index, state, 0.0, ""] for slug, index, state in rows]}))
    return made


def told(**given: Any) -> tuple[dict[tuple[str, int | None], list[str]], tuple[str, str]]:
    """Return each task's last states, and the run's state and message."""
    death = Death(**{"code": 1, "python": "python", "words": "", "running": [], "slugs": [], "at": 0.0, **given})
    tasks: dict[tuple[str, int | None], list[str]] = {}
    bodies = dict(death.events())
    for slug, index, state, _, _ in bodies.get("tasks", {"rows": []})["rows"]:
        tasks.setdefault((slug, index), []).append(state)
    return tasks, (bodies["run"]["state"], bodies["run"]["message"])


def test_every_task_has_an_end():
    """What ended stays; what ran fails, also where only its report tells that it ran; the rest is Cancelled."""
    heard = standing(["a", None, "Running"], ["a", None, "Success"], ["b", None, "Running"])
    tasks, run = told(running=[Seated("c")], slugs=["a", "b", "c", "d"], standing=heard)
    assert tasks == {("c", None): ["Running", "Failed"], ("b", None): ["Failed"], ("d", None): ["Cancelled"]}
    assert run == ("Failed", "c: its process ended early, with exit code 1")


def test_elements_of_a_mapped_task_end_too():
    """Those at work fail, each by its index; those that ended stay."""
    heard = standing(["m", 0, "Running"], ["m", 0, "Success"], ["m", 1, "Running"])
    assert told(slugs=["m"], standing=heard)[0] == {("m", 1): ["Failed"]}


def test_a_child_is_named_with_its_index():
    """Its siblings that ended stay, and the mapped cell whose child it is ends with it, heard of or not."""
    for heard in (
        standing(["m", None, "Running"], ["m", 0, "Running"], ["m", 0, "Success"]),
        standing(["m", 0, "Success"]),
    ):
        tasks, run = told(running=[Seated("m", 1)], slugs=["m", "n"], standing=heard)
        assert tasks.pop(("m", None), ["Failed"]) == ["Failed"]
        assert tasks == {("m", 1): ["Running", "Failed"], ("n", None): ["Cancelled"]}
        assert run == ("Failed", "m[1]: its process ended early, with exit code 1")


def test_a_mapped_task_has_an_end_though_nothing_was_heard_of_it():
    """It began, for a child of it ran."""
    tasks, _ = told(running=[Seated("m", 0)], slugs=["m"], standing=Standing())
    assert tasks == {("m", 0): ["Running", "Failed"], ("m", None): ["Running", "Failed"]}


def test_the_last_words_are_the_childs():
    """They say so as what it wrote before does."""
    death = Death(1, "python", "boom", [Seated("m", 2)], ["m"], Standing())
    assert next(death.events()) == ("stream", {"task": "m", "name": "stderr", "text": "boom\n", "map_index": 2})


def test_a_task_that_waited_for_its_next_try_fails():
    """Retrying is no end."""
    assert told(slugs=["a"], standing=standing(["a", None, "Retrying"]))[0] == {("a", None): ["Failed"]}


def test_what_waits_for_a_person_goes_on_waiting():
    """A paused task did not die with the process."""
    assert told(slugs=["a"], standing=standing(["a", None, "Paused"]))[0] == {}


def test_a_cancelled_run_leaves_cancelled_tasks():
    """Whatever ran when it was killed."""
    heard = standing(["a", None, "Running"])
    tasks, run = told(running=[Seated("a")], slugs=["a", "b"], standing=heard, cancelled=True, code=-9)
    assert tasks == {("a", None): ["Cancelled"], ("b", None): ["Cancelled"]}
    assert run[0] == "Cancelled"


def test_a_death_before_the_run_began_names_the_last_words():
    """No tasks are known yet."""
    assert told(standing=Standing(), words="x\nboom") == (
        {},
        ("Failed", "the run's process ended early, with exit code 1: boom"),
    )
