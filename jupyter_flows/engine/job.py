"""What a run process is asked to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.errors import RunError


@dataclass(frozen=True, slots=True)
class Job:
    """One flow run, to be started by `Launcher`."""

    run_id: int
    flow_name: str
    #: ``Storage.to_json()`` of the storage that keeps the artifact.
    storage: Mapping[str, Any]
    artifact: Artifact
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: ``Environment.to_json()``, where it is not the one registered with the flow.
    environment: Mapping[str, Any] | None = None
    #: Where the bundle's files lie, if they are at hand (in an image): they are loaded instead of the artifact.
    bundle_folder: str | None = None
    #: The interpreter that runs the flow.
    python: str = sys.executable
    #: The working folder; None for one of the run's own, removed afterwards.
    folder: str | None = None
    needs_shell: bool = False
    #: Requirements as pinned at registration, compared with what is installed.
    pins: Sequence[str] = ()
    #: Whether a version that differs fails the run.
    strict: bool = False
    #: Environment variables to set.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Environment variables to remove.
    unset: Sequence[str] = ()
    #: Where text goes that is too long for events; None for a temporary folder.
    output_folder: str | None = None
    #: The folder that takes what cells leave behind, for runs that go on from this one; None to keep nothing.
    results: str | None = None
    #: Such a folder of an earlier run, from which this one goes on.
    resume: str | None = None
    #: How people call that run.
    resumed_from: str = "an earlier run"
    #: Tasks that run again although they need not.
    again: Sequence[str] = ()
    #: When the run was due, in seconds since the epoch; None for at once.
    scheduled_at: float | None = None

    @property
    def scheduled_start_time(self) -> datetime:
        """When the run was due, or now."""
        return datetime.now(UTC) if self.scheduled_at is None else datetime.fromtimestamp(self.scheduled_at, UTC)

    def to_line(self) -> str:
        """Write the job as one JSON line; raise `RunError` for values that JSON can't carry."""
        try:
            return json.dumps(asdict(self)) + "\n"
        except (TypeError, ValueError) as error:
            raise RunError(
                f"Run {self.run_id} can't be sent to its process: {error}. Parameters are JSON values."
            ) from None

    @classmethod
    def from_line(cls, line: str | bytes) -> Job:
        """Read what `to_line` wrote."""
        data = json.loads(line)
        return cls(**{**data, "artifact": Artifact(**data["artifact"])})
