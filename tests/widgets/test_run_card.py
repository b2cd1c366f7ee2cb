from __future__ import annotations

from html.parser import HTMLParser

import pytest

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import StateName
from jupyter_flows.widgets.progress import TaskProgress
from jupyter_flows.widgets.run_card import RunView

VOID = {"img", "br"}


class Story:
    """A run told event by event, with a clock that the test sets."""

    def __init__(self, *names, **options):
        self.now, self.seq = 0.0, 0
        tasks = [TaskProgress(name, cell) for cell, name in enumerate(names, start=2)]
        self.view = RunView(
            "sales-nightly", run_id=2, project="sales", version=1, tasks=tasks, clock=lambda: self.now, **options
        )

    def tell(self, kind, at=None, **body):
        self.now = self.now if at is None else at
        self.seq += 1
        return self.view.fold(Event(self.seq, self.now, kind, body))

    def task(self, name, state, at=None, message="", index=None):
        moment = self.now if at is None else at
        return self.tell("tasks", at, rows=[[name, index, state, moment, message]])


def failed():
    """Tell a run whose second task failed."""
    story = Story("load", "clean", "report")
    story.tell("run", 10.0, state="Running")
    story.task("load", "Running", 10.0)
    story.task("load", "Success", 11.1)
    story.task("clean", "Running", 11.1)
    story.task("clean", "Failed", 11.5, "KeyError 'gross' (cell 6, line 2)")
    story.task("report", "TriggerFailed", 11.5, "clean failed")
    story.tell("run", 11.6, state="Failed", message="clean: KeyError 'gross' (cell 6, line 2)")
    return story.view


def test_the_card_of_a_failed_run_says_all_that_matters():
    """State, progress, durations, and where it failed, one line a task."""
    assert failed().text().splitlines() == [
        "✗ run 2 · sales/sales-nightly · v1 · Failed · 1.6 s",
        "  ██████████████████████████████  3 of 3",
        "  ✓ load         1.1 s",
        "  ✗ clean        0.4 s  KeyError 'gross' (cell 6, line 2)",
        "  ✗ report              TriggerFailed · clean failed",
        "Failed: clean: KeyError 'gross' (cell 6, line 2)",
    ]


def test_a_waiting_run_shows_its_tasks():
    """Before anything happens the card has every task and no duration."""
    assert Story("load").view.text().splitlines() == [
        "· run 2 · sales/sales-nightly · v1 · Scheduled",
        "  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0 of 1",
        "  · load",
    ]


def test_an_event_counts_once():
    """A batch that is sent again changes nothing."""
    story = Story("load")
    assert story.tell("stream", task="load", name="stdout", text="once\n") is True
    assert story.view.fold(Event(1, 0.0, "stream", {"task": "load", "name": "stdout", "text": "once\n"})) is False
    assert [line.text for line in story.view.log] == ["once"]


def test_durations_grow_while_a_task_runs():
    """The clock gives a running task's duration, the events a finished one's."""
    story = Story("load")
    story.task("load", "Running", 5.0)
    story.now = 7.5
    assert "2.5 s" in story.view.text()
    story.task("load", "Success", 8.0)
    story.now = 100.0
    assert story.view.tasks[0].seconds(story.now) == 3.0


def test_quiet_cells_show_only_in_trouble():
    """Definition and parameters cells stay out of the card unless something is wrong with them."""
    story = Story("load")
    story.view._tasks["imports"] = TaskProgress("imports", 1, quiet=True)
    story.task("imports", "Success")
    assert "imports" not in story.view.text()
    story = Story("load")
    story.view._tasks["imports"] = TaskProgress("imports", 1, quiet=True)
    story.task("imports", "Failed", message="ModuleNotFoundError")
    assert "imports" in story.view.text()


def test_imports_that_take_long_are_listed():
    """A quiet cell that somebody waits for shows, while it runs and afterwards."""
    story = Story("load")
    story.view._tasks["imports"] = TaskProgress("imports", 1, quiet=True)
    story.task("imports", "Running", 10.0)
    assert "imports" not in story.view.text()
    story.now = 12.0
    assert "▶ imports       2.0 s  definitions" in story.view.text()
    story.task("imports", "Success", 14.0)
    assert "✓ imports       4.0 s  definitions" in story.view.text()
    assert "1 of 2" in story.view.text()


