from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_flows.errors import SettingsError
from jupyter_flows.settings import (
    Choice,
    Flows,
    forget_settings,
    keep_settings,
    load_settings,
    read_settings,
    resolve,
)


@pytest.fixture(autouse=True)
def _no_session():
    """Leave no settings behind for other tests."""
    yield
    forget_settings()


def write(folder: Path, text: str, name: str = "jupyter_flows_config.py") -> str:
    """Make a settings file and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return str(folder)


def test_defaults_hold_where_nothing_is_set():
    """Without files and environment every setting has its documented default."""
    settings = read_settings(environ={}, folders=[])
    assert {name: getattr(settings, name) for name in settings.names()} == {
        "base_image": "",
        "default_project": "default",
        "default_storage": "local",
        "idle_seconds": 300.0,
        "keep_notebooks": 30,
        "keep_results": "failed",
        "record_outputs": "all",
        "registry": "",
    }


def test_a_python_file_on_the_configuration_path_sets(tmp_path):
    """`c.Flows.x = y` in jupyter_flows_config.py counts, and its path is named as the source."""
    folder = write(tmp_path, "c = get_config()\nc.Flows.keep_notebooks = 7\n")
    settings = read_settings(environ={}, folders=[folder])
    assert (settings.keep_notebooks, settings.source("keep_notebooks")) == (7, f"{folder}/jupyter_flows_config.py")


def test_a_json_file_sets_and_wins_over_the_python_file_beside_it(tmp_path):
    """As everywhere in Jupyter, JSON is read after Python."""
    write(tmp_path, "c.Flows.keep_notebooks = 7\nc.Flows.default_project = 'p'\n")
    write(tmp_path, json.dumps({"Flows": {"keep_notebooks": 8}}), "jupyter_flows_config.json")
    settings = read_settings(environ={}, folders=[str(tmp_path)])
    assert (settings.keep_notebooks, settings.default_project) == (8, "p")


def test_the_first_folder_of_the_path_wins(tmp_path):
    """A user's file goes before the system's."""
    mine = write(tmp_path / "mine", "c.Flows.keep_notebooks = 1\n")
    system = write(tmp_path / "system", "c.Flows.keep_notebooks = 2\nc.Flows.record_outputs = 'none'\n")
    settings = read_settings(environ={}, folders=[mine, system])
    assert (settings.keep_notebooks, settings.record_outputs) == (1, "none")


def test_jupyters_own_configuration_folder_is_read(private_places):
    """Without folders given, Jupyter's configuration path is searched."""
    write(private_places / "jupyter_config_dir", "c.Flows.default_project = 'mine'\n")
    assert load_settings().default_project == "mine"


#: Who may choose, the least important first; each row adds one voice to those above it.
ORDER = (
    "the default",
    "file",
    "JUPYTER_FLOWS_DEFAULT_PROJECT",
    "%config",
    "the notebook's metadata",
    "the %flow line",
    "the option",
)


@pytest.mark.parametrize("rank", range(len(ORDER)), ids=ORDER)
def test_the_more_deliberate_choice_wins(rank, tmp_path):
    """Option > %flow line > notebook metadata > %config > environment variable > file > default."""
    voices = ORDER[: rank + 1]
    folders = [write(tmp_path, "c.Flows.default_project = 'of the file'\n")] if "file" in voices else []
    environ = {"JUPYTER_FLOWS_DEFAULT_PROJECT": "of the environment"} if rank >= 2 else {}
    settings = read_settings(environ=environ, folders=folders)
    if rank >= 3:
        settings.assign("default_project", "of %config", "%config")
    choice = resolve(
        "project",
        option="of the option" if rank >= 6 else None,
        line="of the line" if rank >= 5 else None,
        metadata={"project": "of the notebook"} if rank >= 4 else {},
        settings=settings,
    )
    value = (
        "default",
        "of the file",
        "of the environment",
        "of %config",
        "of the notebook",
        "of the line",
        "of the option",
    )
    source = f"{tmp_path}/jupyter_flows_config.py" if ORDER[rank] == "file" else ORDER[rank]
    assert choice == Choice(value[rank], source)


