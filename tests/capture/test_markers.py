from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_flows.capture.lines import FlowLine, flow_line, is_bare
from jupyter_flows.capture.markers import read_marker, strip_marker, task_parser
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.rules import checked_rules
from jupyter_flows.core.task import TaskOptions
from jupyter_flows.core.triggers import some_failed
from jupyter_flows.errors import MarkerError


def marker(source, *, tags=(), metadata=None, ordinal=6):
    return read_marker(Cell(source, ordinal, None, frozenset(tags), metadata or {}))


KINDS = [
    ("%%task load\nx = 1", "task"),
    ("%%task\nx = 1", "task"),
    ("%%task load", "task"),
    ("\n\n%%task load\nx = 1", "task"),
    ("# said first\n%%task load\nx = 1", "task"),
    ("#| task: load\nx = 1", "task"),
    ("#| task:\nx = 1", "task"),
    ("#|task: load\nx = 1", "task"),
    ("# title\n#| task: load\nx = 1", "task"),
    ("#| label: fig\n#| task: load\nx = 1", "task"),
    ("%%time\n#| task: load\nx = 1", "task"),
    ("%%time\n%%task load\nx = 1", "task"),
    ("%%task load\n%%time\nx = 1", "task"),
    ("%%parameters\nx = 1", "parameters"),
    ("#| parameters\nx = 1", "parameters"),
    ("#| parameters: true\nx = 1", "parameters"),
    ("x = 1", "plain"),
    ("x = 1\n#| task: too late", "plain"),
    ("%%taskforce\nx = 1", "plain"),
    ("%%task.x\nx = 1", "plain"),
    ("#| tasks: load\nx = 1", "plain"),
    ("    #| task: indented\nx = 1", "plain"),
    ("'''\n#| task: load\n'''", "plain"),
    ("%%time\nx = 1", "plain"),
    ("%load_ext jupyter_flows", "control"),
    ("%reload_ext jupyter_flows", "control"),
    ("%load_ext jupyter_flows\n%flow sales --project p\n# that's it\n\n", "control"),
    ("%flow_register --storage docker \\\n  --label x", "control"),
    ("%flow_run -p n={2 + 1}", "control"),
    ("%flow", "control"),
    ("%config Flows.default_project = 'x'", "control"),
    ("%%task load --help", "control"),
    ("%load_ext autoreload", "plain"),
    ("%load_ext jupyter_flows\nimport json", "plain"),
    ("%flowers", "plain"),
    ("x = 5 \\\n%flow", "plain"),
    ("%matplotlib inline", "plain"),
    ("", "empty"),
    ("\n  \n# only a comment\n", "empty"),
]


@pytest.mark.parametrize(("source", "kind"), KINDS)
def test_what_a_cell_is(source, kind):
    """The lines above the first statement tell what a cell is."""
    assert marker(source).kind == kind


OPTIONS = [
    ("load", TaskOptions("load")),
    ("'load data'", TaskOptions("load data")),
    ("", TaskOptions()),
    ("--retries 2", TaskOptions(retries=2)),
    ("load --retries=2 --retry-delay 0.5", TaskOptions("load", 2, 0.5)),
    ("load --timeout 90", TaskOptions("load", timeout_seconds=90.0)),
    ("load --reads a,b --reads c", TaskOptions("load", reads=frozenset("abc"))),
    ("load --writes 'a, b'", TaskOptions("load", writes=frozenset("ab"))),
    ("load --after x,y --after x", TaskOptions("load", after=("x", "y"))),
    ('load --requires "pandas>=2" --requires scipy', TaskOptions("load", requires=("pandas>=2", "scipy"))),
    ("load --retry-delay 1,10.5", TaskOptions("load", retry_delay_seconds=(1.0, 10.5))),
    ("x --trigger all_finished", TaskOptions("x", rules=checked_rules(trigger="all_finished"))),
    ("x --trigger all_successful", TaskOptions("x")),
    ("x --trigger some_failed(at_least=2)", TaskOptions("x", rules=checked_rules(trigger=some_failed(at_least=2)))),
    (
        "x --retry-on OSError,requests.Timeout",
        TaskOptions("x", rules=checked_rules(retry_on=("OSError", "requests.Timeout"))),
    ),
    (
        "x --retry-jitter 0.5 --ignore-skips",
        TaskOptions("x", rules=checked_rules(retry_jitter_factor=0.5, skip_on_upstream_skip=False)),
    ),
]


