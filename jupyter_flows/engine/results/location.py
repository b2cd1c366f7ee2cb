"""Where results of functional tasks are kept: a `Result` reads and writes values under names."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import cloudpickle

from jupyter_flows.errors import DefinitionError, RunError

_NPY = b"\x93NUMPY"


class Result(ABC):
    """A place for results, each under a location: a path with ``/`` between its parts."""

    @abstractmethod
    def exists(self, location: str) -> bool:
        """Tell whether there is something."""

    @abstractmethod
    def read(self, location: str) -> Any:
        """Return the value that is there; raise `RunError` where it can't be read."""

    @abstractmethod
    def write(self, location: str, value: Any) -> None:
        """Put a value there, all of it or nothing; raise whatever an object raises that can't be pickled."""


class LocalResult(Result):
    """Keep results in a folder, for its user alone.

    Arrays are written as ``.npy`` and mapped into memory when they are read, copied where they are written to; anything
    else is pickled by cloudpickle. Without `dir` the folder is one of jupyter_flows' own.

    >>> import tempfile
    >>> place = LocalResult(tempfile.mkdtemp())
    >>> place.write("numbers/three", 3)
    >>> place.exists("numbers/three"), place.read("numbers/three")
    (True, 3)
    """

    def __init__(self, dir: str | os.PathLike[str] | None = None):  # noqa: A002 - the field's name for it
        self.dir = None if dir is None else os.fspath(Path(dir).expanduser().absolute())

    def exists(self, location: str) -> bool:
        """Tell whether there is a file."""
        return self._path(location).is_file()

    def read(self, location: str) -> Any:
        """Return the value in a file."""
        path = self._path(location)
        try:
            with path.open("rb") as file:
                if file.read(len(_NPY)) == _NPY:
                    numpy: Any = import_module("numpy")
                    return numpy.load(path, mmap_mode="c").view(numpy.ndarray)
                file.seek(0)
                return cloudpickle.load(file)
        except Exception as error:
            raise RunError(
                f"The result in {path} can't be read ({type(error).__name__}: {error}): remove the file."
            ) from error

    def write(self, location: str, value: Any) -> None:
        """Write a file; readers see the old content or the new."""
        path = self._path(location)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                _dump(value, file)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _path(self, location: str) -> Path:
        parts = PurePosixPath(location)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise DefinitionError(f"A result's location is a path inside its folder, not {location!r}.")
        return self._folder() / parts

    def _folder(self) -> Path:
        if self.dir is not None:
            return Path(self.dir)
        from jupyter_flows.places import cache_folder

        return cache_folder()

    def __repr__(self) -> str:
        return "LocalResult()" if self.dir is None else f"LocalResult({self.dir!r})"


def _dump(value: Any, file: Any) -> None:
    if f"{type(value).__module__}.{type(value).__name__}" == "numpy.ndarray" and not value.dtype.hasobject:
        import_module("numpy").save(file, value, allow_pickle=False)
    else:
        cloudpickle.dump(value, file)
