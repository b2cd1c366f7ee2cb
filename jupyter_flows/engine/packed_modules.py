"""Import the local modules that a bundle carries: the source as registered, whatever the folder holds by now."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast


class PackedLoader(SourceLoader):
    """Loads one module from bytes, under the path where its source lies or lay."""

    def __init__(self, path: Path, source: bytes):
        self._path, self._source = path, source

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - a loader is one module's
        """Return the path that tracebacks and ``__file__`` show."""
        return str(self._path)

    def get_data(self, path: str) -> bytes:
        """Return the packed source, or what lies beside the module."""
        return self._source if path == str(self._path) else Path(path).read_bytes()

    def get_resource_reader(self, fullname: str) -> Any:  # noqa: ARG002 - as above
        """Return what `importlib.resources` finds a package's data by: its folder."""
        from importlib.resources.readers import FileReader

        return FileReader(cast(Any, SimpleNamespace(path=str(self._path))))

    def path_stats(self, path: str) -> Mapping[str, float]:
        """Say that there is no compiled copy: another source may have made it."""
        raise OSError(path)


class PackedModules(MetaPathFinder):
    """Finds the modules of a bundle before the folder's own."""

    def __init__(self, modules: Mapping[str, bytes], folder: Path | None):
        #: Every file: modules, and data that packages read.
        self._files = dict(modules)
        self._modules = {
            PackedModules.name_of(path): (path, source) for path, source in modules.items() if path.endswith(".py")
        }
        self._folder = folder
        self._spare: Path | None = None

    @staticmethod
    def name_of(path: str) -> str:
        """Return the module that a file makes: ``pkg/__init__.py`` makes ``pkg``."""
        parts = Path(path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def install(self) -> None:
        """Find modules from now on, before the path is searched, after built-in ones."""
        self._write_missing()
        place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)
        sys.meta_path.insert(place, self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        """Return the spec of a packed module."""
        if fullname not in self._modules:
            return None
        name, source = self._modules[fullname]
        file = self._place(name)
        places = [str(file.parent)] if file.name == "__init__.py" else None
        return spec_from_file_location(
            fullname, file, loader=PackedLoader(file, source), submodule_search_locations=places
        )

    def _place(self, name: str) -> Path:
        """Where a module lies in the folder, so that data beside it is found; else in the spare folder."""
        if self._folder and (self._folder / name).is_file():
            return self._folder / name
        return (self._spare or Path()) / name

    def _write_missing(self) -> None:
        """Write the files that the folder lacks, for child processes, which have no finder of ours."""
        missing = [name for name in self._files if not (self._folder and (self._folder / name).is_file())]
        if not missing:
            return
        self._spare = Path(tempfile.mkdtemp(prefix="jupyter_flows-modules-"))
        for name in missing:
            (self._spare / name).parent.mkdir(parents=True, exist_ok=True)
            (self._spare / name).write_bytes(self._files[name])
        sys.path.append(str(self._spare))

    @property
    def contents(self) -> tuple[Mapping[str, bytes], Path | None]:
        """What another process makes its own finder of."""
        return self._files, self._folder

    def clean(self) -> None:
        """Remove what was written."""
        if self._spare:
            import shutil

            shutil.rmtree(self._spare, ignore_errors=True)