def test_a_retry_counts_from_the_first_try():
    """Retrying keeps the start and says that it is another try."""
    story = Story("load")
    story.task("load", "Running", 1.0)
    story.task("load", "Retrying", 2.0, "try 2 of 3")
    assert "Retrying · try 2 of 3" in story.view.text()
    story.task("load", "Running", 3.0)
    story.now = 4.0
    assert story.view.tasks[0].seconds(4.0) == 3.0


def test_what_a_dead_run_left_running_is_ended():
    """A run that ends without its tasks' last words leaves none of them running."""
    story = Story("load")
    story.task("load", "Running", 1.0)
    story.tell("run", 2.0, state="Failed", message="killed by SIGKILL while 'load' ran")
    assert story.view.tasks[0].state is StateName.FAILED


def test_a_finished_run_does_not_change_any_more():
    """A late state is left out."""
    story = Story()
    story.tell("run", 1.0, state="Running")
    story.tell("run", 2.0, state="Success")
    story.view.enter(StateName.RUNNING)
    assert story.view.state is StateName.SUCCESS


def test_many_tasks_are_summed_up():
    """Those at work or in trouble stay listed, the others are counted by state."""
    story = Story(*(f"t{n}" for n in range(100)))
    for n in range(60):
        story.task(f"t{n}", "Running")
        story.task(f"t{n}", "Success")
    story.task("t99", "Running")
    story.task("t98", "Running")
    story.task("t98", "Failed", message="boom")
    lines = story.view.text().splitlines()
    assert len(lines) == 27
    assert any("✗ t98" in line for line in lines)
    assert any("▶ t99" in line for line in lines)
    assert lines[-1] == "  … and 76 more: 38 Success, 38 Pending"


def test_mapped_children_are_counted():
    """A mapped task says how many of its children are done."""
    story = Story("fit")
    story.task("fit", "Mapped")
    for n in range(3):
        story.task("fit", "Running", index=n)
    story.task("fit", "Success", index=1)
    assert "1 of 3" in story.view.text()


def test_lines_fit_the_terminal():
    """Long names, messages and log lines are cut to the width."""
    story = Story("a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on")
    story.task("a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on", "Failed", message="x" * 300)
    story.tell("log", task=None, level="INFO", logger="x", message="y" * 300)
    story.tell("notice", message="z" * 300)
    assert max(len(line) for line in story.view.text(width=60).splitlines()) <= 60


def test_colour_is_only_added():
    """With colours off there is no escape; on, the text is the same under them."""
    from jupyter_flows.widgets.words import plain

    view = failed()
    assert "\x1b" not in view.text()
    assert plain(view.text(colour=True)) == view.text()
    assert "\x1b[31m" in view.text(colour=True)


def test_outputs_follow_the_notebook_rules():
    """An update replaces its display, clearing drops a task's outputs, only the last four are kept."""
    story = Story("plot")

    def show(text, kind="display_data", display_id=None):
        output = {"output_type": kind, "data": {"text/plain": text}, "transient": {"display_id": display_id}}
        story.tell("output", task="plot", output=output)

    show("first", display_id="d")
    show("second", "update_display_data", "d")
    assert [o.data["text/plain"] for o in story.view.outputs] == ["second"]
    show("not shown here", "update_display_data", "elsewhere")
    assert len(story.view.outputs) == 1
    for n in range(6):
        show(str(n))
    assert [o.data["text/plain"] for o in story.view.outputs] == ["2", "3", "4", "5"]
    story.tell("output", task="plot", output={"output_type": "clear_output", "wait": False})
    assert story.view.outputs == []


def test_the_view_of_a_document():
    """A flow.json gives the card its tasks, with parameters and definitions quiet."""
    document = {
        "name": "f",
        "tasks": [
            {"slug": "imports", "kind": "cell", "cell": {"ordinal": 1, "definition": True, "parameters": False}},
            {"slug": "parameters", "kind": "cell", "cell": {"ordinal": 2, "definition": False, "parameters": True}},
            {"slug": "load", "kind": "cell", "cell": {"ordinal": 3, "definition": False, "parameters": False}},
            {"slug": "n", "kind": "parameter"},
            {"slug": "double", "kind": "function"},
        ],
    }
    view = RunView.of(document)
    assert [t.name for t in view.shown_tasks] == ["load", "double"]
    assert view.title == "f · not registered"


