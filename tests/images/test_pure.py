"""Images made without an engine."""

import json
import logging
import tarfile
from dataclasses import replace

import pytest

from jupyter_flows.errors import ImageError, ImageGoneError
from jupyter_flows.images.layout import LayoutStore
from jupyter_flows.images.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_LAYER,
    Blob,
    Manifest,
    digest_of,
    to_bytes,
)
from jupyter_flows.images.plan import File, ImagePlan, Layer
from jupyter_flows.images.pure import PureBuilder
from jupyter_flows.images.reference import Place, Reference
from jupyter_flows.images.registry import RegistryStore
from jupyter_flows.images.source import find_image
from tests.images.bases import MINOR, layout_base, put_base
from tests.images.elf import make_library
from tests.images.registry import running_registry
from tests.images.wheels import make_wheel


def quiet(_line):
    """Take a line of progress."""


@pytest.fixture
def plan(tmp_path, index):
    """Give a plan of two layers on a base in a layout, without a check."""
    return ImagePlan(
        destination=f"oci-layout:{tmp_path}/out:made",
        base=layout_base(tmp_path / "base"),
        platform="linux/amd64",
        python=MINOR,
        requirements=("cloudpickle",),
        constraints=(),
        layers=(
            Layer("program", (File("/opt/p.py", b"p"),)),
            Layer("flow", (File("/opt/f.py", b"f"),), {"kind": "flow"}),
        ),
        env={"A": "1"},
        labels={"title": "made"},
        entrypoint=("/opt/p.py",),
    )


def config_of(tmp_path, built):
    """Read the configuration of an image in a layout."""
    return find_image(Place.parse(built.uri)).config()


def test_the_same_plan_gives_the_same_image_anywhere(tmp_path, plan):
    """Nothing of the machine, the folder or the day is in it."""
    plans = [replace(plan, base=layout_base(tmp_path / f"base-{name}")) for name in ("one", "two")]
    digests = {PureBuilder(tmp_path / str(n)).build(one, quiet).digest for n, one in enumerate(plans)}
    assert len(digests) == 1


