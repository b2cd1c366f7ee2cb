"""A real image registry for tests, started and stopped by them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

#: A registry that takes longer to answer is not going to.
START_SECONDS = 60


@dataclass
class ImageRegistry:
    """An image registry of the tests' own."""

    #: As ``127.0.0.1:PORT``.
    url: str
    #: Where it keeps blobs.
    folder: Path
    process: subprocess.Popen[bytes]

    def blob(self, digest: str) -> Path:
        """Return the file in which it keeps a blob."""
        number = digest.removeprefix("sha256:")
        return self.folder / "docker/registry/v2/blobs/sha256" / number[:2] / number / "data"

    def uploads(self) -> list[str]:
        """Return the digests of all blobs that it has."""
        root = self.folder / "docker/registry/v2/blobs/sha256"
        return sorted(f"sha256:{path.parent.name}" for path in root.glob("*/*/data"))


def why_not() -> str | None:
    """Say why no image registry can be started here; None when one can."""
    return None if shutil.which("docker-registry") else "there is no docker-registry: tools/services.sh installs it"


def need_registry() -> None:
    """Skip a test where there is no image registry, with the reason; in CI it fails."""
    reason = why_not()
    if reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no image registry here: {reason}")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_registry(*, auth: str = "", port: int | None = None, folder: Path | None = None) -> Iterator[ImageRegistry]:
    """Start an image registry on a loopback port and stop it by its pid; `auth` is a section of its configuration."""
    with tempfile.TemporaryDirectory(prefix="flows-registry-", ignore_cleanup_errors=True) as name:
        root = folder or Path(name, "data")
        port = port or free_port()
        settings = Path(name, "config.yml")
        settings.write_text(
            "version: 0.1\n"
            "log: {accesslog: {disabled: true}, level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}', secret: tests}}\n" + auth
        )
        with Path(name, "log").open("wb") as log:
            process = subprocess.Popen(
                ["docker-registry", "serve", str(settings)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            _wait_for(port, process, Path(name, "log"))
            yield ImageRegistry(f"127.0.0.1:{port}", root, process)
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            # Between two looks at something that no event tells.
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        return
    raise AssertionError(f"docker-registry does not answer:\n{log.read_text(errors='replace')[-3000:]}")
