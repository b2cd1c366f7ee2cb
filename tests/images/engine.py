"""A real Docker Engine for tests, started and stopped by them, and a base image made of the running interpreter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_flows.agent.orphans import OWNER
from jupyter_flows.places import data_folder
from tests.images.wheels import only_index

if TYPE_CHECKING:
    from docker import DockerClient

#: An engine that takes longer to answer is not going to.
START_SECONDS = 60
#: What an engine that is asked to leave may take.
STOP_SECONDS = 30
BASE = "flows-test/python:base"
SHELL = "flows-test/shell:base"
#: Libraries that compiled packages need, and no extension module of the interpreter's own names.
_ALSO = ("libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6")
_SKIP = {"test", "tests", "site-packages", "idlelib", "tkinter", "ensurepip", "turtledemo", "lib2to3"}


class NotStartedError(Exception):
    """An engine is there and does not start."""


@dataclass(frozen=True)
class Engine:
    """An engine of the tests' own."""

    host: str
    pid: int

    def client(self) -> DockerClient:
        """Return a client of it, to be closed by whoever asks."""
        import docker

        return docker.DockerClient(base_url=self.host)

    def ours(self) -> list[str]:
        """Return the names of the containers that agents made and that are still there."""
        with closing(self.client()) as client:
            return [c.name for c in client.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True)]


def why_not() -> str | None:
    """Say why no engine can be started here; None when one can."""
    if sys.platform != "linux":
        return "a Docker Engine of the tests' own runs on Linux only"
    if shutil.which("dockerd") is None:
        return "there is no dockerd: tools/services.sh installs it"
    if os.geteuid() != 0:
        return "only root can start a Docker Engine of the tests' own"
    return None


def skip_or_fail(reason: str | None, what: str) -> None:
    """Skip a test that lacks a service, with the reason; in CI it fails."""
    if reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {what} here: {reason}")


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Start an engine with folders of its own and no network, and stop it by its pid."""
    # A short name: the path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="flows-engine-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        host = f"unix://{folder}/docker.sock"
        words = ["dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "-H", host]
        words += ["--pidfile", folder / "pid", "--iptables=false", "--ip6tables=false", "--ip-masq=false"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*words, "--bridge=none"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait_for(host, process, folder / "log")
            yield Engine(host, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """Give an engine that has a base of the running interpreter, `BASE`, and one of a shell alone, `SHELL`."""
    skip_or_fail(why_not(), "Docker Engine")
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(running_engine())
        except NotStartedError as error:
            # The machine's doing, also in CI: sandboxes may lack the rights that an engine needs.
            pytest.skip(str(error))
        with closing(engine.client()) as client:
            import_base(client)
            import_base(client, python=False)
        yield engine


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for what builders keep, for all tests of a session."""
    folder = tmp_path_factory.mktemp("builders") / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(docker_engine: Engine, image_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give the engine as the one that is found by itself; afterwards no agent's container may be left in it."""
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    only_index(image_cache.parent, monkeypatch)
    (data_folder() / "images").symlink_to(image_cache)
    yield docker_engine
    assert docker_engine.ours() == []


def _wait_for(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import docker

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client = docker.DockerClient(base_url=host)
        except docker.errors.DockerException:
            # Between two looks at something that no event tells.
            process_left(process, 0.1)
            continue
        client.close()
        return
    raise NotStartedError(f"dockerd does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def process_left(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait that long for a process to end; tell whether it has."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def import_base(client: DockerClient, *, python: bool = True) -> str:
    """Make an image of the running interpreter, or one with nothing but a shell; return its tag."""
    tag = BASE if python else SHELL
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w", dereference=True) as tar:
            _pack_root(tar, python=python)
        file.seek(0)
        path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/bin"
        libraries = "/usr/local/lib:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu"
        changes = [f"ENV PATH={path}", f"ENV LD_LIBRARY_PATH={libraries}", 'CMD ["/bin/sh"]']
        if python:
            changes.append(f"ENV PYTHON_VERSION={sys.version.partition(' ')[0]}")
        name, _, version = tag.partition(":")
        client.api.import_image_from_data(file, repository=name, tag=version, changes=changes)
    return tag


def _pack_root(tar: tarfile.TarFile, *, python: bool) -> None:
    prefix = Path(sys.base_prefix)
    binaries = [Path("/bin/sh").resolve()]
    tar.add("/bin/sh", "bin/sh")
    if python:
        minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
        library = prefix / "lib" / minor
        tar.add(library, f"usr/local/lib/{minor}", filter=_wanted)
        for name in ("python3", "python", minor):
            tar.add(Path(sys.executable).resolve(), f"usr/local/bin/{name}")
        binaries += [Path(sys.executable).resolve(), *(library / "lib-dynload").glob("*.so")]
        for path in prefix.glob(f"lib/lib{minor}*.so*"):
            tar.add(path, f"usr/local/lib/{path.name}")
    for name in sorted(_libraries(binaries)):
        tar.add(name, name.lstrip("/"))
    for folder in ("tmp", "home", "root", "etc"):
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
        tar.addfile(info)


def _wanted(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _SKIP & set(Path(info.name).parts[4:]) or info.name.endswith(".a") else info


def _libraries(binaries: list[Path]) -> set[str]:
    """Return the shared libraries that programs need, as their loader finds them."""
    told = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    found = set(re.findall(r"(/\S+\.so[.\d]*) \(0x", told))
    folders = {str(Path(name).parent) for name in found}
    found |= {f"{f}/{name}" for f in folders for name in _ALSO if Path(f, name).exists()}
    return {name for name in found if not name.startswith(sys.base_prefix)}
