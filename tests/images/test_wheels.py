"""Wheels: chosen, fetched, and laid out as they would be installed."""

import gzip
import io
import tarfile

import pytest

from jupyter_flows.errors import ImageError, RequirementError
from jupyter_flows.images.archive import LayerWriter
from jupyter_flows.images.libraries import Libraries, missing
from jupyter_flows.images.lock import Locks
from jupyter_flows.images.wheels import Wheels, add_wheel
from tests.images.bases import MINOR
from tests.images.elf import make_library
from tests.images.wheels import make_wheel

SITE = f"opt/flow/lib/python{MINOR}/site-packages"
SHORT = "cp" + MINOR.replace(".", "")


def laid_out(path, libraries=None):
    """Return a wheel's files in the image, by path, with their modes."""
    packed = io.BytesIO()
    writer = LayerWriter(packed)
    add_wheel(writer, path, MINOR, libraries or Libraries())
    writer.finish(path)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed.getvalue()))) as tar:
        return {m.name: (tar.extractfile(m).read(), m.mode) for m in tar}


def resolve(tmp_path, *requirements, constraints=(), platform="linux/amd64"):
    """Resolve requirements from nothing known."""
    return Locks(tmp_path / "locks").resolve(requirements, constraints, python=MINOR, platform=platform)[0]


def test_files_lie_where_pip_would_put_them(tmp_path):
    """Packages, the parts of ``.data``, deflated or not."""
    files = {
        "tool/__init__.py": b"x = 1\n" * 100,
        "tool/raw.bin": b"\0\1",
        "tool-1.0.data/purelib/more.py": b"y = 2\n",
        "tool-1.0.data/data/share/tool/a.txt": b"a",
        "tool-1.0.data/scripts/run-tool": b"#!python\nprint()\n",
    }
    found = laid_out(make_wheel(tmp_path, "tool", files=files, stored=("tool/raw.bin",)))
    assert found[f"{SITE}/tool/__init__.py"] == (b"x = 1\n" * 100, 0o644)
    assert found[f"{SITE}/tool/raw.bin"][0] == b"\0\1"
    assert found[f"{SITE}/more.py"][0] == b"y = 2\n"
    assert found["opt/flow/share/tool/a.txt"][0] == b"a"
    assert found["opt/flow/bin/run-tool"] == (b"#!/opt/flow/bin/python\nprint()\n", 0o755)


def test_console_scripts_start_the_image_s_python(tmp_path):
    """They are made of the wheel's entry points."""
    found = laid_out(make_wheel(tmp_path, "tool", scripts="tool = tool.cli:App.main"))
    text, mode = found["opt/flow/bin/tool"]
    assert mode == 0o755
    assert text.splitlines()[0] == b"#!/opt/flow/bin/python"
    assert b"from tool.cli import App\n" in text
    assert b"sys.exit(App.main())" in text


def test_a_file_for_no_place_is_refused(tmp_path):
    """A wheel may not write where nothing is installed."""
    path = make_wheel(tmp_path, "tool", files={"tool-1.0.data/data/../../etc/passwd": b"x"})
    with pytest.raises(RequirementError, match="for which there is no place"):
        laid_out(path)


def test_libraries_are_noted_and_held_against_the_base(tmp_path):
    """What the wheel brings along, glibc and what the base has is there; the rest is named."""
    files = {
        "tool/_fast.so": make_library("libc.so.6", "libgomp.so.1", "libtool-1a.so.2", "libz.so.1"),
        "tool.libs/libtool-1a.so.2": make_library("libm.so.6", soname="libtool-1a.so.2"),
        "tool/_gpu.so": make_library("libcuda.so.1"),
        "tool/not.so": b"no ELF at all",
    }
    libraries = Libraries()
    laid_out(make_wheel(tmp_path, "tool", files=files), libraries)
    noted = {"tool": Libraries.from_json(libraries.to_json())}
    assert list(missing(noted, ["libz.so.1"], "base")) == ["tool needs libgomp.so.1, absent from base"]
    assert list(missing(noted, None, "python:3.11-slim")) == ["tool needs libgomp.so.1, absent from python:3.11-slim"]
    assert list(missing(noted, ["libz.so.1", "libgomp.so.1"], "base")) == []


@pytest.mark.parametrize(
    ("platform", "tag"),
    [
        ("linux/amd64", f"{SHORT}-{SHORT}-manylinux_2_17_x86_64"),
        ("linux/arm64", f"{SHORT}-{SHORT}-manylinux_2_17_aarch64"),
    ],
)
def test_the_platform_s_wheel_is_taken(tmp_path, index, platform, tag):
    """Not this machine's, and the nearest of several."""
    others = ("py3-none-any", f"{SHORT}-{SHORT}-manylinux_2_17_x86_64", f"{SHORT}-{SHORT}-manylinux_2_17_aarch64")
    for other in (*others, f"{SHORT}-{SHORT}-musllinux_1_1_x86_64", f"{SHORT}-{SHORT}-win_amd64"):
        make_wheel(index, "tool", tag=other)
    (package,) = resolve(tmp_path, "tool", platform=platform).packages
    assert package.file == f"tool-1.0-{tag}.whl"


def test_requirements_of_requirements_come_along(tmp_path, index):
    """At the versions that the kernel has, where they fit."""
    make_wheel(index, "tool", requires=("part>=1",))
    for version in ("0.9", "1.1", "1.2"):
        make_wheel(index, "part", version)
    pinned = {p.name: p.version for p in resolve(tmp_path, "tool", constraints=["part==1.1"]).packages}
    assert pinned == {"tool": "1.0", "part": "1.1"}
    freely = {p.name: p.version for p in resolve(tmp_path, "tool", constraints=["part==0.9"]).packages}
    assert freely == {"tool": "1.0", "part": "1.2"}


def test_what_was_resolved_is_remembered(tmp_path, index):
    """A newer version on the index changes nothing that was resolved before."""
    make_wheel(index, "tool")
    first = resolve(tmp_path, "tool")
    make_wheel(index, "tool", "2.0")
    assert Locks(tmp_path / "locks").resolve(["tool"], (), python=MINOR, platform="linux/amd64") == (first, True)


def test_what_can_t_be_had_is_named(tmp_path, index):
    """In uv's words, with the platform."""
    with pytest.raises(
        RequirementError, match=rf"can't be had for Python {MINOR} on linux/arm64: .*nothing-of-the-kind"
    ):
        resolve(tmp_path, "nothing-of-the-kind", platform="linux/arm64")


def test_an_unknown_processor_needs_an_engine(tmp_path, index):
    """The error says which are made without."""
    with pytest.raises(RequirementError, match="linux/riscv64 need an engine: without one, amd64 and arm64"):
        resolve(tmp_path, "cloudpickle", platform="linux/riscv64")


def test_a_wheel_that_was_replaced_is_refused(tmp_path, index):
    """Its digest is the lock's, or it is not used."""
    path = make_wheel(index, "tool")
    lock = resolve(tmp_path, "tool")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ImageError, match="damaged or replaced"):
        Wheels(tmp_path / "wheels").fetch(lock.packages[0])
    assert not list((tmp_path / "wheels").rglob("*.whl"))
