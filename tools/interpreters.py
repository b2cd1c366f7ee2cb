"""Run the tests that must hold on every Python, on every other Python 3.11+ found on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
#: The rooms whose answers may depend on the interpreter: analysis, digests, and the runtime.
SUBSET = ("tests/core", "tests/capture", "tests/engine", "tests/test_architecture.py")
VERSION = "import sys; print(*sys.version_info[:2])"


def candidates(path: str, home: Path) -> Iterator[Path]:
    """Yield every file that looks like a Python 3 interpreter: first on `path`, then below pyenv's folder in `home`."""
    folders = [Path(folder) for folder in path.split(os.pathsep) if folder]
    folders += sorted(home.glob(".pyenv/versions/*/bin"))
    for folder in folders:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if re.fullmatch(r"python3(\.\d+)?", path.name))


def version_of(python: Path) -> tuple[int, int] | None:
    """Ask an interpreter for its version; None if it does not run (a shim for a version not installed)."""
    try:
        done = subprocess.run([python, "-I", "-c", VERSION], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = map(int, done.stdout.split())
    return major, minor


def find_others(path: str, home: Path, *, but: tuple[int, int]) -> dict[tuple[int, int], Path]:
    """Return the first interpreter of each version from 3.11 on, leaving out version `but`."""
    found: dict[tuple[int, int], Path] = {}
    for python in candidates(path, home):
        version = version_of(python)
        if version is not None and version >= OLDEST and version != but:
            found.setdefault(version, python)
    return dict(sorted(found.items()))


def prepare(version: tuple[int, int], python: Path) -> Path:
    """Make or update `.venv-X.Y` with the package and its tests' needs; return its interpreter."""
    venv = ROOT / f".venv-{version[0]}.{version[1]}"
    stamp = venv / ".for-tests"
    if not stamp.exists() or stamp.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        subprocess.run([ROOT / "tools/setup.sh", venv, "notebooks,test", python], check=True, cwd=ROOT)
        stamp.touch()
    return venv / "bin/python"


def test_on(python: Path) -> int:
    """Run the subset with one interpreter and return pytest's exit status."""
    paths = [path for path in SUBSET if (ROOT / path).exists()]
    options = ["-q", "-p", "no:cacheprovider", "-n", "auto", "-m", "not slow and not interpreters"]
    command = [python, "-m", "pytest", *options, *paths]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "HYPOTHESIS_PROFILE": "quick"}, check=False).returncode


def main() -> int:
    """Test on every other interpreter; return 0 if all passed."""
    others = find_others(os.environ.get("PATH", ""), Path.home(), but=sys.version_info[:2])
    if not others:
        print(f"interpreters: skipped, no other Python >= {OLDEST[0]}.{OLDEST[1]} found on PATH or under ~/.pyenv")
    failed = []
    for version, python in others.items():
        name = f"Python {version[0]}.{version[1]}"
        print(f"interpreters: {name} ({python})", flush=True)
        try:
            ready = prepare(version, python)
        except subprocess.CalledProcessError:
            if os.environ.get("CI"):
                failed.append(f"{name} (could not install)")
            else:
                print(f"interpreters: skipped {name}: the package could not be installed there (see above)")
            continue
        if test_on(ready):
            failed.append(name)
    if failed:
        print(f"interpreters: failed on {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