class Check(HTMLParser):
    """Collect tags, text and attributes, and see that every tag is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], set(), "", []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>'


def evil():
    """Tell a run that puts markup wherever a user's text can go."""
    story = Story(EVIL)
    story.view.flow = EVIL
    story.tell("run", 1.0, state="Running")
    story.tell("notice", message=EVIL)
    story.task(EVIL, "Failed", message=EVIL)
    story.tell("stream", task=EVIL, name="stderr", text=EVIL + "\n")
    story.tell("log", task=None, level="INFO", logger=EVIL, message=EVIL)
    data = {"text/html": EVIL, "text/plain": EVIL, "image/svg+xml": f"<svg onload='x'>{EVIL}</svg>"}
    story.tell("output", task=EVIL, output={"output_type": "display_data", "data": data})
    story.tell("output", task=None, output={"output_type": "display_data", "data": {"image/png": ['"', EVIL]}})
    story.tell("output", task=EVIL, output={"output_type": "error", "ename": "E", "evalue": EVIL, "traceback": [EVIL]})
    story.tell("run", 2.0, state="Failed", message=EVIL)
    return story.view


def test_a_card_holds_no_script():
    """Markup in names, messages, logs and outputs shows as text; images are images, never inline markup."""
    page = Check(evil().html())
    assert page.tags <= {"div", "span", "b", "pre", "details", "summary", "img"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(value.startswith("data:image/") for name, value in page.attributes if name == "src")
    assert EVIL in page.text


@pytest.mark.parametrize("make", [failed, lambda: Story("load").view, lambda: Story().view])
def test_html_says_what_the_text_says(make):
    """The HTML card is well formed and has the title, state, tasks and message of the text."""
    view = make()
    page = Check(view.html())
    wanted = [
        view.title,
        view.state.value,
        view.message,
        *(t.name for t in view.tasks),
        *(t.message for t in view.tasks),
    ]
    assert [text for text in wanted if text not in page.text] == []


def test_on_start_has_a_place_of_its_own():
    """What callbacks print is not lost among the tasks' lines."""
    story = Story("load")
    story.tell("stream", task=None, name="stdout", text="mounted /data\n")
    for n in range(50):
        story.tell("stream", task="load", name="stdout", text=f"row {n}\n")
    page = Check(story.view.html())
    assert "mounted /data" in page.text
    assert "row 49" in page.text
    assert "row 1\n" not in page.text


def test_an_image_is_shown_and_a_huge_one_left_to_the_notebook():
    """A plot shows in the card; an image of megabytes falls back to its text."""
    story = Story("plot")
    story.tell("output", task="plot", output={"output_type": "display_data", "data": {"image/png": "iVBORw0\n"}})
    assert ("src", "data:image/png;base64,iVBORw0") in Check(story.view.html()).attributes
    huge = {"image/png": "A" * 3_000_000, "text/plain": "<Figure>"}
    story.tell("output", task="plot", output={"output_type": "display_data", "data": huge})
    assert "<Figure>" in Check(story.view.html()).text
    assert len(story.view.html()) < 20_000


def test_the_bundle_has_text_for_readers_without_html():
    """A notebook keeps both forms."""
    assert sorted(failed().bundle()) == ["text/html", "text/plain"]


def test_skipped_and_paused_tasks_are_shown_as_such():
    """A skipped one counts as done, a paused one does not, and both say why."""
    story = Story("load", "report", "publish")
    story.tell("run", 10.0, state="Running")
    story.task("load", "Running", 10.0)
    story.task("load", "Skipped", 10.5, "nothing new")
    story.task("report", "Skipped", 10.5, "it waits for 'load', which was skipped")
    story.task("publish", "Paused", 10.5, "its trigger is manual_only")
    assert story.view.text().splitlines()[1:5] == [
        "  ████████████████████░░░░░░░░░░  2 of 3",
        "  ○ load          0.5 s  Skipped · nothing new",
        "  ○ report               Skipped · it waits for 'load', which was skipped",
        "  ‖ publish              Paused · its trigger is manual_only",
    ]


def test_children_are_one_line_with_counts():
    """A mapped task's line tells how many children have ended, how many of them failed, and how long they took."""
    story = Story("score")
    story.tell("run", 10.0, state="Running")
    story.task("score", "Mapped", 10.0)
    for index, state in enumerate(["Success", "Failed", "Running"]):
        story.task("score", "Running", 10.0 + index, index=index)
        if state != "Running":
            story.task("score", state, 11.0 + index, index=index)
    (line,) = [line for line in story.view.text().splitlines() if " score " in line]
    assert "2 of 3, 1 failed" in line
    assert "2.0 s" in line
