"""The environment of an image: a venv of the base's Python, as a layer."""

from __future__ import annotations

from jupyter_flows.images.plan import PREFIX, Entry, File, Folder, Layer, Link


def site_packages(python: str) -> str:
    """Return the folder that packages are installed into; `python` as ``3.11``."""
    return f"{PREFIX}/lib/python{python}/site-packages"


def venv_layer(python_home: str, python: str, *, home: str, user: str) -> Layer:
    """Return the venv's own files, and the user's home; `python_home` is the folder of the base's interpreter."""
    uid, _, gid = user.partition(":")
    config = f"home = {python_home}\ninclude-system-site-packages = true\nversion = {python}\n"
    entries: tuple[Entry, ...] = (
        Folder(home, 0o775, int(uid), int(gid or 0)),
        Folder(PREFIX, 0o775),
        Folder(f"{PREFIX}/bin", 0o775),
        Link(f"{PREFIX}/bin/python", f"{python_home.rstrip('/')}/python{python}"),
        Link(f"{PREFIX}/bin/python3", "python"),
        Folder(f"{PREFIX}/lib", 0o775),
        Link(f"{PREFIX}/lib64", "lib"),
        Folder(site_packages(python), 0o775),
        File(f"{PREFIX}/pyvenv.cfg", config.encode()),
    )
    return Layer("venv", entries)