@pytest.mark.parametrize(("line", "options"), OPTIONS)
@pytest.mark.parametrize("spelling", ["%%task {}\nx", "#| task: {}\nx", "%%time\n#| task: {}\nx"])
def test_both_spellings_take_the_same_options(spelling, line, options):
    """What follows the magic may follow the directive."""
    assert marker(spelling.format(line)).options == options


def test_a_directive_may_be_quoted_as_yaml_text_is():
    """A value in quotes, and a comment behind one, are YAML's."""
    assert marker('#| task: "load --retries 2"\nx').options == TaskOptions("load", 2)
    assert marker("#| task: load --retries 2  # twice\nx").options == TaskOptions("load", 2)


def test_metadata_say_the_same_as_text():
    """What a panel writes into a cell's metadata is read by the same rules."""
    said = {"task": {"name": "load", "retries": 2, "retry_delay": 0.5, "reads": ["a", "b"], "requires": ["pandas>=2"]}}
    expected = TaskOptions("load", 2, 0.5, reads=frozenset("ab"), requires=("pandas>=2",))
    assert marker("x", metadata=said).options == expected
    assert marker("x", metadata={"task": "load"}).options == TaskOptions("load")
    rules = checked_rules(trigger="any_failed", skip_on_upstream_skip=False, retry_on=("OSError", "KeyError"))
    said = {"trigger": "any_failed", "ignore_skips": True, "retry_on": ["OSError", "KeyError"], "retry_delay": [1, 9]}
    assert marker("x", metadata={"task": said}).options == TaskOptions(retry_delay_seconds=(1.0, 9.0), rules=rules)
    assert marker("x", metadata={"task": True}).kind == "task"


@pytest.mark.parametrize(
    ("tags", "metadata", "kind"),
    [
        ({"task"}, {}, "task"),
        ({"parameters"}, {}, "parameters"),
        ({"skip"}, {}, "skip"),
        ({"skip", "task"}, {}, "skip"),
        (set(), {"skip": True}, "skip"),
        (set(), {"parameters": True}, "parameters"),
        ({"other"}, {"other": 1}, "plain"),
    ],
)
def test_tags_and_metadata_mark_cells(tags, metadata, kind):
    """A cell is marked without a word in its text; `skip` goes before everything."""
    assert marker("x = 1", tags=tags, metadata=metadata).kind == kind


def test_text_goes_before_tags():
    """A cell tagged as a task takes its options from its text."""
    assert marker("%%task load\nx", tags={"task"}, metadata={"task": {"name": "other"}}).options.name == "load"


def test_no_run_is_told():
    """`--no-run` captures a cell without running it in the kernel."""
    assert not marker("%%task load --no-run\nx").run
    assert marker("%%task load\nx").run


MISTAKES = [
    (
        "%%task load --retries two\nx",
        "Cell 6, line 1: --retries takes a whole number from 0, not 'two': see %%task --help.",
    ),
    (
        "%%task load --retries -1\nx",
        "Cell 6, line 1: --retries takes a whole number from 0, not '-1': see %%task --help.",
    ),
    ("%%task load --retries\nx", "Cell 6, line 1: --retries expected one argument: see %%task --help."),
    (
        "\n#| task: load --retry 2\nx",
        "Cell 6, line 2: %%task takes no option '--retry' (did you mean --retry-on or --retries?): see %%task --help.",
    ),
    ("%%task load # data\nx", "Cell 6, line 1: %%task takes no second name '#': see %%task --help."),
    ("%%task load data\nx", "Cell 6, line 1: %%task takes no second name 'data': see %%task --help."),
    ("%%task 'load\nx", 'Cell 6, line 1: "\'load" has a quote without its partner: close the quote.'),
    (
        "%%task load --timeout 0\nx",
        "Cell 6, line 1: --timeout takes a number of seconds above 0, not 0: see %%task --help.",
    ),
    (
        "%%task load --timeout nan\nx",
        "Cell 6, line 1: --timeout takes a number of seconds from 0, not 'nan': see %%task --help.",
    ),
    (
        "%%task load --retry-delay inf\nx",
        "Cell 6, line 1: --retry-delay takes a number of seconds from 0, not 'inf': see %%task --help.",
    ),
    ("%%task load --reads a-b\nx", "Cell 6, line 1: --reads takes names such as a,b, not 'a-b': see %%task --help."),
    (
        "%%task load --requires ==1\nx",
        "Cell 6, line 1: --requires takes a requirement such as pandas==3.1.1, not '==1': see %%task --help.",
    ),
    ("%%task a/b\nx", "Cell 6, line 1: NAME is a text without commas and slashes, not 'a/b': see %%task --help."),
    ("%%task load\n#| task: load\nx", "Cell 6, line 2: `#| task` is a second mark of this cell: keep one of the two."),
    ("%%parameters x\ny = 1", "Cell 6, line 1: `%%parameters` takes no 'x': write the values below it."),
]


