from __future__ import annotations

import json
import sys
from importlib.metadata import version

import pytest

from jupyter_flows.capture.requirements import distributions_of, pin


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution of given files into a folder on the path."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def put(name, number, *files, url=None):
        info = folder / f"{name.replace(chr(45), chr(95))}-{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        for file in files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (info / "RECORD").write_text("".join(f"{f},,\n" for f in [*files, f"{info.name}/METADATA"]))
        if url:
            (info / "direct_url.json").write_text(json.dumps(url))

    return put


def test_modules_are_pinned_to_what_they_came_from(install):
    """A module's name is not its distribution's; versions are those installed; the list is sorted."""
    install("Some_Dist", "1.2", "flows_zmod/__init__.py", "flows_zmod/sub.py")
    install("another", "2.0+local", "flows_amod.py")
    assert pin({"flows_zmod.sub", "flows_amod"}).pinned == ("another==2.0+local", "some-dist==1.2")


def test_a_shared_top_level_name_is_told_apart(install):
    """Of the distributions below one namespace those count whose files are imported."""
    install("ns-storage", "1", "flows_ns/cloud/storage/__init__.py")
    install("ns-tables", "2", "flows_ns/cloud/tables.py")
    assert distributions_of("flows_ns.cloud.storage") == ("ns-storage",)
    assert distributions_of("flows_ns.cloud.tables") == ("ns-tables",)
    assert distributions_of("flows_ns.cloud") == ("ns-storage", "ns-tables")


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
    assert (found.pinned, found.missing) == ((), ("flows_nothing.sub",))


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
