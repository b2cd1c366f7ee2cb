"""Where the registry is: what the settings name, else a file in the data folder."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from jupyter_flows.errors import RegistryError

FILE_NAME = "registry.sqlite"


def registry_url() -> str:
    """Return the registry's address as the settings give it; ``JUPYTER_FLOWS_REGISTRY`` is one of them."""
    from jupyter_flows.places import data_folder
    from jupyter_flows.settings import load_settings

    return load_settings().registry or str(data_folder() / FILE_NAME)


def registry_file(url: str | None = None) -> Path:
    """Return the path of the file that a URL or path means; raise `RegistryError` for one that means no file."""
    given = registry_url() if url is None else url
    try:
        parsed = make_url(given) if "://" in given else URL.create("sqlite", database=given)
    except (ArgumentError, ValueError) as error:
        raise RegistryError(f"The registry's address {given!r} is no URL ({error}): write sqlite:////path.") from None
    if parsed.get_backend_name() != "sqlite":
        shown = parsed.render_as_string(hide_password=True)
        raise RegistryError(f"This version keeps its registry in a SQLite file, not at {shown}: write sqlite:////path.")
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise RegistryError(f"The registry's address {given!r} names no plain file: write sqlite:////absolute/path.")
    return Path(parsed.database).expanduser().absolute()
