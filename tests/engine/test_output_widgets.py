from __future__ import annotations

import pytest

from tests.engine.runs import flow_of_cells

pytest.importorskip("ipywidgets")


def shown(story, task):
    """Return what stands in a cell at its end: its streams, and the texts and HTML of its displays."""
    last = {}
    for number, output in enumerate(story.outputs(task)):
        key = output.get("transient", {}).get("display_id", number)
        last[key] = output["data"]
    return story.text(task), [(data.get("text/plain"), data.get("text/html")) for data in last.values()]


def div(text: str) -> str:
    return f'<div class="jupyter-flows-widget">{text}</div>'


MAKE = "import ipywidgets as w\nout = w.Output()"


def test_what_is_shown_inside_an_output_widget_stands_in_it(runner):
    """Text, displays and values go into the widget, as a front end would put them; what comes after does not."""
    code = "with out:\n    print('inside')\n    display(3)\nprint('after')\nout"
    story = runner.run(flow_of_cells([MAKE, code], shell=True))
    assert story.state == ("Success", "")
    assert shown(story, "cell_2") == ("after\n", [("Output()", div("<pre>inside\n</pre><pre>3</pre>"))])


def test_a_later_cell_finds_what_the_widget_shows(runner):
    """Within its cell a widget holds what it held; from the next cell on, what was shown in it."""
    cells = [MAKE, "with out:\n    print(1)\nprint(len(out.outputs))", "print(out.outputs)"]
    story = runner.run(flow_of_cells(cells, shell=True))
    assert story.text("cell_2") == "0\n"
    assert story.text("cell_3") == "({'output_type': 'stream', 'name': 'stdout', 'text': '1\\n'},)\n"


def test_clearing_an_output_widget(runner):
    """At once, or when something new is shown in it; the cell's own outputs stay."""
    cells = [
        MAKE + "\nout.append_stdout('old')",
        "print('mine')\nout.clear_output()\nwith out:\n    print('new')",
        "out",
        "out.clear_output(wait=True)",
        "out",
        "with out:\n    print('newest')",
        "out",
    ]
    story = runner.run(flow_of_cells(cells, shell=True))
    assert story.text("cell_2") == "mine\n"
    seen = [shown(story, f"cell_{n}")[1][0][1] for n in (3, 5, 7)]
    assert seen == [div("<pre>new\n</pre>"), div("<pre>new\n</pre>"), div("<pre>newest\n</pre>")]


def test_an_error_inside_is_shown_there_and_ends_there(runner):
    """As in a kernel, the widget shows the traceback and the cell goes on."""
    story = runner.run(
        flow_of_cells([MAKE, "with out:\n    1 / 0\nprint('on')", "print(out.outputs[0]['ename'])"], shell=True)
    )
    assert story.state == ("Success", "")
    assert (story.text("cell_2"), story.text("cell_3")) == ("on\n", "ZeroDivisionError\n")


def test_outputs_inside_of_outputs(runner):
    """What is entered last takes what is shown."""
    code = "inner = w.Output()\nwith out:\n    print('a')\n    with inner:\n        print('b')\n    print('c')"
    cells = [MAKE, code, "print(*(o['text'] for o in (*out.outputs, *inner.outputs)))"]
    story = runner.run(flow_of_cells(cells, shell=True))
    assert story.text("cell_3") == "a\nc\n b\n\n"


def test_what_interact_shows(runner):
    """A function that is interacted with shows what it shows in the widget, a value at its end too."""
    code = "from ipywidgets import interact\n@interact(n=(0, 3))\ndef f(n=1):\n    print('n is', n)\n    return n + 1"
    story = runner.run(flow_of_cells([code], shell=True))
    text, ((_, html),) = shown(story, "cell_1")
    assert text == ""
    assert "<pre>n is 1\n</pre><pre>2</pre>" in html
