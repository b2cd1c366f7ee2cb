from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_flows import Flow, task
from jupyter_flows.cli.app import run
from jupyter_flows.cli.cleaning import UNUSED_SECONDS, YOUNG_SECONDS, clean, unneeded
from jupyter_flows.executed import executed_path
from jupyter_flows.places import artifacts_folder, data_folder, images_folder
from jupyter_flows.registry import open_registry

NOON = 1_800_000_000.0


@task
def one():
    """Give 1."""
    return 1


@task
def two():
    """Give 2."""
    return 2


def register(work, name="flow"):
    """Register a flow of one task."""
    with Flow(name) as flow:
        work()
    return flow.register("p")


def answer(capsys, *words, status=0):
    """Run a command with --json and return its document."""
    assert run([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def aged(path: Path, seconds: float) -> Path:
    """Make a file look that old at noon."""
    os.utime(path, (NOON - seconds, NOON - seconds))
    return path


def test_gc_removes_stored_flows_that_no_version_refers_to():
    """A deleted flow's file goes once it is old enough not to be on its way into the registry; others stay."""
    kept = register(one, "kept").artifact.uri
    gone = register(two, "gone").artifact.uri
    with open_registry() as registry:
        registry.flows.delete("p", "gone")
    for path in artifacts_folder().iterdir():
        aged(path, YOUNG_SECONDS - 1)
    assert unneeded(now=NOON).files == ()
    waste = unneeded(now=NOON + 2)
    assert [(w.path.as_uri(), w.why) for w in waste.files] == [(gone, "no version refers to it")]
    clean(waste)
    assert [path.as_uri() for path in artifacts_folder().iterdir()] == [kept]


def test_gc_removes_what_made_images_and_lies_unused():
    """Wheels, layers and venvs are made again when they are needed; images that are kept here are not."""
    for name in ("wheels/old", "layers/old", "layers/new", "images/index.json"):
        path = images_folder() / name
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if path.parent.name == "wheels" else path.touch()
        aged(path, UNUSED_SECONDS + (-1 if path.name == "new" else 1))
    waste = unneeded(now=NOON)
    assert [w.path.relative_to(images_folder()).as_posix() for w in waste.files] == ["layers/old", "wheels/old"]
    clean(waste)
    assert not (images_folder() / "wheels" / "old").exists()


def test_gc_keeps_so_many_notebooks_of_a_flow(monkeypatch, capsys):
    """The newest are kept, those of runs that are gone are not."""
    register(one)
    with open_registry() as registry:
        runs = [registry.runs.create(registry.flows.find("flow")).id for _ in range(3)]
    for number in (*runs, 99):
        path = executed_path("p", "flow", number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    monkeypatch.setenv("JUPYTER_FLOWS_KEEP_NOTEBOOKS", "2")
    would = answer(capsys, "gc", "--dry-run")
    assert {Path(w["path"]).name: w["why"] for w in would["removed"]} == {
        "99.ipynb": "its run was deleted",
        "1.ipynb": "more than 2 of this flow",
    }
    assert len(list(path.parent.iterdir())) == 4
    assert answer(capsys, "gc")["freed_bytes"] == 4
    assert sorted(p.name for p in path.parent.iterdir()) == ["2.ipynb", "3.ipynb"]


def test_gc_removes_long_texts_of_runs_that_are_gone(capsys):
    """Folders of deleted runs go at once, those of runs that no registry knew after a week."""
    from jupyter_flows.cli.cleaning import LONG_GONE_SECONDS
    from jupyter_flows.executed.texts import texts_path
    from jupyter_flows.places import outputs_folder

    gone, old, new = texts_path("P", "f", 77), *(outputs_folder() / f"unrecorded-{n}" for n in ("old", "new"))
    for folder in (gone, old, new):
        folder.mkdir(parents=True)
        (folder / "run.stdout.txt").write_text("much")
    long_ago = new.stat().st_mtime - LONG_GONE_SECONDS - 10
    os.utime(old, (long_ago, long_ago))
    removed = answer(capsys, "gc")["removed"]
    assert {(w["path"], w["size_bytes"]) for w in removed} == {(str(gone), 4), (str(old), 4)}
    assert [p.exists() for p in (gone, old, new)] == [False, False, True]


def test_gc_leaves_files_that_another_registry_may_need(tmp_path, monkeypatch, capsys):
    """With a registry elsewhere, nothing in the data folder is judged by it."""
    register(one)
    monkeypatch.setenv("JUPYTER_FLOWS_REGISTRY", str(tmp_path / "other.db"))
    assert run(["gc"]) == 0
    shown, said = capsys.readouterr()
    assert shown == "Nothing to remove.\n"
    assert "whose files are left alone" in said


def test_gc_forgets_agents_that_are_gone_for_long():
    """A week after it was last heard of, an agent that has stopped leaves the list."""
    with open_registry() as registry:
        agent = registry.agents.start("old", "local", [])
        registry.agents.stop(agent.id)
        beat = agent.beat_at.timestamp()
        clean(unneeded(), now=beat + 7 * 86400 - 1)
        assert [a.name for a in registry.agents.list(everyone=True)] == ["old"]
        clean(unneeded(), now=beat + 7 * 86400 + 1)
        assert registry.agents.list(everyone=True) == []


def test_reset_removes_everything(capsys):
    """Registry, stored flows and executed notebooks go; what is asked for by name stays gone."""
    register(one)
    path = executed_path("p", "flow", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    document = answer(capsys, "reset", "--yes")
    assert sorted(Path(p).name for p in document["removed"]) == ["artifacts", "notebooks", "registry.sqlite"]
    assert document["freed_bytes"] > 0
    assert [p for p in data_folder().rglob("*") if p.is_file()] == []
    assert answer(capsys, "list") == []


def test_reset_waits_for_agents_to_stop(capsys):
    """While an agent is at work nothing is removed, and the agent is named."""
    register(one)
    with open_registry() as registry:
        registry.agents.start("busy", "local", [])
    assert run(["reset", "--yes"]) == 3
    assert "'busy'" in capsys.readouterr().err
    assert len(answer(capsys, "list")) == 1


def test_where_says_what_is_kept_where(private_places, capsys):
    """The places, their sizes, and where each setting comes from."""
    register(one)
    document = answer(capsys, "where")
    home = private_places / "jupyter_data_dir" / "jupyter_flows"
    assert {name: document[name] for name in ("data", "artifacts", "notebooks")} == {
        "data": str(home),
        "artifacts": str(home / "artifacts"),
        "notebooks": str(home / "notebooks"),
    }
    assert document["registry"] == str(home / "registry.sqlite")
    assert document["size_bytes"]["artifacts"] > 0
    assert document["settings"]["keep_notebooks"] == {"value": 30, "from": "the default"}


def levels(document):
    """Return the checks that are not well."""
    return [(c["name"], c["level"], c["message"]) for c in document["checks"] if c["level"] != "ok"]


def test_doctor_finds_nothing_wrong_in_a_sound_place(capsys):
    """Every check is ok, and so is the whole."""
    register(one)
    document = answer(capsys, "doctor")
    assert (document["ok"], levels(document)) == (True, [])


def test_doctor_names_a_flow_whose_file_is_gone(capsys):
    """A stored flow that can't be loaded is an error with its remedy, and exit status 1."""
    register(one)
    for path in artifacts_folder().iterdir():
        path.write_bytes(b"damaged")
    document = answer(capsys, "doctor", status=1)
    [(name, level, message)] = levels(document)
    assert (name, level) == ("p/flow v1", "error")
    assert "damaged or replaced" in message
    assert "Register it again" in document["checks"][-1]["fix"]


def test_doctor_says_why_a_run_waits(capsys):
    """A run that no agent takes is a warning that says how to start one."""
    register(one)
    with open_registry() as registry:
        registry.runs.create(registry.flows.find("flow"), labels=["gpu"])
    document = answer(capsys, "doctor")
    assert levels(document) == [("agents", "warning", "1 run waiting. No agent offers 'gpu'.")]
    assert document["checks"][-1] != document["checks"][0]
    assert 'Start one with "jupyter flows agent start --label gpu".' in [c["fix"] for c in document["checks"]]


def test_doctor_names_a_misspelt_variable(monkeypatch, capsys):
    """A variable of ours that sets nothing is a warning."""
    monkeypatch.setenv("JUPYTER_FLOWS_RECORD_OUTPUT", "none")
    assert levels(answer(capsys, "doctor")) == [
        ("settings", "warning", "The environment variable JUPYTER_FLOWS_RECORD_OUTPUT sets nothing.")
    ]


@pytest.mark.parametrize("words", [["doctor"], ["where"], ["gc"], ["list"]])
def test_upkeep_makes_sense_before_anything_was_done(words, capsys):
    """On a new machine nothing fails, and something is said."""
    assert run(words) == 0
    assert capsys.readouterr().out.strip()
