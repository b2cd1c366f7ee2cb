"""Cells in a run with and without a shell: what they show, and what only a kernel could keep alive."""

from __future__ import annotations

import pytest

from tests.engine.runs import cell_task, flow_of_cells

PLAIN = {
    "number": ("6 * 7", {"text/plain": "42"}),
    "text": ("'a' + 'b'", {"text/plain": "'ab'"}),
    "html": (
        "class H:\n    def _repr_html_(self): return '<b>h</b>'\n    def __repr__(self): return 'H'\nH()",
        {"text/plain": "H", "text/html": "<b>h</b>"},
    ),
    "awaited": ("import asyncio\nawait asyncio.sleep(0, 'slept')", {"text/plain": "'slept'"}),
    "a class": ("class H:\n    def _repr_html_(self): return 'x'\nH", {"text/plain": "<class '__main__.H'>"}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_cells_show_their_last_value(runner, name):
    """Without IPython, too, the last expression is displayed, by the methods it has."""
    code, data = PLAIN[name]
    story = runner.run(flow_of_cells([code]))
    assert story.state == ("Success", "")
    assert story.outputs("cell_1") == [
        {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}
    ]


@pytest.mark.parametrize("code", ["x = 1", "None", "1;", "1 ; # no", "if True:\n    1", ""])
def test_plain_cells_show_nothing_else(runner, code):
    """Statements, None and a closing semicolon show nothing."""
    story = runner.run(flow_of_cells([code]))
    assert (story.state, story.outputs("cell_1")) == (("Success", ""), [])


def test_plain_tracebacks_start_at_the_cell(runner):
    """None of the engine's own frames is in them, the cell's lines are."""
    story = runner.run(flow_of_cells(["def f(n):\n    return 1 / n", "f(0)"]))
    shown = story.outputs("cell_2")[0]["traceback"]
    lines = [line for line in shown if line.strip(" ~^")]  # What is underlined differs from Python to Python.
    assert lines[:5] == [
        "Traceback (most recent call last):",
        '  File "Cell In[2]", line 1, in <module>',
        "    f(0)",
        '  File "Cell In[1]", line 2, in f',
        "    return 1 / n",
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_future_statements_stay_on(runner):
    """As in a kernel, a cell's __future__ import holds for the cells below; ours does not hold for any."""
    cells = [
        "def f(a: Unknown): pass",
        "from __future__ import annotations",
        "def g(a: Unknown): pass\nprint(g.__annotations__)",
    ]
    story = runner.run(flow_of_cells(cells, chained=False))
    assert story.state[1] == "cell_1: NameError name 'Unknown' is not defined (cell 1, line 1)"
    assert story.text("cell_3") == "{'a': 'Unknown'}\n"


@pytest.mark.parametrize("first", ["", "import asyncio; await asyncio.sleep(0)"])
def test_context_variables_last(runner, first):
    """What a cell sets for the code that follows, such as decimal's precision, the next cell sees, loop or none."""
    cells = [f"import decimal\n{first}", "decimal.getcontext().prec = 3", "print(decimal.Decimal(1) / 7)"]
    story = runner.run(flow_of_cells(cells))
    assert (story.state, story.text("cell_3")) == (("Success", ""), "0.143\n")


def test_functions_have_their_source(runner):
    """Inspect finds what a cell defined."""
    story = runner.run(flow_of_cells(["def f():\n    return 1", "import inspect\nprint(inspect.getsource(f))"]))
    assert story.text("cell_2") == "def f():\n    return 1\n\n"


def test_figures_need_no_last_expression(runner):
    """A figure that a plain cell left open is shown at its end, and later ones too."""
    cells = [
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.set_title('t')\nn = 1",
        "plt.plot([1])\nm = 2",
        "plt.plot([1])\nplt.show()\nm = 2",
    ]
    story = runner.run(flow_of_cells(cells))
    for task in ("cell_1", "cell_2", "cell_3"):
        (output,) = story.outputs(task)
        assert output["output_type"] == "display_data"
        assert output["data"]["text/plain"] == "<Figure size 640x480 with 1 Axes>"
        assert output["data"]["image/png"].startswith("iVBORw0KGgo")


def test_displays_need_no_last_expression(runner):
    """Importing IPython's display is enough to get a real one."""
    story = runner.run(flow_of_cells(["from IPython.display import display\ndisplay(1)\nn = 1"]))
    assert story.outputs("cell_1") == [{"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}]


def test_a_widget_is_shown_without_its_model(runner):
    """No dead model is left in the notebook, and the cells below can use the widget."""
    pytest.importorskip("ipywidgets")
    cells = ["import ipywidgets as w\nslider = w.IntSlider(3)\ndisplay(slider)", "slider.value"]
    story = runner.run(flow_of_cells(cells, shell=True))
    (shown,) = story.outputs("cell_1")
    html = '<div class="jupyter-flows-widget"><b>3</b></div>'
    assert shown["data"] == {"text/plain": "IntSlider(value=3)", "text/html": html}
    assert story.outputs("cell_2")[0]["data"] == {"text/plain": "3"}


def test_a_progress_bar_ends_as_it_ended(runner):
    """A widget that changed while its cell ran is shown again at the end, in its place."""
    pytest.importorskip("tqdm")
    pytest.importorskip("ipywidgets")
    code = "from tqdm.notebook import tqdm\nfor n in tqdm(range(3), bar_format='{n_fmt}/{total_fmt}'):\n    pass"
    story = runner.run(flow_of_cells([code], shell=True))
    shown, updated = story.outputs("cell_1")
    assert (shown["output_type"], updated["output_type"]) == ("display_data", "update_display_data")
    assert shown["transient"] == updated["transient"]
    assert '<progress value="3" max="3"></progress>' in updated["data"]["text/html"]


def test_the_number_is_the_cells(runner):
    """Cells left out of the flow are counted: In[n] and the output's number are those people see."""
    tasks = [cell_task(2, "first = 1", shell=True), cell_task(5, "In[2], len(Out)", shell=True)]
    story = runner.run(flow_of_cells(tasks))
    (output,) = story.outputs("cell_5")
    assert (output["execution_count"], output["data"]["text/plain"]) == (5, "('first = 1', 0)")
    assert [e.body["execution_count"] for e in story.events if e.kind == "source"] == [2, 5]


def test_a_request_to_exit_fails_the_cell(runner):
    """There is no kernel to leave; the run goes on with what does not wait for the cell."""
    story = runner.run(flow_of_cells(["exit", "print('on')"], chained=False, shell=True))
    assert story.state[1].startswith("cell_1: SystemExit The cell asked the kernel to exit.")
    assert story.text("cell_2") == "on\n"


def test_a_time_limit_shows_where_the_cell_was(runner):
    """The traceback of a cell out of time points at the line that took it."""
    story = runner.run(flow_of_cells([cell_task(1, "x = 1\nwhile True: pass", timeout_seconds=0.2, shell=True)]))
    (output,) = story.outputs("cell_1")
    assert (output["ename"], output["evalue"]) == ("OutOfTime", "the task took longer than 0.2 s")
    assert "----> \x1b[39m\x1b[32m2" in "".join(output["traceback"])
