"""Secrets: kept by their user where runs run, referred to by name, read when a run needs them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from jupyter_flows.core.secrets import is_secret_name
from jupyter_flows.engine.masking import Masker, process_masker
from jupyter_flows.errors import NoSuchError, SecretError, SecretMissingError
from jupyter_flows.places import secrets_folder, write_private

#: ``JUPYTER_FLOWS_SECRET_API_KEY`` is the secret ``API_KEY``, before one that is kept in a file.
PREFIX = "JUPYTER_FLOWS_SECRET_"
#: A shorter text stands in too many others to be hidden there.
LEAST_CHARACTERS = 4


def secret(name: str) -> str:
    """Return the value of a secret, and hide it in everything that the run says from now on.

    It is the environment variable ``JUPYTER_FLOWS_SECRET_<name>``, else what ``jupyter flows secret set``
    keeps for this user. Raises `SecretMissingError` where there is neither.

    >>> import os
    >>> os.environ["JUPYTER_FLOWS_SECRET_API_KEY"] = "opensesame"
    >>> secret("API_KEY")
    'opensesame'
    >>> del os.environ["JUPYTER_FLOWS_SECRET_API_KEY"]
    """
    value = find_secret(name)
    if value is None:
        raise SecretMissingError([name])
    process_masker.hide(value)
    return value


def require_secrets(names: Iterable[str]) -> None:
    """Read all secrets that a run refers to before it starts; raise `SecretMissingError` naming all that lack."""
    found = {name: find_secret(name) for name in names}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise SecretMissingError(missing)
    for value in found.values():
        process_masker.hide(value or "")


def hide_environment(masker: Masker = process_masker, *, environ: Mapping[str, str] = os.environ) -> None:
    """Hide every secret that the environment holds: who prints the environment shows none."""
    for name, value in environ.items():
        if name.startswith(PREFIX) and len(value) >= LEAST_CHARACTERS:
            masker.hide(value)


def find_secret(name: str, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return a secret's value, None where it is not set; raise `SecretError` for one that can't be used."""
    check_secret_name(name)
    variable = PREFIX + name
    if environ.get(variable):
        return _usable(name, environ[variable], f"the variable {variable}")
    path = _file(name)
    if path is None or not path.is_file():
        return None
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SecretError(f"Secret {name!r} is in {path}, which others may read: chmod 600 it, and change the secret.")
    return _usable(name, path.read_text(encoding="utf-8"), str(path))


def keep_secret(name: str, value: str) -> Path:
    """Keep a secret for this user, in a file that only they can read, and return the file."""
    check_secret_name(name)
    _usable(name, value, "what was given")
    path = secrets_folder() / name
    write_private(path, value.encode())
    return path


def forget_secret(name: str) -> None:
    """Remove a kept secret; raise `NoSuchError` where none is kept."""
    check_secret_name(name)
    path = secrets_folder() / name
    if not path.is_file():
        raise NoSuchError(f'No secret {name!r} is kept here: "jupyter flows secret list" names those that are.')
    path.unlink()


def kept_secrets() -> list[str]:
    """Return the names of the secrets that are kept in files, sorted."""
    return sorted(p.name for p in secrets_folder().iterdir() if is_secret_name(p.name))


def environment_secrets(*, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the secrets that environment variables hold, sorted."""
    return sorted(n.removeprefix(PREFIX) for n, value in environ.items() if n.startswith(PREFIX) and value)


def check_secret_name(name: str) -> None:
    """Raise `SecretError` for a name that no secret can have."""
    if not isinstance(name, str) or not is_secret_name(name):
        raise SecretError(f"A secret can't be called {name!r}: take a name such as API_KEY.")


def _usable(name: str, value: str, where: str) -> str:
    if len(value.strip()) < LEAST_CHARACTERS:
        raise SecretError(
            f"Secret {name!r} ({where}) has fewer than {LEAST_CHARACTERS} characters: so short a text can't be hidden "
            "in what a run says. Take a longer one."
        )
    return value


def _file(name: str) -> Path | None:
    try:
        return secrets_folder() / name
    except ImportError:
        # A bare container has no jupyter_core to ask, and no files of the user's either.
        return None