def test_a_setting_is_resolved_under_its_own_name():
    """`record_outputs` has no `default_` before it."""
    settings = read_settings(environ={"JUPYTER_FLOWS_RECORD_OUTPUTS": "errors"}, folders=[])
    assert resolve("record_outputs", settings=settings).value == "errors"
    assert resolve("record_outputs", option="none", settings=settings).value == "none"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "RECORD_OUTPUTS",
            "some",
            "Flows.record_outputs can't be 'some' (from JUPYTER_FLOWS_RECORD_OUTPUTS): it takes all, errors or none.",
        ),
        (
            "KEEP_NOTEBOOKS",
            "many",
            "Flows.keep_notebooks can't be 'many' (from JUPYTER_FLOWS_KEEP_NOTEBOOKS): it takes a whole number from 0.",
        ),
        (
            "KEEP_NOTEBOOKS",
            "-1",
            "Flows.keep_notebooks can't be '-1' (from JUPYTER_FLOWS_KEEP_NOTEBOOKS): it takes a whole number from 0.",
        ),
        (
            "IDLE_SECONDS",
            "soon",
            "Flows.idle_seconds can't be 'soon' (from JUPYTER_FLOWS_IDLE_SECONDS): it takes a number of seconds from 0.",
        ),
        (
            "DEFAULT_PROJECT",
            "a/b",
            "Flows.default_project can't be 'a/b' (from JUPYTER_FLOWS_DEFAULT_PROJECT): it takes a name without '/'.",
        ),
    ],
)
def test_a_bad_value_in_the_environment_is_named(variable, value, message):
    """The error names the setting, the value, where it came from and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        read_settings(environ={f"JUPYTER_FLOWS_{variable}": value}, folders=[])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c.Flows.record_outputs = 3", "Flows.record_outputs can't be 3 (from {path}): it takes all, errors or none."),
        (
            "c.Flows.keep_notebook = 3",
            "There is no setting Flows.keep_notebook (from {path}): did you mean 'keep_notebooks'?",
        ),
        ("c.Flows.keep_notebooks = ", "The settings file {path} can't be read (SyntaxError:"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, message):
    """A wrong value, an unknown name and a file that Python can't read each name the file."""
    folder = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(environ={}, folders=[folder])
    assert str(caught.value).startswith(message.format(path=f"{folder}/jupyter_flows_config.py"))


def test_a_broken_json_file_is_named(tmp_path):
    """JSON that is none gives one sentence with the path."""
    write(tmp_path, "{", "jupyter_flows_config.json")
    with pytest.raises(SettingsError, match=r"jupyter_flows_config\.json can't be read \(JSONDecodeError"):
        read_settings(environ={}, folders=[str(tmp_path)])


def test_an_empty_variable_sets_nothing():
    """`JUPYTER_FLOWS_KEEP_NOTEBOOKS=` is as good as unset."""
    assert read_settings(environ={"JUPYTER_FLOWS_KEEP_NOTEBOOKS": ""}, folders=[]).keep_notebooks == 30


def test_config_in_a_shell_sets_for_everybody_in_the_process(capsys):
    """`%config Flows.x = y` changes what `load_settings` gives from then on, and refuses what can't be."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.configurables.append(keep_settings())
    shell.run_line_magic("config", "Flows.keep_notebooks = 3")
    assert (load_settings().keep_notebooks, load_settings().source("keep_notebooks")) == (3, "%config")
    shell.run_line_magic("config", "Flows.keep_notebooks = 'x'")
    assert load_settings().keep_notebooks == 3
    shell._atexit_once()  # Now, while its history's folder is there.


def test_a_kept_setting_follows_the_environment(monkeypatch):
    """In a kernel `%env JUPYTER_FLOWS_...` counts from then on, unless `%config` has set the same."""
    settings = keep_settings()
    monkeypatch.setenv("JUPYTER_FLOWS_KEEP_NOTEBOOKS", "4")
    assert (load_settings() is settings, load_settings().keep_notebooks) == (True, 4)
    settings.assign("keep_notebooks", 5, "%config")
    monkeypatch.setenv("JUPYTER_FLOWS_KEEP_NOTEBOOKS", "6")
    assert (load_settings().keep_notebooks, load_settings().source("keep_notebooks")) == (5, "%config")
    monkeypatch.delenv("JUPYTER_FLOWS_KEEP_NOTEBOOKS")
    forget_settings()
    assert load_settings().keep_notebooks == 30


def test_config_refuses_by_name():
    """A wrong `%config` line is told what the setting takes."""
    from traitlets.config import Config

    with pytest.raises(
        SettingsError, match=r"Flows\.record_outputs can't be 'x' \(from %config\): it takes all, errors or none\."
    ):
        Flows().update_config(Config({"Flows": {"record_outputs": "x"}}))


def test_every_setting_says_what_it_takes_and_what_it_is_for():
    """Help and allowed values exist for each, so that errors and `%config Flows` can show them."""
    for name, trait in Flows.class_traits(config=True).items():
        assert trait.help, name
        assert trait.metadata["allowed"], name


def test_importing_reads_no_jupyter_paths():
    """The module stays light: jupyter_core is imported when files are looked for."""
    code = "import sys, jupyter_flows.settings; print('jupyter_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


PAGE = (Path(__file__).parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_guide_lists_every_setting():
    """Each setting stands in the guide with its variable and its default."""
    rows = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `Flows.")}
    assert set(rows) == {f"Flows.{name}" for name in Flows.names()}
    for name in Flows.names():
        default = getattr(Flows(), name)
        assert f"`JUPYTER_FLOWS_{name.upper()}`" in rows[f"Flows.{name}"]
        assert (f"{default:g}" if isinstance(default, int | float) else default) in rows[f"Flows.{name}"]


def test_the_guides_example_is_a_settings_file(tmp_path):
    """The file that the guide shows sets what it says."""
    folder = write(tmp_path, PAGE.partition("```py\n")[2].partition("```")[0])
    settings = read_settings(environ={}, folders=[folder])
    assert (settings.keep_notebooks, settings.record_outputs) == (100, "errors")