def test_the_image_says_how_it_runs(tmp_path, plan):
    """Variables, user, entry point, labels and history, on the base's own."""
    config = config_of(tmp_path, PureBuilder(tmp_path / "b").build(plan, quiet))
    settings = config["config"]
    assert settings["Env"] == ["PATH=/opt/flow/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "A=1"]
    assert (settings["User"], settings["WorkingDir"], settings["Entrypoint"]) == ("1000:0", "/home/flow", ["/opt/p.py"])
    assert settings["Labels"] == {"title": "made"}
    assert [step["created_by"] for step in config["history"]] == [
        "tests", "jupyter-flows venv", "jupyter-flows small packages", "jupyter-flows program", "jupyter-flows flow",
    ]  # fmt: skip
    assert config["created"] == "1970-01-01T00:00:00Z"
    assert len(config["rootfs"]["diff_ids"]) == 5


def test_it_is_an_environment_of_the_base_s_python(tmp_path, plan):
    """A venv, whose home is where the base has its interpreter."""
    image = find_image(Place.parse(PureBuilder(tmp_path / "b").build(plan, quiet).uri))
    files = dict(image.files_of(image.layers[1]))
    assert f"home = /usr/local/bin\ninclude-system-site-packages = true\nversion = {MINOR}\n".encode() in files.values()


def test_another_day_is_another_image_only_if_asked(tmp_path, plan):
    """SOURCE_DATE_EPOCH, which the plan's maker reads, is the one date in it."""
    later = PureBuilder(tmp_path / "b").build(replace(plan, created=86400), quiet)
    assert config_of(tmp_path, later)["created"] == "1970-01-02T00:00:00Z"


def test_a_changed_flow_sends_one_layer(tmp_path, plan):
    """All other layers are reused by digest."""
    builder = PureBuilder(tmp_path / "b")
    builder.build(plan, quiet)
    changed = replace(plan, layers=(plan.layers[0], Layer("flow", (File("/opt/f.py", b"g"),))))
    again = builder.build(changed, quiet)
    assert again.made == ("flow", "configuration")
    assert again.reused == ("base layer 1", "venv", "small packages", "program")


def test_large_wheels_have_layers_of_their_own(tmp_path, plan, index, monkeypatch):
    """Small ones share one, so that a new version of one large wheel moves that alone."""
    monkeypatch.setattr("jupyter_flows.images.layer_cache.LARGE_BYTES", 4000)
    for version in ("1.0", "2.0"):
        make_wheel(
            index,
            "large",
            version,
            files={"large.bin": bytes(range(256)) * 40, "version": version.encode()},
            stored=("large.bin",),
        )
    make_wheel(index, "small")
    builder = PureBuilder(tmp_path / "b")
    first = builder.build(replace(plan, requirements=("large==1.0", "small")), quiet)
    assert first.made[2:4] == ("large", "small packages")
    assert builder.build(replace(plan, requirements=("large==2.0", "small")), quiet).made == ("large", "configuration")


def test_an_archive_is_what_docker_load_takes(tmp_path, plan):
    """Its own manifest names configuration, tag and layers, which are all there."""
    PureBuilder(tmp_path / "b").build(replace(plan, destination=f"docker-archive:{tmp_path}/out.tar:made:1"), quiet)
    with tarfile.open(tmp_path / "out.tar") as tar:
        names = set(tar.getnames())
        (image,) = json.loads(tar.extractfile("manifest.json").read())
    assert image["RepoTags"] == ["made:1"]
    assert {image["Config"], *image["Layers"], "index.json", "oci-layout"} <= names


def test_a_base_without_python_is_refused(tmp_path, plan):
    """Before anything is built."""
    bare = replace(plan, base=layout_base(tmp_path / "bare", python=None))
    with pytest.raises(ImageError, match=r"has no Python on its PATH: take one that has, .*python_path="):
        PureBuilder(tmp_path / "b").build(bare, quiet)


def test_a_base_of_another_python_is_refused(tmp_path, plan):
    """Not found out at unpickling."""
    other = replace(plan, base=layout_base(tmp_path / "old", python="3.7"))
    with pytest.raises(ImageError, match=rf"has Python 3\.7, and the flow is written in {MINOR}"):
        PureBuilder(tmp_path / "b").build(other, quiet)
    assert not (tmp_path / "out").exists()


def test_a_base_on_musl_is_refused(tmp_path, plan):
    """Its Python can't load the wheels that are taken."""
    musl = replace(plan, base=layout_base(tmp_path / "musl", libraries=("ld-musl-x86_64.so.1",)))
    with pytest.raises(ImageError, match="is built on musl"):
        PureBuilder(tmp_path / "b").build(musl, quiet)


def test_a_library_that_the_base_lacks_is_named(tmp_path, plan, index):
    """With the package that needs it, before anything is shipped; without a check it is a remark."""
    make_wheel(index, "boosted", files={"boosted/lib.so": make_library("libgomp.so.1")})
    plan = replace(plan, requirements=("boosted",))
    built = PureBuilder(tmp_path / "b").build(plan, quiet)
    assert built.remarks == (f"boosted needs libgomp.so.1, absent from {plan.base}",)
    from jupyter_flows.images.plan import HealthCheck

    with pytest.raises(ImageError, match=r"boosted needs libgomp\.so\.1, absent from .*Nothing was pushed"):
        PureBuilder(tmp_path / "c").build(replace(plan, check=HealthCheck(("python",))), quiet)


def test_another_platform_is_checked_by_looking(tmp_path, plan, index):
    """Nothing of it is started here, and the result says so."""
    from jupyter_flows.images.plan import HealthCheck

    foreign = replace(
        plan, platform="linux/arm64", base=layout_base(tmp_path / "arm", architecture="arm64"),
        check=HealthCheck(("/opt/flow/bin/python", "-c", "raise SystemExit(1)")),
    )  # fmt: skip
    built = PureBuilder(tmp_path / "b").build(foreign, quiet)
    assert config_of(tmp_path, built)["architecture"] == "arm64"
    assert "linux/arm64" in built.remarks[0]
    assert "not started" in built.remarks[0]


def test_a_failed_check_ships_nothing(tmp_path, plan):
    """What it says is in the error."""
    from jupyter_flows.images.plan import HealthCheck

    says = "import json, sys; print(json.dumps({'failures': ['it has no head']})); sys.exit(1)"
    checked = replace(plan, check=HealthCheck(("/opt/flow/bin/python", "-c", says)))
    with pytest.raises(ImageError, match="it has no head"):
        PureBuilder(tmp_path / "b").build(checked, quiet)
    assert not (tmp_path / "out" / "index.json").exists()


def test_a_check_that_passed_is_quick_from_then_on(tmp_path, plan):
    """As long as packages and program are the same."""
    from jupyter_flows.images.plan import HealthCheck

    says = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '.')"
    check = HealthCheck(("/opt/flow/bin/python", "-c", says, str(tmp_path / "log")), ("quick",))
    builder = PureBuilder(tmp_path / "b")
    for content in (b"1", b"2"):
        changed = Layer("flow", (File("/opt/f.py", content),))
        builder.build(replace(plan, check=check, layers=(plan.layers[0], changed)), quiet)
    other = (Layer("program", (File("/opt/p.py", b"q"),)), plan.layers[1])
    builder.build(replace(plan, check=check, layers=other), quiet)
    assert (tmp_path / "log").read_text() == ".quick.."


