"""Every error that a user can meet, in one tree.

::

    FlowsError
    ├── DefinitionError            a flow that can't be: names, edges, options
    │   ├── CycleError
    │   ├── DuplicateTaskError
    │   ├── FrozenFlowError
    │   └── ParameterError
    ├── CaptureError               a notebook that can't become a flow
    │   ├── CellSyntaxError
    │   ├── ExportRefused          cells that can't be written as functions
    │   ├── MarkerError
    │   └── NotebookFileError
    ├── StorageError
    │   ├── StorageOptionError     also a TypeError
    │   ├── StorageOptionClash     also a TypeError
    │   ├── UnknownStorageError
    │   ├── StaleBuildError
    │   ├── ArtifactError
    │   └── ImageError
    │       ├── EngineError        no container engine answers, or it can't do what was asked
    │       ├── ImageAccessError   an image registry that refuses us
    │       ├── ImageGoneError     an image registry that has not what was asked for
    │       ├── RequirementError   what can't be installed into an image
    │       └── HealthCheckError   a flow that would not run in its image
    ├── EnvironmentOptionError     also a TypeError
    ├── RegisterRefused            findings of level "error"
    ├── RegistryError
    │   ├── NotOurRegistryError
    │   ├── NewerSchemaError
    │   ├── NoSuchError
    │   └── ClashError
    ├── RunError                   a run that can't start or go on
    │   ├── NoRoomError            results that would fill the disk
    │   └── TransitionError
    ├── AgentError
    ├── CheckError                 a check that can't be made
    ├── SecretError
    │   └── SecretMissingError
    └── SettingsError
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def listed(names: Iterable[str]) -> str:
    """Write names for a message: quoted, sorted, or "none"."""
    return ", ".join(repr(n) for n in sorted(names)) or "none"


class FlowsError(Exception):
    """Root of the tree; its text says what happened, the value, and what to do."""

    #: What the command line exits with (DESIGN section 10).
    exit_code = 3


class DefinitionError(FlowsError):
    """A flow that can't be built as written."""


class CycleError(DefinitionError):
    """Tasks wait for each other in a circle."""

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        circle = " -> ".join([*names, names[0]])
        super().__init__(f"These tasks wait for each other in a circle: {circle}. Remove one of these edges.")


class DuplicateTaskError(DefinitionError):
    """Two tasks of one flow have one name."""

    def __init__(self, name: str, where: Sequence[str] = ()):
        self.name = name
        places = f" ({' and '.join(where)})" if where else ""
        super().__init__(f"Two tasks are named {name!r}{places}: give one of them another name.")


class FrozenFlowError(DefinitionError):
    """A registered flow does not change any more."""


class ParameterError(DefinitionError):
    """A parameter is missing, unknown or of the wrong type."""


class CaptureError(FlowsError):
    """A notebook that can't become a flow."""


class CellSyntaxError(CaptureError):
    """A cell that Python can't parse."""

    def __init__(self, ordinal: int, line: int, message: str):
        self.ordinal, self.line, self.reason = ordinal, line, message
        super().__init__(f"Cell {ordinal}, line {line}: {message}. Correct the cell; nothing was registered.")


class MarkerError(CaptureError):
    """A ``%%task`` line or ``#| task:`` directive that can't be read."""


class ExportRefused(CaptureError):
    """Cells that can't be written as functions of a script; ``reasons`` holds cell, line and why of each."""

    def __init__(self, reasons: Sequence[tuple[int | None, int | None, str]]):
        self.reasons = tuple(reasons)
        places = (
            f"cell {cell}{f', line {line}' if line else ''}" if cell else "the notebook" for cell, line, _ in reasons
        )
        lines = [f"{place}: {why}" for place, (_, _, why) in zip(places, reasons, strict=True)]
        super().__init__("\n".join([*lines, "Nothing was written: change these cells, or tag them `skip`."]))


class NotebookFileError(CaptureError):
    """A file that is not a notebook."""


class StorageError(FlowsError):
    """Storing or loading a flow failed."""


