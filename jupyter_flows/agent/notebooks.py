"""Leave the executed notebook of a run behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

from jupyter_flows.core.bundle import Bundle
from jupyter_flows.core.events import Event
from jupyter_flows.errors import FlowsError
from jupyter_flows.executed import Kept, executed_notebook, keep_executed
from jupyter_flows.executed.texts import drop_old_texts
from jupyter_flows.registry import Claim, Registry
from jupyter_flows.registry.rows import iso
from jupyter_flows.settings import load_settings

logger = logging.getLogger("jupyter_flows.agent")


def write_executed(registry: Registry, claim: Claim, last: Sequence[Event], load: Callable[[], Bundle]) -> None:
    """Write the executed notebook of a run that ends with the events `last`; a failure to write fails no run.

    `load` gives the version's bundle. Long texts of runs long ago go.
    """
    version = claim.version
    drop_old_texts(version.project, version.flow, keep_runs=load_settings().keep_notebooks)
    if version.document["kind"] != "cells":
        return
    try:
        _write(registry, claim, last, load)
    except (FlowsError, OSError, ValueError, KeyError) as error:
        logger.warning("Run %d left no executed notebook: %s", claim.run.id, error)


def _write(registry: Registry, claim: Claim, last: Sequence[Event], load: Callable[[], Bundle]) -> None:
    version, run, settings = claim.version, claim.run, load_settings()
    bundle = load()
    events = [*registry.runs.events(run.id), *last]
    text = executed_notebook(
        bundle.files["notebook.ipynb"].decode(),
        bundle.document,
        events,
        {**run.to_json(), **_end(events)},
        keep=cast(Kept, settings.record_outputs),
    )
    keep_executed(version.project, version.flow, run.id, text, keep_notebooks=settings.keep_notebooks)


def _end(events: Sequence[Event]) -> dict[str, str | None]:
    """Return what the run's own events say of its state, before the registry knows."""
    of_run = [event for event in events if event.kind == "run"]
    started = next((e.at for e in of_run if e.body["state"] == "Running"), None)
    return {
        "state": str(of_run[-1].body["state"]),
        "message": str(of_run[-1].body.get("message") or ""),
        "started_at": iso(datetime.fromtimestamp(started, UTC)) if started else None,
        "finished_at": iso(datetime.fromtimestamp(of_run[-1].at, UTC)),
    }
