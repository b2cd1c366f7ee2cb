from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from jupyter_flows.registry import open_registry
from tests.magics.speaking import save

SALES = [
    "%flow sales --project shop",
    "%%task load\ndf = [3, 1, 2]",
    "df[0]",
    "%%task clean\ndf.sort()",
    "%%task report\nprint(df)",
]
NO_FILE = "there is no saved notebook: cells in the order they were first run"


def registered():
    with open_registry() as registry:
        return [(v.project, v.flow, v.version) for v in registry.flows.list()]


def test_the_lines_of_a_registration(talk):
    """What text was used, the order and what was left out, then version, storage, interpreter, folder and time."""
    talk(*SALES)
    source, order, version = talk("%flow_register").splitlines()
    assert source == NO_FILE
    assert order == "load -> clean -> report · left out: cell 3 (nothing needs it)"
    assert re.fullmatch(r"v1 · Local · \S*python\S* in \S+ · [\d.]+ m?s", version)
    assert registered() == [("shop", "sales", 1)]


def test_an_unchanged_flow_keeps_its_version(talk):
    """The second registration says that nothing has changed."""
    talk(*SALES, "%flow_register")
    assert "\nv1, nothing has changed · Local · " in talk("%flow_register")
    assert registered() == [("shop", "sales", 1)]


def test_a_changed_task_makes_the_next_version(talk):
    """Running a cell again replaces its task, and the new version says what changed, task by task."""
    talk(*SALES, "%flow_register", "%%task clean\ndf.sort(reverse=True)")
    shown = talk("%flow_register").splitlines()
    assert shown[2] == "  task 'clean': code"
    assert shown[3].startswith("v2 · Local · ")


def test_a_dry_run_records_nothing(talk):
    """--dry-run says what the version would be and what would change."""
    talk(*SALES, "%flow_register", "%%task clean --retries 2\ndf.sort()")
    assert talk("%flow_register --dry-run").splitlines()[2:] == [
        "dry run: shop/sales would be v2",
        "~ clean  options (max_retries 0 -> 2)",
    ]
    assert registered() == [("shop", "sales", 1)]


def test_errors_refuse_with_cell_and_line(talk):
    """Nothing is registered when a check finds errors, and each names its place."""
    talk("%flow sales --project shop", "%%task report --no-run\n\nprint(gross)")
    shown = talk.refused("%flow_register")
    assert "cell 2, line 3: no cell defines `gross`: define it in a cell above (F001)\nNothing was registered." in shown
    assert registered() == []


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["%%task a --no-run\nx = ("], "Cell 2, line 2: "),
        (["%%task a --after b\nx = 1", "%%task b --after a\ny = 1"], "wait for each other in a circle"),
        (["%%task a\nx = 1", "#| task: a\ny = 1\n%time"], ""),
        (["%%task a --after nope\nx = 1"], "Cell 2: --after names the task 'nope', which this flow has not"),
        (
            ["#| task: a --retires 2\nx = 1"],
            "Cell 2, line 1: %%task takes no option '--retires' (did you mean --retries or --requires?)",
        ),
    ],
)
def test_what_can_t_be_a_flow_is_named(talk, cells, message):
    """Syntax errors, circles, unknown names and marks that can't be read: one message, nothing registered."""
    talk("%flow sales --project shop", *cells)
    if not message:
        return
    assert message in talk.refused("%flow_register")
    assert registered() == []


def test_a_name_given_twice_is_named(talk, tmp_path):
    """Two cells of a saved notebook with one task name are both named."""
    save(tmp_path / "sales.ipynb", ["%%task a\nx = 1", "%%task a\ny = 1"])
    shown = talk.refused("%flow --notebook sales.ipynb\n%flow_register")
    assert shown.endswith("Two tasks are named 'a' (cell 1 and cell 2): give one of them another name.")


def test_the_project_may_be_given(talk):
    """A word without = is the project; two of them are one too many."""
    talk(*SALES, "%flow_register other")
    assert registered() == [("other", "sales", 1)]
    assert talk.refused("%flow_register one two").startswith("%flow_register takes one project, not 'one' and 'two'")