@pytest.mark.parametrize(("source", "message"), MISTAKES)
def test_a_mistake_is_one_line_with_its_place(source, message):
    """A mark that can't be read names the cell, the line, the word, and what to do."""
    with pytest.raises(MarkerError) as error:
        marker(source)
    assert str(error.value) == message


def test_a_mistake_in_metadata_names_the_cell():
    """Metadata have no line."""
    with pytest.raises(MarkerError, match=r"^Cell 6, metadata: --retries takes a whole number from 0, not '-1'"):
        marker("x", metadata={"task": {"retries": -1}})
    with pytest.raises(MarkerError, match=r"takes no option '--colour=red'"):
        marker("x", metadata={"task": {"colour": "red"}})


CODES = [
    ("%%task load\nx = 1", "#\nx = 1"),
    ("#| task: load\nx = 1", "#| task: load\nx = 1"),
    ("\n\n%%task load\nx = 1", "\n\n#\nx = 1"),
    ("%%task load\n%%time\nx = 1", "%%time\n#\nx = 1"),
    ("\n%%task load\n\n%%time\nx = 1", "%%time\n#\n#\n#\nx = 1"),
    ("%%time\n%%task load\nx = 1", "%%time\n#\nx = 1"),
    ("%%time\n#| task: load\nx = 1", "%%time\n#| task: load\nx = 1"),
    ("%%task save\n%%writefile a.txt\nhello", "%%writefile a.txt\nhello"),
    ("%%task load", "#"),
    ("%load_ext jupyter_flows\nimport json", "#\nimport json"),
    ("import json\n%flow_register \\\n  --label x\njson", "import json\n#\n#\njson"),
    ("%%task load\n%flow_show\nx = 1", "#\n#\nx = 1"),
    ("x = '''\n%flow\n'''", "x = '''\n%flow\n'''"),
]


@pytest.mark.parametrize(("source", "code"), CODES)
def test_what_runs_keeps_its_line_numbers(source, code):
    """Marks and control lines make way for comments; a file's text gets no line added."""
    assert marker(source).code == code


def test_the_kernel_keeps_control_lines():
    """What the kernel runs has its mark gone and nothing else."""
    assert strip_marker("%%task load\n%flow_show\nx") == "#\n%flow_show\nx"
    assert strip_marker("x = 1\n%%task load") == "x = 1\n%%task load"


@pytest.mark.parametrize("head", ["%%task load\n", "\n%%task load\n", "# c\n%%task load\n\n"])
def test_ipython_counts_lines_as_the_author_does(head):
    """IPython drops leading blank lines; the comment that a mark leaves behind holds them in place."""
    source = head + "x = 1\n"
    ran = TransformerManager().transform_cell(strip_marker(source))
    leading = len(source) - len(source.lstrip("\n"))
    assert ran.split("\n").index("x = 1") == source.split("\n").index("x = 1") - leading


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%flow sales", FlowLine("sales", None)),
        ("%flow sales-nightly --project sales", FlowLine("sales-nightly", "sales")),
        ("%flow --project=sales", FlowLine(None, "sales")),
        ("%flow 'a name' --reset  # comment", FlowLine("a name", None)),
        ("%flow a\n%flow b", FlowLine("b", None)),
        ("%flow a\n%flow", FlowLine("a", None)),
        ("%flow --notebook x.ipynb b", FlowLine("b", None)),
        ("%flow", None),
        ("%flow 'a", None),
        ("%flow_show", None),
        ("x = 1", None),
    ],
)
def test_the_flow_line_names_flow_and_project(source, expected):
    """A `%flow` line is read without running it; one that can't be read says nothing."""
    assert flow_line(source) == expected


def test_bare_is_without_code():
    """Comments and blank lines are no code."""
    assert is_bare("# a\n\n  # b")
    assert not is_bare("# a\nx")


def test_help_tells_every_option():
    """The magic's help comes from the parser that reads the marks."""
    text = task_parser().format_help()
    assert all(
        o in text for o in ("--retries", "--retry-delay", "--timeout", "--reads", "--writes", "--after", "--requires")
    )
    assert marker("%%task --help\nx").help


@given(st.text(alphabet="%#|task: load\n'\"-x=1,r", max_size=40))
def test_no_text_is_more_than_a_mistake(text):
    """Whatever a cell holds, reading its mark gives a marker or a MarkerError of one line."""
    try:
        message = marker(text).kind
    except MarkerError as error:
        message = str(error)
    assert "\n" not in message