class StorageOptionError(StorageError, TypeError):
    """An option that the storage does not take."""

    def __init__(self, storage: str, unknown: Iterable[str], known: Iterable[str]):
        self.storage, self.unknown, self.known = storage, tuple(sorted(unknown)), tuple(sorted(known))
        super().__init__(f"{storage} storage takes no {listed(self.unknown)}; it takes {listed(self.known)}.")


class StorageOptionClash(StorageError, TypeError):
    """Options that a storage takes, but not with these values or not together; ``reasons`` says why of each."""

    def __init__(self, storage: str, reasons: Sequence[str]):
        self.storage, self.reasons = storage, tuple(reasons)
        super().__init__(f"{storage} storage: {'; '.join(reasons)}.")


class UnknownStorageError(StorageError):
    """A storage name that nothing answers to."""

    def __init__(self, name: str, known: Iterable[str]):
        self.name, self.known = name, tuple(sorted(known))
        super().__init__(f"There is no storage {name!r}; there are {listed(self.known)}.")


class StaleBuildError(StorageError):
    """The flow changed since its storage was built."""


class ArtifactError(StorageError):
    """A stored flow is missing, damaged or not the one that was registered."""


class ImageError(StorageError):
    """An image can't be built, pushed or pulled."""


class EngineError(ImageError):
    """No container engine answers, or it can't do what was asked."""


class ImageAccessError(ImageError):
    """An image registry refuses who we are, or what we want."""


class ImageGoneError(ImageError):
    """An image registry has no such image or layer."""


class RequirementError(ImageError):
    """A requirement can't be installed into an image."""


class HealthCheckError(ImageError):
    """A flow would not run in its image; ``failures`` says why, one sentence each."""

    def __init__(self, image: str, failures: Sequence[str]):
        self.image, self.failures = image, tuple(failures)
        found = "\n".join(f"  {failure}" for failure in failures)
        super().__init__(f"The flow would not run in {image}:\n{found}\nNothing was pushed, nothing was registered.")


class EnvironmentOptionError(FlowsError, TypeError):
    """An option that an environment or executor does not take."""


class RegisterRefused(FlowsError):
    """Registering found errors in the flow; they are in ``findings``."""

    def __init__(self, message: str, findings: Sequence[Any] = ()):
        self.findings = tuple(findings)
        super().__init__(message)


class RegistryError(FlowsError):
    """The registry can't be used."""


class NotOurRegistryError(RegistryError):
    """The file or database at the registry's address holds something else."""


class NewerSchemaError(RegistryError):
    """The registry was written by a newer version of jupyter_flows."""


class NoSuchError(RegistryError):
    """Nothing of that name or number is in the registry."""

    exit_code = 4


class ClashError(RegistryError):
    """Something else holds that name, key or lease already."""


class RunError(FlowsError):
    """A run can't start or go on."""


class NoRoomError(RunError):
    """Results would take more room than they may."""


class TransitionError(RunError):
    """A state can't follow another."""

    def __init__(self, what: str, old: str, new: str, allowed: Iterable[str]):
        self.what, self.old, self.new = what, old, new
        super().__init__(f"{what} can't go from {old} to {new}; from {old} it may go to {listed(allowed)}.")


class AgentError(FlowsError):
    """An agent can't start or go on."""


class CheckError(FlowsError):
    """A check that can't be made as asked."""


class SecretError(FlowsError):
    """A secret that can't be used or kept."""


class SecretMissingError(SecretError):
    """Secrets that are not set where a run needs them."""

    def __init__(self, names: Iterable[str]):
        self.names = tuple(sorted(names))
        what = f"Secret {listed(self.names)} is" if len(self.names) == 1 else f"Secrets {listed(self.names)} are"
        first = self.names[0]
        super().__init__(
            f'{what} not set: "jupyter flows secret set {first}" keeps it for the user of the runs, or set the '
            f"variable JUPYTER_FLOWS_SECRET_{first} where they run."
        )


class SettingsError(FlowsError):
    """A setting has a value that can't be used."""
