"""Trying an image without an engine: the same packages and files, in a venv of this machine's Python."""

from __future__ import annotations

import json
import os
import platform as machine
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jupyter_flows.errors import HealthCheckError
from jupyter_flows.images.archive import Draft
from jupyter_flows.images.lock import Lock, run_uv
from jupyter_flows.images.plan import File, HealthCheck, ImagePlan, Layer
from jupyter_flows.images.venv import site_packages
from jupyter_flows.images.wheels import Wheels

#: How long looking at everything may take; imports of large libraries are slow the first time.
PATIENCE_SECONDS = 600.0
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def why_not(plan: ImagePlan) -> str | None:
    """Say why this machine can't try an image of the plan, if it can't."""
    here = f"{sys.platform}/{_ARCHITECTURES.get(machine.machine().lower(), machine.machine())}"
    if not plan.platform.startswith(here):
        return f"the image is for {plan.platform} and this machine is {here}: its packages were looked at, not started"
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        None if plan.python == mine else f"the image has Python {plan.python} and this is {mine}: nothing was started"
    )


class Scratch:
    """A folder of venvs, one a lock, in which images are tried."""

    def __init__(self, folder: Path, wheels: Wheels):
        self._folder, self._wheels = folder, wheels

    def check(self, plan: ImagePlan, check: HealthCheck, lock: Lock, key: str) -> None:
        """Run the image's health check; what passed under `key` is looked at quickly from then on.

        Raises `HealthCheckError`.
        """
        venv = self._venv(lock)
        os.utime(venv)
        program = _program(plan.layers[0], venv / f"program-{key[:32]}")
        passed = venv / f"passed-{key[:32]}"
        with tempfile.TemporaryDirectory(prefix="jupyter_flows-image-") as root:
            _lay_out(plan.layers[1:], Path(root))
            extra = check.quick if passed.exists() else ()
            failures = _run(_here([*check.command, *extra], root, venv), Path(root), program, plan)
        if failures:
            raise HealthCheckError(plan.destination, failures)
        passed.touch()

    def _venv(self, lock: Lock) -> Path:
        """Return the venv of a lock, made the first time."""
        venv = self._folder / lock.key[:40]
        if (venv / "ready").exists():
            return venv
        wheels = [str(self._wheels.fetch(package)) for package in lock.packages]
        with Draft(venv / "ready") as draft:
            what = "The packages can't be installed here to be tried"
            run_uv(["venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv / "venv")], what=what)
            interpreter = str(venv / "venv" / "bin" / "python")
            run_uv(["pip", "install", "--quiet", "--no-deps", "--python", interpreter, *wheels], what=what)
            draft.path.touch()
        return venv


def _program(layer: Layer, folder: Path) -> Path:
    """Lay the plan's own program out once, so that Python compiles it once."""
    if not folder.exists():
        with Draft(folder) as draft:
            _lay_out([layer], draft.path)
    return folder


def _lay_out(layers: Sequence[Layer], root: Path) -> None:
    """Put the plan's own files where the image has them, below another root."""
    for layer in layers:
        for entry in layer.entries:
            if isinstance(entry, File):
                path = root / PurePosixPath(entry.path).relative_to("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(entry.content, bytes):
                    path.write_bytes(entry.content)
                else:
                    path.symlink_to(entry.content)


def _here(command: Sequence[str], root: str, venv: Path) -> list[str]:
    """Write a command of the image's for this machine."""
    found = [word.replace("{root}", root) for word in command]
    return [str(venv / "venv" / "bin" / found[0].rpartition("/")[2]), *found[1:]]


def _run(command: list[str], root: Path, program: Path, plan: ImagePlan) -> list[str]:
    runtime = f"{program}{site_packages(plan.python)}"
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER_FLOWS_"))}
    environ |= {**plan.env, "HOME": str(root), "PYTHONPATH": runtime, "JUPYTER_FLOWS_HOME": f"{root}/flows"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environ, cwd=root, timeout=PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [f"it was not done after {PATIENCE_SECONDS:.0f} s"]
    return failures_in(done.stdout, done.stderr, done.returncode)


def failures_in(said: str, words: str, code: int) -> list[str]:
    """Return the failures that a check reported on its standard output, or how it ended without a report."""
    if code == 0:
        return []
    try:
        return [str(failure) for failure in json.loads(said.strip().splitlines()[-1])["failures"]]
    except (ValueError, KeyError, IndexError, TypeError):
        return [f"the check ended with exit code {code}: {words.strip()[-1000:]}"]
