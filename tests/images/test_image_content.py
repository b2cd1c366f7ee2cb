"""What a flow's image holds."""

import importlib.metadata

import pytest

from jupyter_flows import Flow
from jupyter_flows.core.bundle import Bundle, pack_flow
from jupyter_flows.core.flow import Origin
from jupyter_flows.environments.storage import Docker
from jupyter_flows.environments.storage.image_content import found_files
from jupyter_flows.errors import StorageError
from tests.contracts.storage import one
from tests.images.bases import MINOR, layout_base


def plan(tmp_path, *, requirements=(), modules=None, **options):
    """Plan the image of a flow of one task."""
    flow = Flow("My Numbers", origin=Origin(requirements=tuple(requirements), modules=modules or {}, notebook="{}"))
    flow.add_task(one)
    storage = Docker(**{"base_image": layout_base(tmp_path / "base"), "builder": "oci", **options})
    flow.storage = storage
    return storage.plan(Bundle(pack_flow(flow).files))


@pytest.mark.parametrize(
    ("options", "destination"),
    [
        ({"registry_url": "h.io/team"}, "docker://h.io/team/my-numbers:v1-"),
        ({"registry_url": "https://h.io/team/"}, "docker://h.io/team/my-numbers:v1-"),
        ({"registry_url": "h.io/team", "image_name": "etl", "image_tag": "x"}, "docker://h.io/team/etl:x"),
        ({"registry_url": "h.io/team", "push": False}, "my-numbers:v1-"),
        ({}, "my-numbers:v1-"),
        ({"registry_url": "oci-layout:/f"}, "oci-layout:/f:my-numbers-v1-"),
        ({"registry_url": "oci-layout:/f", "image_tag": "x"}, "oci-layout:/f:x"),
        ({"registry_url": "docker-archive:/f.tar", "image_tag": "x"}, "docker-archive:/f.tar:my-numbers:x"),
    ],
)
def test_where_an_image_goes(tmp_path, options, destination):
    """Names are made of the flow's, tags of its digest, unless they are given."""
    assert plan(tmp_path, **options).destination.startswith(destination)


def test_what_changes_most_comes_last(tmp_path):
    """The runtime, files, local modules, the flow."""
    (tmp_path / "data.csv").write_text("1")
    made = plan(tmp_path, modules={"prices.py": b"x = 1\n"}, files={str(tmp_path / "data.csv"): "in/data.csv"})
    assert [layer.name for layer in made.layers] == ["runtime", "files", "modules", "flow"]
    assert [e.path for e in made.layers[1].entries] == ["/home/flow/in/data.csv"]
    assert [e.path for e in made.layers[2].entries] == ["/opt/flow/bundle/modules/prices.py"]
    assert "/opt/flow/bundle/flow.json" in {e.path for e in made.layers[3].entries}


def test_the_runtime_is_what_runs_flows(tmp_path):
    """Neither front doors nor the analysis; sources, and what Python makes of them."""
    paths = {e.path for e in plan(tmp_path).layers[0].entries}
    site = f"/opt/flow/lib/python{MINOR}/site-packages/jupyter_flows"
    assert f"{site}/engine/run_process.py" in paths
    assert any(p.startswith(f"{site}/engine/__pycache__/run_process.") for p in paths)
    assert not any(p.startswith((f"{site}/capture", f"{site}/cli", f"{site}/widgets")) for p in paths)
    assert "/opt/flow/bin/jupyter-flows-run" in paths


def test_requirements_are_the_flow_s_and_the_storage_s(tmp_path):
    """What the storage says takes the flow's place; the runtime's one is added, and we are there already."""
    made = plan(tmp_path, requirements=["pandas==1", "jupyter-flows==0"], python_dependencies=["Pandas==2", "tool"])
    pickle = f"cloudpickle=={importlib.metadata.version('cloudpickle')}"
    assert made.requirements == ("Pandas==2", pickle, "tool")


def test_versions_of_the_kernel_limit_what_comes_along(tmp_path):
    """What requirements require in turn is taken as installed here."""
    limits = plan(tmp_path, requirements=["requests"]).constraints
    assert f"urllib3=={importlib.metadata.version('urllib3')}" in limits
    assert not any(limit.startswith("requests==") for limit in limits)


def test_a_folder_gives_its_files_but_those_it_ignores(tmp_path):
    """As engines read `.dockerignore`."""
    folder = tmp_path / "data"
    for name in ("a.csv", "b.tmp", "deep/c.csv", "deep/d.tmp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".dockerignore").write_text("# what tools leave\n**/*.tmp\n")
    found = found_files({str(folder): "/data"})
    assert sorted(found.values()) == ["/data/a.csv", "/data/deep/c.csv"]


def test_a_target_above_the_run_s_folder_is_refused(tmp_path):
    """Absolute paths say where else."""
    (tmp_path / "a").touch()
    with pytest.raises(StorageError, match="leaves the image's folder"):
        found_files({str(tmp_path / "a"): "../a"})


def test_the_one_date_is_the_builder_s_environment_s(tmp_path, monkeypatch):
    """SOURCE_DATE_EPOCH, as reproducible builds have it."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert plan(tmp_path).created == 0
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert plan(tmp_path).created == 86400


def test_variables_join_those_of_the_run(tmp_path):
    """Values are texts, whatever they are given as."""
    env = plan(tmp_path, env_vars={"N": 1}).env
    assert (env["N"], env["USER"], env["HOME"]) == ("1", "flow", "/home/flow")
