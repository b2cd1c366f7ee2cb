"""Wheels made by tests, and an index that is a folder of them."""

from __future__ import annotations

import importlib.metadata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle

if TYPE_CHECKING:
    import pytest

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Mapping[str, bytes] | None = None,
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    scripts: str = "",
    stored: tuple[str, ...] = (),
) -> Path:
    """Write a wheel; a file in `stored` is not deflated in it."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {r}" for r in requires)]
    content = dict(files or {f"{name}/__init__.py": f"version = {version!r}\n".encode()})
    content |= {
        f"{info}/METADATA": ("\n".join(metadata) + "\n").encode(),
        f"{info}/WHEEL": _WHEEL.format(tag=tag).encode(),
    }
    if scripts:
        content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n".encode()
    content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"]).encode()
    path = folder / f"{name}-{version}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for member, data in content.items():
            kind = zipfile.ZIP_STORED if member in stored else zipfile.ZIP_DEFLATED
            wheel.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), data, kind)
    return path


def cloudpickle_wheel(folder: Path) -> Path:
    """Write a wheel of the installed cloudpickle, which every image needs."""
    root = Path(cloudpickle.__file__).parent
    files = {f"cloudpickle/{path.name}": path.read_bytes() for path in root.glob("*.py")}
    return make_wheel(folder, "cloudpickle", importlib.metadata.version("cloudpickle"), files=files)


def only_index(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of wheels the only index that uv knows, and return it; it holds what every image needs."""
    folder = root / "index"
    cloudpickle_wheel(folder)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(root / "uv"))
    return folder
