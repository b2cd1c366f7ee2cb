from __future__ import annotations

import json
import stat

import pytest

from jupyter_flows import secret
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.masking import Masker
from jupyter_flows.engine.secrets import (
    environment_secrets,
    find_secret,
    forget_secret,
    hide_environment,
    keep_secret,
    kept_secrets,
)
from jupyter_flows.errors import NoSuchError, SecretError, SecretMissingError
from tests.engine.runs import cell_task, flow_of_cells


def test_a_kept_secret_is_found():
    """What is kept is found again, in a file of its user's alone."""
    path = keep_secret("API_KEY", "open\nsesame é")
    assert find_secret("API_KEY") == secret("API_KEY") == "open\nsesame é"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert kept_secrets() == ["API_KEY"]
    forget_secret("API_KEY")
    assert (find_secret("API_KEY"), kept_secrets()) == (None, [])


def test_a_variable_goes_before_what_is_kept(monkeypatch):
    """The environment of a run can give another value than the file; an empty variable is none."""
    keep_secret("API_KEY", "kept value")
    monkeypatch.setenv("JUPYTER_FLOWS_SECRET_API_KEY", "given value")
    assert secret("API_KEY") == "given value"
    assert environment_secrets() == ["API_KEY"]
    monkeypatch.setenv("JUPYTER_FLOWS_SECRET_API_KEY", "")
    assert secret("API_KEY") == "kept value"


def test_a_missing_secret_is_named_with_what_to_do():
    """The error says which one, and both ways to set it."""
    with pytest.raises(SecretMissingError) as caught:
        secret("API_KEY")
    assert str(caught.value) == (
        "Secret 'API_KEY' is not set: \"jupyter flows secret set API_KEY\" keeps it for the user of the runs, "
        "or set the variable JUPYTER_FLOWS_SECRET_API_KEY where they run."
    )


@pytest.mark.parametrize("name", ["", "a b", "../up", "1A", "ü", "a-b", None])
def test_names_are_names_of_variables(name):
    """A name can be no path and nothing that an environment variable can't be called."""
    with pytest.raises(SecretError, match="can't be called"):
        secret(name)


@pytest.mark.parametrize("value", ["", "abc", "  a  \n"])
def test_short_values_are_refused(value):
    """What is too short to be hidden without hiding half of all text is not taken."""
    with pytest.raises(SecretError, match="fewer than 4 characters"):
        keep_secret("PIN", value)


def test_a_file_that_others_may_read_is_refused():
    """A secret that may be known to others is no secret."""
    keep_secret("API_KEY", "opensesame").chmod(0o644)
    with pytest.raises(SecretError, match="others may read"):
        secret("API_KEY")


def test_what_is_not_kept_can_t_be_removed():
    """Removing names what is not there."""
    with pytest.raises(NoSuchError, match="No secret 'API_KEY' is kept"):
        forget_secret("API_KEY")


def test_all_secrets_of_the_environment_are_hidden():
    """Who prints the environment shows none of them, referred to or not."""
    masker = Masker()
    hide_environment(masker, environ={"JUPYTER_FLOWS_SECRET_A": "opensesame", "HOME": "/home/me"})
    assert masker.text("opensesame /home/me") == "*** /home/me"


# In a run.

VALUE = "opensesame-42"
READ = '__import__("jupyter_flows").secret("API_KEY")'


def secret_cell(ordinal: int, code: str, **options) -> CellTask:
    """Make a task of a cell whose secret has been taken out."""
    made = cell_task(ordinal, code, **options)
    made.cell = Cell(code, ordinal, tags=frozenset({"secret:API_KEY"}))
    return made


def lines_of(story) -> str:
    return "\n".join(json.dumps(dict(e.body), default=str) for e in story.events)


@pytest.mark.parametrize("shell", [False, True])
def test_a_run_says_no_value(runner, shell):
    """Nothing that leaves a run's process has the value: prints, displays, processes' output, logs, tracebacks."""
    keep_secret("API_KEY", VALUE)
    cells = [
        secret_cell(1, f"key = {READ}", shell=shell),
        cell_task(
            2, "print('length', len(key), key)\nimport sys\nsys.stderr.write(key[:4]); sys.stderr.write(key[4:])"
        ),
        cell_task(3, "import time\nprint(key[:5], end='', flush=True)\ntime.sleep(.35)\nprint(key[5:])", shell=shell),
        cell_task(4, "import subprocess\n_ = subprocess.run(['echo', key], check=True)", shell=shell),
        cell_task(5, "from jupyter_flows import context\ncontext.logger.info('key %s', key)\n{'k': key}", shell=shell),
        cell_task(6, "raise ValueError(f'bad {key}')", shell=shell),
    ]
    story = runner.run(flow_of_cells(cells))
    assert story.state[0] == "Failed"
    assert VALUE not in lines_of(story)
    assert story.text("cell_2") == "length 13 ***\n"
    assert story.text("cell_2", "stderr") == "***"
    assert (story.text("cell_3"), story.text("cell_4")) == ("***\n", "***\n")
    assert story.outputs("cell_5")[0]["data"]["text/plain"] == "{'k': '***'}"
    assert story.outputs("cell_6")[0]["evalue"] == "bad ***"
    assert story.message("cell_6") == "ValueError bad *** (cell 6, line 1)"


def test_text_past_the_limit_shows_no_value(runner, tmp_path):
    """The file that takes what is too long for events is masked too."""
    keep_secret("API_KEY", VALUE)
    code = f"key = {READ}\nprint('x' * (8 << 20))\nprint(key)"
    runner.run(flow_of_cells([secret_cell(1, code)]), output_folder=str(tmp_path / "long"))
    (file,) = (tmp_path / "long").iterdir()
    assert file.read_text().endswith("***\n")


def test_a_run_without_its_secret_starts_no_task(runner):
    """What is missing is said before anything runs, all of it at once."""
    story = runner.run(flow_of_cells(["print(1)", secret_cell(2, f"key = {READ}")]))
    assert story.state[0] == "Failed"
    assert story.state[1].startswith("Secret 'API_KEY' is not set")
    assert story.tasks() == {}


def test_a_secret_asked_for_by_a_task_is_hidden_from_then_on(runner):
    """`secret("NAME")` in any code reads and hides it; where it is missing the cell fails and says what to do."""
    keep_secret("API_KEY", VALUE)
    flow = flow_of_cells(["from jupyter_flows import secret\nprint(secret('API_KEY'))", "secret('OTHER_KEY')"])
    story = runner.run(flow)
    assert story.text("cell_1") == "***\n"
    assert story.message("cell_2").startswith("SecretMissingError Secret 'OTHER_KEY' is not set")


def test_the_environment_printed_shows_no_secret(runner):
    """A run that prints its environment shows the variable and not the value."""
    story = runner.run(
        flow_of_cells(["import os\nprint(os.environ['JUPYTER_FLOWS_SECRET_X'])"]), env={"JUPYTER_FLOWS_SECRET_X": VALUE}
    )
    assert story.text("cell_1") == "***\n"
