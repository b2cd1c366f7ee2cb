"""Changes are shown as text and inline."""

from __future__ import annotations

from jupyter_flows.core.changes import Change
from jupyter_flows.widgets.differences import Differences

FOUND = (
    Change("load", "added", "after parameters", ("+ x = 1",)),
    Change("clean", "code", "", ("  a = 1", "- b < 2", "+ b < 3")),
    Change("clean", "options", "max_retries 0 -> 2"),
    Change(None, "labels", "+ gpu"),
)


def test_text_is_a_paragraph_a_task():
    """The changes of one task stand on one line, its code below."""
    assert str(Differences("p/f", "v1", "the notebook", FOUND)).split("\n") == [
        "p/f v1 -> the notebook",
        "+ load   added (after parameters)",
        "    + x = 1",
        "~ clean  code, options (max_retries 0 -> 2)",
        "      a = 1",
        "    - b < 2",
        "    + b < 3",
        "~ labels: + gpu",
    ]


def test_nothing_changed_is_a_sentence():
    """So is having nothing to compare with."""
    assert str(Differences("p/f", "v1", "v2", ())) == "p/f: v2 means the same as v1."
    assert str(Differences("p/f", None, "v1", ())) == "p/f has no version to compare v1 with: it is new."
    assert str(Differences("p/f", None, "the notebook", (), ("a b", "q"))) == (
        "p/f has no version to compare the notebook with: it is new. "
        "A flow of that name is elsewhere: --project 'a b' or --project q."
    )


def test_colours_are_the_callers():
    """What is gone is red, what came is green."""
    text = Differences("p/f", "v1", "v2", FOUND).text(lambda colour, text: f"<{colour}:{text}>")
    assert "    <red:- b < 2>\n    <green:+ b < 3>" in text


def test_html_is_escaped():
    """Code is shown, never interpreted."""
    shown = Differences("p/f", "v1", "v2", (*FOUND, Change("<img>", "moved", "after <b>")))._repr_html_()
    assert "&lt;img&gt;" in shown
    assert "- b &lt; 2" in shown
    assert "<img" not in shown
    assert "after &lt;b&gt;" in shown
