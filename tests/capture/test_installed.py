from __future__ import annotations

import importlib.metadata
import sys

from jupyter_flows.capture.installed import distributions_of, find_distribution


def names(module):
    return [d.name for d in distributions_of(module)]


def test_a_module_is_found_by_its_files(install):
    """Whatever the distribution is called; a module, a package, and a compiled module."""
    install("Some_Dist", "1.2", "flows_zmod/__init__.py")
    install("another", "2.0", "flows_amod.py")
    install("fast", "3", "flows_fmod.cpython-311-x86_64-linux-gnu.so")
    assert (names("flows_zmod.sub"), names("flows_amod"), names("flows_fmod")) == (["some-dist"], ["another"], ["fast"])
    assert names("flows_nothing") == []
    assert [d.version for d in distributions_of("flows_zmod")] == ["1.2"]


def test_the_name_alone_is_not_believed(install):
    """A distribution that is called like the module but does not hold it is not its."""
    install("flows-other", "1", "flows_else.py")
    install("truly", "2", "flows_other/__init__.py")
    assert names("flows_other") == ["truly"]


def test_a_shared_top_level_name_is_told_apart(install):
    """Of the distributions below one namespace those count whose files are imported, as deep as they tell."""
    install("ns-storage", "1", "flows_ns/cloud/storage/__init__.py")
    install("ns-tables", "2", "flows_ns/cloud/tables.py")
    assert names("flows_ns.cloud.storage") == ["ns-storage"]
    assert names("flows_ns.cloud.tables.Table") == ["ns-tables"]
    assert names("flows_ns.cloud") == ["ns-storage", "ns-tables"]


def test_a_package_installed_later_is_seen(install):
    """A long-lived kernel that installs a package knows it without a restart."""
    assert names("flows_later") == []
    install("later", "1", "flows_later.py")
    assert names("flows_later") == ["later"]
    assert find_distribution("Later").version == "1"


def test_an_old_installation_is_known_by_its_list(install):
    """Distributions without RECORD name their modules in top_level.txt."""
    info = install("x", "1") / "old_style-1.0.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old-style\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("flows_old\n")
    assert [(d.name, d.version) for d in distributions_of("flows_old")] == [("old-style", "1.0")]


def test_an_editable_installation_is_known_by_its_folder(install, tmp_path, monkeypatch):
    """What is imported from a source folder belongs to the distribution that was installed from there."""
    source = tmp_path / "my source"
    (source / "src" / "flows_edited").mkdir(parents=True)
    (source / "src" / "flows_edited" / "__init__.py").write_text("")
    install("edited", "0.1", "_edited.pth", url={"url": source.as_uri(), "dir_info": {"editable": True}})
    monkeypatch.syspath_prepend(source / "src")
    assert [(d.name, d.version) for d in distributions_of("flows_edited.inner")] == [("edited", "0.1")]
    assert names("flows_nowhere") == []


def test_it_agrees_with_the_standard_library():
    """For each top-level name here that one distribution provides, the answer is `packages_distributions`'."""
    known = importlib.metadata.packages_distributions()
    tops = [t for t, found in known.items() if len(set(found)) == 1 and t.isidentifier() and not t.startswith("_")]
    tops = [t for t in tops if t not in sys.stdlib_module_names]
    assert len(tops) > 50
    canonical = {t: known[t][0].lower().replace("_", "-").replace(".", "-") for t in tops}
    assert {t: names(t) for t in tops} == {t: [name] for t, name in canonical.items()}
