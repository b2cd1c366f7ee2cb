"""What every storage does: build a flow's artifact, and load it only when it is the registered one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_flows.core.artifact import Artifact, sha256
from jupyter_flows.core.bundle import Bundle, pack_flow
from jupyter_flows.core.flow import Flow
from jupyter_flows.errors import ArtifactError, StaleBuildError, StorageError, StorageOptionError


@dataclass(frozen=True, slots=True)
class Build:
    """What `Storage.build` made, and of which flow."""

    artifact: Artifact
    #: ``flow.json`` as it was packed, before registering adds labels.
    document: Mapping[str, Any]


class Storage:
    """A place that keeps packed flows. A backend writes two methods, `write` and `read`.

    A backend's options are its ``__init__`` arguments, each kept as an attribute of the same name.
    """

    #: Options that change what a run does, and so are part of the flow's digest; addresses are not.
    run_options: ClassVar[frozenset[str]] = frozenset()
    #: Whether a process other than the one that built can load it.
    lasting: ClassVar[bool] = True

    #: Told how building goes, a line at a time; whoever shows it sets it.
    say: Callable[[str], None] = staticmethod(lambda _: None)

    _flow: Flow | None = None
    built: Build | None = None

    # -- a backend writes these two --------------------------------------------------------------

    def write(self, data: bytes, name: str) -> str:
        """Keep bytes under their digest, once, and return the uri that `read` takes; `name` is for people."""
        raise NotImplementedError

    def read(self, uri: str) -> bytes:
        """Return the bytes kept at `uri`, or raise `ArtifactError` naming it."""
        raise NotImplementedError

    # -- policy ----------------------------------------------------------------------------------

    def bind(self, flow: Flow) -> None:
        """Make `build` pack this flow; a flow does it when the storage is assigned to it."""
        self._flow = flow

    @property
    def flow(self) -> Flow:
        """Return the flow that `build` packs."""
        if self._flow is None:
            raise StorageError(f"This {self.kind} storage has no flow: assign it first, f.storage = {self.kind}().")
        return self._flow

    def build(self) -> Artifact:
        """Pack the flow, keep it, and return where; the same flow again is kept once."""
        flow = self.flow
        bundle = pack_flow(flow)
        artifact = self.keep(bundle, flow.name)
        self.built = Build(artifact, bundle.document)
        return artifact

    def keep(self, bundle: Bundle, name: str) -> Artifact:
        """Keep a bundle as one archive; a storage that keeps it otherwise writes this and `load` instead."""
        data = bundle.pack()
        return Artifact(self.write(data, name), sha256(data), len(data))

    def prebuilt(self, current: Mapping[str, Any]) -> Artifact:
        """Return the last build's artifact, or raise `StaleBuildError` when the flow is another by now.

        `current` is the flow's document as it would be packed now.
        """
        if self.built is None:
            raise StaleBuildError(
                "build=False registers what was built before, and nothing was: call f.storage.build() first."
            )
        if self.built.document["digest"] != current["digest"]:
            from jupyter_flows.core.changes import changes

            what = "; ".join(str(c) for c in changes(self.built.document, current))
            raise StaleBuildError(
                f"The flow has changed since its storage was built: {what}. Call f.storage.build() again."
            )
        return self.built.artifact

    def load(self, artifact: Artifact) -> Bundle:
        """Return the bundle, having checked that its bytes are the registered ones."""
        data = self.read(artifact.uri)
        found = sha256(data)
        if found != artifact.digest:
            raise ArtifactError(
                f"What is kept at {artifact.uri} is not what was registered ({found} instead of {artifact.digest}): "
                "it was damaged or replaced. Register the flow again."
            )
        return Bundle.unpack(data)

    def summary(self) -> str:
        """Say in a line where and how the last build is kept."""
        return self.kind

    @property
    def kind(self) -> str:
        """The class's name, as people choose it."""
        return type(self).__name__

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return what ``__init__`` takes."""
        return tuple(n for n in inspect.signature(cls.__init__).parameters if n != "self")

    def options(self) -> dict[str, Any]:
        """Return the options as they are now."""
        return {name: getattr(self, name) for name in self.option_names()}

    def configure(self, **changes: Any) -> None:
        """Change options of this storage; raise `StorageOptionError` for one that it does not take."""
        check_options(type(self), changes)
        if changes:
            # Through `__init__`, so that a backend writes the reading of its options once.
            type(self).__init__(self, **{**self.options(), **changes})
            self.built = None

    def to_json(self) -> dict[str, Any]:
        """Return class path, options and the part of them that is the flow's meaning."""
        options = self.options()
        return {"class": f"{_PUBLIC}.{self.kind}", "options": options, "meaning": self.meaning()}

    def meaning(self) -> dict[str, Any]:
        """Return what of the storage is part of the flow's digest."""
        return {"class": self.kind, **{name: getattr(self, name) for name in sorted(self.run_options)}}

    def __repr__(self) -> str:
        given = ", ".join(f"{n}={v!r}" for n, v in self.options().items() if v is not None)
        return f"{self.kind}({given})"


_PUBLIC = "jupyter_flows.environments.storage"


def check_options(storage: type[Storage], options: Mapping[str, Any]) -> None:
    """Raise `StorageOptionError` naming the options that a storage does not take and those it does."""
    unknown = set(options) - set(storage.option_names())
    if unknown:
        raise StorageOptionError(storage.__name__, unknown, storage.option_names())