def test_a_base_of_the_same_registry_is_mounted(tmp_path, plan, group):
    """Its layers are neither fetched nor sent."""
    base = RegistryStore(Reference.parse(f"{group}/base"), push=True)
    put_base(base, tmp_path)
    placed = replace(plan, base=f"{group}/base:base", destination=f"docker://{group}/etl:1")
    built = PureBuilder(tmp_path / "b").build(placed, quiet)
    assert "base layer 1" in built.reused


def test_a_layer_of_another_flow_is_mounted(tmp_path, plan, group):
    """A team's second flow sends what is its own."""
    builder = PureBuilder(tmp_path / "b")
    builder.build(replace(plan, destination=f"docker://{group}/one:1"), quiet)
    second = builder.build(replace(plan, destination=f"docker://{group}/two:1", env={"A": "2"}), quiet)
    assert second.made == ("configuration",)


def test_a_base_of_another_registry_is_streamed_across_once(tmp_path, plan, group):
    """From then on it is there."""
    with running_registry() as elsewhere:
        put_base(RegistryStore(Reference.parse(f"{elsewhere.url}/base"), push=True), tmp_path)
        placed = replace(plan, base=f"{elsewhere.url}/base:base", destination=f"docker://{group}/etl:1")
        builder = PureBuilder(tmp_path / "b")
        assert "base layer 1" in builder.build(placed, quiet).made
        assert "base layer 1" in builder.build(placed, quiet).reused


def test_a_tag_stands_for_what_it_stood_for_the_first_time(tmp_path, plan, group):
    """Until it is asked to be looked up again."""
    base = RegistryStore(Reference.parse(f"{group}/base"), push=True)
    first = put_base(base, tmp_path)
    name = f"{group}/base:base"
    assert PureBuilder(tmp_path / "b").base_digest(name, "linux/amd64") == first
    second = put_base(base, tmp_path, libraries=())
    assert PureBuilder(tmp_path / "b").base_digest(name, "linux/amd64") == first
    assert PureBuilder(tmp_path / "b", refresh_base=True).base_digest(name, "linux/amd64") == second


def test_an_index_in_docker_s_words_gives_the_platform_s_image(tmp_path, plan):
    """Its layers get OCI's names, which are of the same bytes."""
    store = LayoutStore(tmp_path / "multi")
    entries = []
    for architecture in ("amd64", "arm64"):
        digest = put_base(store, tmp_path, tag=architecture, architecture=architecture)
        manifest = json.loads(store.manifest(digest)[0])
        manifest["mediaType"] = DOCKER_MANIFEST
        manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
        manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        data = to_bytes(manifest)
        store.put_manifest(data, None)
        platform = {"os": "linux", "architecture": architecture}
        entries.append(Blob(DOCKER_MANIFEST, digest_of(data), len(data)).to_json() | {"platform": platform})
    store.put_manifest(to_bytes({"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": entries}), "all")
    multi = replace(plan, base=f"oci-layout:{tmp_path}/multi:all", platform="linux/arm64")
    built = PureBuilder(tmp_path / "b").build(multi, quiet)
    assert config_of(tmp_path, built)["architecture"] == "arm64"
    data, _ = LayoutStore(tmp_path / "out").manifest("made")
    assert {layer.media_type for layer in Manifest.parse(data).layers} == {OCI_LAYER}
    with pytest.raises(ImageError, match=r"has no image for linux/s390x; it has linux/amd64, linux/arm64"):
        PureBuilder(tmp_path / "b").base_digest(multi.base, "linux/s390x")


def test_a_base_that_is_not_there_is_named(tmp_path, plan, group):
    """Nothing is built on nothing."""
    with pytest.raises(ImageGoneError, match="no-such-base"):
        PureBuilder(tmp_path / "b").build(replace(plan, base=f"{group}/no-such-base:1"), quiet)


def test_a_full_disk_leaves_no_half_layer(tmp_path, plan, monkeypatch):
    """The error names the file; the next build makes the layer anew."""

    def full(*_):
        raise OSError(28, "No space left on device")

    builder = PureBuilder(tmp_path / "b")
    with monkeypatch.context() as patch:
        patch.setattr("jupyter_flows.images.layer_cache.add_wheel", full)
        with pytest.raises(ImageError, match="No space left on device"):
            builder.build(plan, quiet)
    assert not list((tmp_path / "b" / "layers").glob("*.draft"))
    assert "small packages" in builder.build(plan, quiet).made


def test_nothing_secret_is_logged(tmp_path, plan, caplog):
    """Progress and logs hold no variable's value."""
    said = []
    with caplog.at_level(logging.DEBUG):
        PureBuilder(tmp_path / "b").build(replace(plan, env={"TOKEN": "very-secret"}), said.append)
    assert "very-secret" not in caplog.text + "".join(said)
