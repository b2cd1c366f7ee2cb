from __future__ import annotations

import sys
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from jupyter_flows.capture.requirements import pin, requirement_findings


def test_modules_are_pinned_to_what_they_came_from(install):
    """A module's name is not its distribution's; versions are those installed; the list is sorted."""
    install("Some_Dist", "1.2", "flows_zmod/__init__.py", "flows_zmod/sub.py")
    install("another", "2.0+local", "flows_amod.py")
    assert pin({"flows_zmod.sub", "flows_amod"}).pinned == ("another==2.0+local", "some-dist==1.2")


def test_of_a_namespace_only_what_is_imported_is_pinned(install):
    """Of several distributions below one name the imported one is pinned."""
    install("ns-storage", "1", "flows_ns/cloud/storage/__init__.py")
    install("ns-tables", "2", "flows_ns/cloud/tables.py")
    assert pin({"flows_ns.cloud.storage"}).pinned == ("ns-storage==1",)


def test_a_package_installed_later_is_seen(install):
    """A long-lived kernel that installs a package pins it without a restart."""
    assert pin({"flows_later"}).missing == ("flows_later",)
    install("later", "1", "flows_later.py")
    assert pin({"flows_later"}).pinned == ("later==1",)


def test_explicit_requirements_take_the_place_of_pins(install):
    """`--requires` says it better than what happens to be installed."""
    install("some-dist", "1.2", "flows_zmod.py")
    assert pin({"flows_zmod"}, explicit=["Some_Dist>=1", "other"]).pinned == ("Some_Dist>=1", "other")


def test_the_shell_is_a_requirement_where_it_is_needed():
    """Cells with magics or rich display bring IPython along."""
    assert pin(set(), shell=True).pinned == (f"ipython=={version('ipython')}",)
    assert pin(set()).pinned == ()


def test_what_is_not_installed_is_missing():
    """A module that nothing provides is named, not guessed."""
    found = pin({"flows_nothing.sub"})
    assert (found.pinned, found.missing) == ((), ("flows_nothing",))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ({"url": "file:///x", "dir_info": {"editable": True}}, "it is installed from a folder here, editable"),
        ({"url": "file:///x", "dir_info": {}}, "it is installed from a folder or file here"),
        ({"url": "https://x", "vcs_info": {"vcs": "git"}}, "it is installed from a repository"),
    ],
)
def test_what_no_index_has_is_flagged(install, url, reason):
    """Editable installs, folders and repositories can't be installed elsewhere by name and version."""
    install("mine", "1", "flows_mine.py", url=url)
    found = pin({"flows_mine"})
    assert (found.pinned, found.unpublished) == (("mine==1",), {"mine": reason})


def test_a_module_on_the_path_only_is_flagged(tmp_path, monkeypatch):
    """What lies in a folder of PYTHONPATH works here and nowhere else."""
    (tmp_path / "flows_loose.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = pin({"flows_loose"})
    assert (found.pinned, found.missing) == ((), ())
    assert found.unpublished == {"flows_loose": "it is found on this machine's path only"}
    assert "flows_loose" not in sys.modules


REPOSITORY = {"url": "https://me:pw@host/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}


@pytest.mark.parametrize(
    ("url", "pinned"),
    [
        (REPOSITORY, "mine @ git+https://host/r.git@abc123"),
        ({**REPOSITORY, "subdirectory": "py"}, "mine @ git+https://host/r.git@abc123#subdirectory=py"),
        ({**REPOSITORY, "url": "ssh://git@host/r.git"}, "mine @ git+ssh://git@host/r.git@abc123"),
        ({"url": "https://host/mine-1.whl", "archive_info": {}}, "mine @ https://host/mine-1.whl"),
    ],
)
def test_repositories_and_addresses_are_pins(install, url, pinned):
    """What comes from a commit or an address is pinned to it, without anybody's password, and is said."""
    install("mine", "1", "flows_mine.py", url=url)
    found = pin({"flows_mine"})
    assert (found.pinned, found.unpublished) == ((pinned,), {})
    assert [(f.code, f.level) for f in requirement_findings(found)] == [("F020", "info")]


def test_a_repository_on_this_machine_is_nobody_elses(install):
    """A commit of a local repository can't be installed elsewhere."""
    install("mine", "1", "flows_mine.py", url={**REPOSITORY, "url": "file:///r"})
    assert pin({"flows_mine"}).unpublished == {"mine": "it is installed from a repository"}


DECLARED = {
    "met": ("some-dist>=1", "some-dist==1.2", {}),
    "met, with extras and a marker": (
        "Some_Dist[x,a]>=1; python_version > '3'",
        'some-dist[a,x]==1.2 ; python_version > "3"',
        {},
    ),
    "met by a pre-release": ("early", "early==2.0b1", {}),
    "not met": ("some-dist>=2", "some-dist>=2", {"some-dist>=2": "1.2 is"}),
    "not installed": ("flows-none>=1", "flows-none>=1", {"flows-none>=1": "nothing of that name is"}),
    "not for here": ("flows-none; sys_platform == 'win99'", 'flows-none; sys_platform == "win99"', {}),
    "an address": ("flows-none @ https://h/x.whl", "flows-none @ https://h/x.whl", {}),
}


@pytest.mark.parametrize(("text", "pinned", "unmet"), DECLARED.values(), ids=DECLARED.keys())
def test_what_the_notebook_declares(install, text, pinned, unmet):
    """A declared requirement is pinned where what is installed meets it; else its bounds stay, and it is said."""
    install("some-dist", "1.2", "flows_zmod.py")
    install("early", "2.0b1", "flows_early.py")
    found = pin(set(), declared=[Requirement(text)])
    assert (found.pinned, found.unmet) == ((pinned,), unmet)
    assert [(f.code, f.level) for f in requirement_findings(found)] == [("F022", "warning")] * len(unmet)


def test_declared_and_imported_are_one(install):
    """A requirement that is declared and imported stands once; the task's own word goes before both."""
    install("some-dist", "1.2", "flows_zmod.py")
    declared = [Requirement("Some.Dist[x]>=1")]
    found = pin({"flows_zmod"}, declared=declared)
    assert (found.pinned, found.by_module) == (("some-dist[x]==1.2",), {"flows_zmod": ("some-dist[x]==1.2",)})
    assert pin({"flows_zmod"}, declared=declared, explicit=["some-dist==9"]).pinned == ("some-dist==9",)
