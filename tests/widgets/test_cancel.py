from __future__ import annotations

from jupyter_flows.errors import NoSuchError
from jupyter_flows.widgets.cancel import CancelButton


def test_a_click_asks_once():
    """A second click finds the button disabled, and the page says what happens."""
    asked = []
    cancel = CancelButton(3, lambda: asked.append(3))
    cancel.button.click()
    assert asked == [3]
    assert (cancel.button.disabled, cancel.said.value) == (True, "cancelling")


def test_what_went_wrong_is_said_beside_it():
    """A run that is gone is said as text, its markup made harmless."""

    def gone():
        raise NoSuchError("There is no run <3>.")

    cancel = CancelButton(3, gone)
    cancel.button.click()
    assert cancel.said.value == "There is no run &lt;3&gt;."


def test_front_ends_without_widgets_get_the_hint():
    """The bundle holds a widget view, and words for those that can't show one."""
    bundle = CancelButton(3, list).bundle("%flow_cancel 3 stops it")
    assert bundle["text/plain"] == "%flow_cancel 3 stops it"
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]
