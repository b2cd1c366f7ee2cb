"""Each mistake is one clear error that names the cell or value and says what to do; nothing is half registered."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from jupyter_flows.cli.app import run


def refused(capsys, *words, status=3):
    """Run a command that is refused; return its one line, having checked that nothing was recorded."""
    found = run([*map(str, words)])
    shown, said = capsys.readouterr()
    assert (found, shown) == (status, ""), said
    assert "Traceback" not in said
    assert run(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    return said


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["x = 1", "%%task bad\ny = 1\nz = (2"], ["Cell 2, line 3:"]),
        (["%%task bad\ny = nowhere + 1"], ["cell 1, line 2:", "nowhere"]),
        (["%%task a --after b\nx = 1", "%%task b --after a\ny = 1"], ["circle", "a -> b"]),
        (["%%task same\nx = 1", "%%task same\ny = 1"], ["'same'", "cell 1 and cell 2"]),
        (["%%task a --after nobody\nx = 1"], ["nobody"]),
        (["%%task a --retries many\nx = 1"], ["Cell 1, line 1:", "'many'"]),
    ],
    ids=["syntax", "undefined", "cycle", "duplicate", "unknown-after", "marker"],
)
def test_a_notebook_that_can_be_no_flow_is_refused(write_notebook, capsys, cells, words):
    """The error names the cell and line, or the names."""
    said = refused(capsys, "register", write_notebook(*cells), "--project", "p")
    assert [word for word in words if word not in said] == [], said


def test_refusals_carry_their_findings(write_notebook, capsys):
    """With --json the findings that refused are in the error document."""
    assert run(["register", str(write_notebook("%%task a\nx = nowhere")), "--project", "p", "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "RegisterRefused"
    assert [finding["code"] for finding in error["findings"]] == ["F001"]


@pytest.mark.parametrize("text", ["no json", "[]", '{"cells": []}', ""], ids=["text", "list", "no-format", "empty"])
def test_a_file_that_is_no_notebook(tmp_path, capsys, text):
    """What is no notebook is refused by its path, by every command that reads one."""
    path = tmp_path / "not.ipynb"
    path.write_text(text)
    for command in ("register", "check", "show", "diff"):
        said = refused(capsys, command, path)
        assert str(path) in said


def test_a_file_that_is_not_there_names_the_near_one(sales, capsys):
    """A misspelt path is answered with the notebook beside it."""
    said = refused(capsys, "register", sales.with_name("sale.ipynb"), status=4)
    assert f"did you mean {sales}?" in said


def test_a_folder_is_no_notebook(tmp_path, capsys):
    """A folder is told from a file."""
    assert "is a folder" in refused(capsys, "register", tmp_path, status=4)


def test_an_unknown_storage_names_the_known(sales, capsys):
    """The error says what there is."""
    assert "There is no storage 'ftp'; there are 'docker', 'local'" in refused(
        capsys, "register", sales, "--storage", "ftp"
    )


def test_an_unknown_storage_option_names_the_known(sales, capsys):
    """Nothing is dropped in silence."""
    said = refused(capsys, "register", sales, "-o", "folder=x")
    assert "Local storage takes no 'folder'; it takes 'directory'." in said


def test_a_storage_that_no_agent_can_load(sales, capsys):
    """Memory storage is refused for a registration."""
    assert "Memory" in refused(capsys, "register", sales, "--storage", "memory")


def test_metadata_that_choose_nonsense(write_notebook, capsys):
    """A storage in the metadata that is neither a name nor a class is named."""
    path = write_notebook("%%task a\nx = 1", jupyter_flows={"storage": 3})
    assert "choose the storage 3" in refused(capsys, "register", path)


def foreign_database(path):
    """Make a SQLite file of somebody else's."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (text)")
        database.commit()


@pytest.mark.parametrize("words", [["list"], ["runs"], ["doctor"], ["reset", "--yes"], ["agent", "start", "--once"]])
def test_a_registry_that_is_not_ours_is_left_alone(tmp_path, monkeypatch, capsys, words):
    """A file of another program's is named and not written to."""
    path = tmp_path / "theirs.db"
    foreign_database(path)
    before = path.read_bytes()
    monkeypatch.setenv("JUPYTER_FLOWS_REGISTRY", str(path))
    monkeypatch.setenv("COLUMNS", "400")  # The path shows whole, however long the temporary folder's name.
    assert run(words) == (1 if words == ["doctor"] else 3)
    shown, said = capsys.readouterr()
    assert str(path) in shown + said
    assert path.read_bytes() == before


def test_a_registry_of_a_newer_version_is_left_alone(sales, capsys):
    """A registry that a later version wrote is named, with what to do, and not touched."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        path = registry.path
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        database.commit()
    assert run(["register", str(sales)]) == 3
    said = capsys.readouterr().err
    assert str(path) in said
    assert "Update jupyter_flows" in said


def test_a_bad_setting_is_named(monkeypatch, capsys):
    """A wrong value in the environment is refused with the variable's name and what is allowed."""
    monkeypatch.setenv("JUPYTER_FLOWS_KEEP_NOTEBOOKS", "many")
    assert run(["where"]) == 3
    assert "JUPYTER_FLOWS_KEEP_NOTEBOOKS" in capsys.readouterr().err


def test_an_agent_of_the_same_name_is_refused(capsys):
    """The second of two agents of one name is told where the first runs."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        registry.agents.start("twin", "local", [])
        said = refused(capsys, "agent", "start", "--name", "twin", "--once")
    assert "'twin' runs already" in said
    assert "another name" in said


def test_options_of_another_kind_of_agent(capsys):
    """What only a Docker agent takes is named when it is given to another."""
    said = refused(capsys, "agent", "start", "--memory", "1g", "--no-pull", status=2)
    assert "--no-pull, --memory: only a docker agent takes that, and this is a local one." in said


def test_a_docker_agent_without_an_engine(capsys, monkeypatch, tmp_path):
    """It does not start, and says where it looked."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert "No container engine answers" in refused(capsys, "agent", "start", "docker")