def test_storage_and_its_options(talk, tmp_path):
    """key=value goes to the storage; what it does not take is named with what it does."""
    talk(*SALES, f"%flow_register directory={tmp_path / 'kept'}")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert "Local storage takes no 'colour'; it takes 'directory'." in talk.refused("%flow_register colour=red")
    assert "There is no storage 'cupboard'" in talk.refused("%flow_register --storage cupboard")
    assert "Local storage takes no 'registry_url'" in talk.refused("%flow_register --registry-url localhost:5000")
    assert "Memory storage is gone with this process" in talk.refused("%flow_register --storage memory")
    assert registered() == [("shop", "sales", 1)]


def test_another_notebook_as_it_is(talk, tmp_path):
    """--notebook registers a file without any mark in it, whatever this notebook is, and leaves this one alone."""
    save(tmp_path / "analysis.ipynb", ["xs = [1]", "ys = [2]", "print(xs + ys)"])
    talk(*SALES)
    source, order, version = talk(f"%flow_register --notebook {tmp_path}/analysis.ipynb --project p").splitlines()
    assert source.startswith("analysis.ipynb as saved ")
    assert order == "cell_1, cell_2 -> cell_3"
    assert version.startswith("v1 · Local · ")
    assert registered() == [("p", "analysis", 1)]
    assert talk("%flow_register").splitlines()[0] == NO_FILE


def test_another_notebook_that_is_not_there(talk, tmp_path):
    """--notebook says which file it did not find."""
    assert "nothing.ipynb" in talk.refused(f"%flow_register --notebook {tmp_path}/nothing.ipynb")
    assert registered() == []


def test_labels_join_the_version(talk):
    """--label says which agents may take it, and the result line shows it."""
    talk(*SALES)
    assert " · labels dev, gpu · " in talk("%flow_register --label gpu --label dev")
    with open_registry() as registry:
        assert registry.flows.get("shop", "sales").labels == ("dev", "gpu")


def test_no_build_registers_what_was_built(talk):
    """--no-build needs a build of this very flow, and says what changed since."""
    talk(*SALES)
    assert "nothing was" in talk.refused("%flow_register --no-build")
    talk("%flow_register")
    assert "nothing has changed" in talk("%flow_register --no-build")
    talk("%%task clean\ndf.sort(reverse=True)")
    assert "has changed since its storage was built: task 'clean': code" in talk.refused("%flow_register --no-build")


def test_a_saved_notebook_and_a_newer_cell(talk, tmp_path):
    """The file decides which cells there are; a cell run after it was saved counts with its newer text."""
    path = tmp_path / "sales.ipynb"
    save(path, SALES)
    at = datetime(2026, 11, 22, 14, 2).astimezone().timestamp()
    os.utime(path, (at, at))
    talk("%flow --notebook sales.ipynb", "df = [1]", "%%task clean\ndf.sort(reverse=True)")
    source = talk("%flow_register").splitlines()[0]
    assert re.match(r"sales.ipynb as saved (22 Nov )?14:02; cell 4 was run since: newer text used", source)
    with open_registry() as registry:
        document = registry.flows.get("shop", "sales").document
    assert [t["slug"] for t in document["tasks"]] == ["load", "clean", "report"]


def test_a_deleted_cell_leaves_no_ghost(talk, tmp_path):
    """A task whose cell is gone from the saved notebook is gone from the flow."""
    talk(*SALES, "%%task extra\nprint(df)")
    save(tmp_path / "sales.ipynb", SALES)
    talk("%flow --notebook sales.ipynb")
    assert "extra" not in talk("%flow_show")


def test_metadata_choose_as_on_the_command_line(talk, tmp_path):
    """What the notebook's metadata say of project, labels and environment holds in the kernel too."""
    path = tmp_path / "sales.ipynb"
    save(path, SALES[1:])
    document = json.loads(path.read_text())
    document["metadata"]["jupyter_flows"] = {
        "project": "lab",
        "labels": ["gpu"],
        "environment": {"class": "LocalEnvironment", "options": {}},
    }
    path.write_text(json.dumps(document))
    talk("%flow --notebook sales.ipynb", "%flow_register")
    with open_registry() as registry:
        version = registry.flows.get("lab", "sales")
    assert version.labels == ("gpu",)
    assert version.document["environment"]["class"] == "jupyter_flows.environments.LocalEnvironment"


def test_a_file_that_is_no_notebook(talk, tmp_path):
    """JSON that is none gives one line."""
    Path(tmp_path / "bad.ipynb").write_text("{not json")
    assert "bad.ipynb is not a notebook: it is not JSON" in talk.refused("%flow x --notebook bad.ipynb")
