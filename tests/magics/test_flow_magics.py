from __future__ import annotations

import pytest

from jupyter_flows.magics import load, loaded, unload
from jupyter_flows.magics.parsers import CELL, LINE
from tests.magics.speaking import save

SALES = [
    "%flow sales --project shop",
    "%%task load\ndf = [3, 1, 2]",
    "df[0]",
    "%%task clean\ndf.sort()",
    "%%task report\nprint(df)",
]


def test_the_flow_is_started_and_shown(talk):
    """%flow NAME says project, name, that it is new, and how many cells are marked; bare it shows the same."""
    assert talk("%flow sales --project shop") == "shop/sales · new · 0 tasks yet · no saved notebook found"
    talk("%%task load\nx = 1")
    assert talk("%flow") == "shop/sales · new · 1 task · no saved notebook found"


def test_without_a_name_there_is_no_flow(talk):
    """Bare %flow in a new notebook says how to start one."""
    assert talk.refused("%flow") == "This notebook has no flow yet: %flow NAME starts one."


def test_the_file_names_the_flow(talk, tmp_path):
    """A saved notebook that names no flow gives it the file's name; its cells count without being run."""
    save(tmp_path / "weekly.ipynb", ["x = 1", "y = 2"])
    assert (
        talk("%flow --notebook weekly.ipynb")
        == "default/weekly · new · no cell is marked: 2 cells take part · weekly.ipynb"
    )


def test_a_notebook_that_is_not_there(talk):
    """A wrong --notebook is named and changes nothing."""
    assert talk.refused("%flow x --notebook nope.ipynb").startswith("There is no notebook nope.ipynb: ")
    assert talk("%flow x").endswith("no saved notebook found")


def test_reset_forgets_what_was_run(talk):
    """After --reset only what is run from then on is a task."""
    talk("%flow sales", "%%task load\nx = 1")
    talk("%flow sales --reset")
    assert talk("%flow") == "default/sales · new · 0 tasks yet · no saved notebook found"


def test_show_draws_the_graph(talk):
    """The text of the graph has each task with what it takes."""
    talk(*SALES)
    assert talk("%flow_show").splitlines() == [
        "sales",
        "   load    cell 2",
        "   clean   cell 4   after load (df)",
        "   report  cell 5   after clean (df)",
    ]
    assert "clean: " in talk("%flow_show --why")


def test_check_names_cell_and_line(talk):
    """A name that no cell defines is an error with its place, and the cell fails."""
    talk("%flow sales", "df = 1")
    talk("%%task load\nx = df")
    talk("del df")
    talk("%%task report --no-run\n\nprint(x, gross)")
    shown = talk.refused("%flow_check")
    assert "error: cell 5, line 3: no cell defines `gross`: define it in a cell above (F001)" in shown
    assert shown.endswith("1 error: %flow_register would refuse this flow.")


def test_check_of_a_sound_flow(talk):
    """Nothing found says so."""
    talk(*SALES)
    assert talk("%flow_check").endswith("shop/sales: ready to be registered")


@pytest.mark.parametrize("name", sorted(LINE))
def test_every_line_magic_has_help(talk, name):
    """--help prints what the magic takes, and does nothing."""
    shown = talk(f"%{name} --help")
    assert shown.startswith(f"usage: %{name}")
    assert "--help" in shown


@pytest.mark.parametrize("name", sorted(CELL))
def test_every_cell_magic_has_help(talk, name):
    """--help prints what the marker takes, and the cell does not run."""
    talk("ran = False")
    assert f"usage: %%{name}" in talk(f"%%{name} --help\nran = True")
    assert talk.shell.user_ns["ran"] is False


