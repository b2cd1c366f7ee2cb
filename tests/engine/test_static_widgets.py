from __future__ import annotations

import pytest

from jupyter_flows.engine.live_widgets import WIDGET, LiveWidgets
from jupyter_flows.engine.static_widgets import gone, static_html
from tests.engine.runs import flow_of_cells

w = pytest.importorskip("ipywidgets")


def div(shown: str) -> str:
    return f'<div class="jupyter-flows-widget">{shown}</div>'


ROW = '<div style="display:flex;gap:0.5em;align-items:center">'

WIDGETS = {
    "a slider": (lambda: w.IntSlider(value=7, description="n"), "n <b>7</b>"),
    "a range": (lambda: w.IntRangeSlider(value=(2, 5)), "<b>2, 5</b>"),
    "a choice": (lambda: w.Dropdown(options=["p", "q"]), "<b>p</b>"),
    "a text is no HTML": (lambda: w.Text("<i>x</i>"), "<b>&lt;i&gt;x&lt;/i&gt;</b>"),
    "a password": (lambda: w.Password("opensesame"), "<b>•••</b>"),
    "HTML is": (lambda: w.HTML("<i>x</i>"), "<i>x</i>"),
    "a label": (lambda: w.Label("a < b"), "a &lt; b"),
    "a progress bar": (
        lambda: w.IntProgress(value=2, min=1, max=5, description="at"),
        'at <progress value="1" max="4"></progress>',
    ),
    "a progress bar of nothing": (lambda: w.FloatProgress(value=0, max=0), '<progress value="0" max="1"></progress>'),
    "a button": (lambda: w.Button(description="go"), "<button disabled>go</button>"),
    "a check box": (lambda: w.Checkbox(value=True, description="on"), "☑ on"),
    "a row": (
        lambda: w.HBox([w.Label("a"), w.Label("b", layout={"display": "none"}), w.Label("c")]),
        f"{ROW}<div>a</div><div>c</div></div>",
    ),
    "boxes in boxes": (
        lambda: w.VBox([w.HBox([w.Label("a")])]),
        f'<div style="display:block"><div>{ROW}<div>a</div></div></div></div>',
    ),
    "an empty output": (w.Output, ""),
    "an output": (
        lambda: w.Output(
            outputs=(
                {"output_type": "stream", "name": "stdout", "text": "a<b\n"},
                {"output_type": "display_data", "data": {"text/html": "<i>1</i>", "text/plain": "1"}, "metadata": {}},
                {"output_type": "display_data", "data": {"text/plain": "2"}, "metadata": {}},
            )
        ),
        "<pre>a&lt;b\n</pre><i>1</i><pre>2</pre>",
    ),
    "an image": (lambda: w.Image(value=b"png"), '<img src="data:image/png;base64,cG5n">'),
    "a hidden one": (lambda: w.Label("x", layout={"visibility": "hidden"}), ""),
}


@pytest.mark.parametrize(("make", "shown"), WIDGETS.values(), ids=WIDGETS.keys())
def test_a_widget_as_html(make, shown):
    """What a page would show of a widget stands in HTML, with nothing in it that asks for a kernel."""
    widget = make()
    assert static_html(widget) == div(shown)
    widget.close()


def test_a_widget_of_another_kind_has_no_html():
    """What is not known here is left to its text; inside of boxes it is shown as code."""
    widget = w.Widget()
    assert static_html(widget) is None
    box = w.Box([w.Layout()])
    assert static_html(box).startswith(
        '<div class="jupyter-flows-widget"><div style="display:block"><div><code>Layout('
    )


def displayed(widget) -> tuple[list[dict], LiveWidgets, dict]:
    published: list[dict] = []
    live = LiveWidgets(published.append)
    data = {"text/plain": repr(widget), WIDGET: {"model_id": widget.model_id}}
    return published, live, live.take({"output_type": "display_data", "data": data, "metadata": {}})


def test_a_display_keeps_its_text_and_loses_its_model():
    """The text is the kernel's, the HTML ours, and the model id is gone."""
    _, _, output = displayed(w.IntSlider(3))
    assert output["data"] == {"text/plain": "IntSlider(value=3)", "text/html": div("<b>3</b>")}


def test_a_changed_widget_is_shown_again_in_its_place():
    """At the end of its cell; one that did not change is not."""
    widget = w.IntSlider(3)
    published, live, output = displayed(widget)
    live.settle()
    assert published == []
    published, live, output = displayed(widget)
    widget.value = 5
    live.settle()
    (update,) = published
    assert (update["output_type"], update["transient"]) == ("update_display_data", output["transient"])
    assert update["data"] == {"text/plain": "IntSlider(value=3)", "text/html": div("<b>5</b>")}


def test_a_closed_widget_leaves_nothing_to_see():
    """A bar that is taken away when it is through is not shown as it began."""
    widget = w.IntProgress(0)
    published, live, _ = displayed(widget)
    widget.close()
    live.settle()
    assert published[0]["data"]["text/html"] == gone() == div("")


def test_a_widget_that_can_t_be_shown_fails_no_cell():
    """A widget's own mistake is its text's, not the run's."""

    class IntProgress(w.DOMWidget):
        """Called like a bar, and without what makes one."""

    _, _, output = displayed(IntProgress())
    assert set(output["data"]) == {"text/plain"}


def test_what_a_real_run_leaves_of_progress_bars(runner):
    """Nested bars of tqdm: the outer as it ended, the inner ones, which go when they are through, unseen."""
    pytest.importorskip("tqdm")
    code = (
        "from tqdm.notebook import tqdm\nfor i in tqdm(range(3), bar_format='{n_fmt}/{total_fmt}'):\n"
        "    for j in tqdm(range(2), leave=False):\n        pass"
    )
    story = runner.run(flow_of_cells([code], shell=True))
    last = {o["transient"]["display_id"]: o["data"] for o in story.outputs("cell_1")}
    outer, *inner = last.values()
    assert '<progress value="3" max="3"></progress>' in outer["text/html"]
    assert outer["text/plain"] == "0/3"
    assert [data["text/html"] for data in inner] == [gone()] * 3
    assert not any(WIDGET in data for data in last.values())