@pytest.mark.parametrize("name", sorted(LINE))
def test_every_line_magic_refuses_in_one_line(talk, name):
    """An unknown option is one line that names the magic, and stops the cell."""
    shown = talk.refused(f"%{name} --nonsense")
    assert shown.count("\n") == 0
    assert shown.startswith(f"%{name}: ")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%task --retires 2\nx = 1", "%%task takes no option '--retires' (did you mean --retries or --requires?)"),
        ("%%task load --retries many\nx = 1", "--retries takes a whole number from 0, not 'many'"),
        ("%%parameters EU\nx = 1", "EU"),
    ],
)
def test_a_marker_that_can_t_be_read_runs_nothing(talk, cell, message):
    """The mistake is one line, and the cell's code does not run."""
    shown = talk.refused(cell)
    assert message in shown
    assert shown.count("\n") == 0
    assert "x" not in talk.shell.user_ns


def test_no_run_only_captures(talk):
    """--no-run leaves the namespace alone and makes the task."""
    talk("%flow sales", "%%task load --no-run\nx = 1")
    assert "x" not in talk.shell.user_ns
    assert "load" in talk("%flow_show")


def test_variables_are_not_expanded(talk):
    """A brace in a line is no f-string: only -p values wholly in braces are evaluated."""
    talk("name = 'other'")
    assert talk("%flow {name}").startswith("default/{name} · ")


def test_settings_are_configurable(talk):
    """%config Flows shows the settings and changes them for this kernel."""
    talk("%config Flows.default_project = 'lab'")
    assert talk("%flow sales").startswith("lab/sales · ")
    assert "default_project" in talk("%config Flows")


@pytest.mark.parametrize("line", ["Flows.keep_notebooks = -1", "Flows.record_outputs = 'some'", "Flows.colour = 'red'"])
def test_a_setting_that_can_t_be_is_one_line(talk, caplog, line):
    """%config names the setting and what it takes, without a traceback, and changes nothing."""
    before = talk("%config Flows")
    assert talk(f"%config {line}") == ""
    [record] = caplog.records
    assert line.split(" ")[0] in record.getMessage()
    assert "\n" not in record.getMessage()
    assert talk("%config Flows") == before


def test_loading_twice_and_unloading(bare_shell, capsys):
    """A second load changes nothing; unloading leaves the shell as it was."""
    magics = {kind: set(names) for kind, names in bare_shell.magics_manager.magics.items()}
    transforms = list(bare_shell.input_transformer_manager.cleanup_transforms)
    hooks = {name: list(fns) for name, fns in bare_shell.events.callbacks.items()}
    load(bare_shell)
    first = loaded(bare_shell)
    load(bare_shell)
    assert loaded(bare_shell) is first
    unload(bare_shell)
    unload(bare_shell)
    assert {kind: set(names) for kind, names in bare_shell.magics_manager.magics.items()} == magics
    assert bare_shell.input_transformer_manager.cleanup_transforms == transforms
    assert {name: list(fns) for name, fns in bare_shell.events.callbacks.items()} == hooks
    assert loaded(bare_shell) is None


def test_check_tells_stale_names(talk):
    """A name that the kernel still has, but no cell defines, is told apart from one that nobody has."""
    talk("%flow sales", "%%task load\nrows = [1]")
    talk.shell.user_ns["gross"] = 3
    talk("%%task report --no-run\nprint(rows, gross)", "%%task other --no-run\nprint(nowhere)")
    shown = talk.refused("%flow_check")
    assert "cell 3, line 2: `gross` is alive in this kernel only: no cell defines `gross`" in shown
    assert "cell 4, line 2: no cell defines `nowhere`" in shown
    assert shown.endswith("2 errors: %flow_register would refuse this flow.")


def test_check_knows_nothing_of_what_was_done_to_the_kernel(talk):
    """A module that exists only in this process is missing in a fresh one, where the flow runs."""
    talk("import sys, types", "sys.modules['made_here'] = types.ModuleType('made_here')")
    talk("%flow sales", "%%task load\nimport made_here")
    assert "there is no module 'made_here' here" in talk.refused("%flow_check")
    talk("del sys.modules['made_here']")
