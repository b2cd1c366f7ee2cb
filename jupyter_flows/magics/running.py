"""Run a run from this kernel, and show any run under the cell."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

from jupyter_flows.magics.live import Handle, LiveCard, RegistryNews
from jupyter_flows.magics.saying import say
from jupyter_flows.widgets.run_card import RunView

if TYPE_CHECKING:
    from jupyter_flows.magics.session import NotebookSession
    from jupyter_flows.registry import Run, Version


logger = logging.getLogger("jupyter_flows.agent")


def nobody_takes(labels: tuple[str, ...]) -> str:
    """Say that no agent takes runs of these labels."""
    return f"no agent offers {' and '.join(map(repr, labels))}" if labels else "no agent takes runs without labels"


def run_here(session: NotebookSession, run_id: int, *, strict: bool = False) -> None:
    """Run one run from a thread of this kernel, in a process of its own."""
    agent = session.own_agent(strict=strict)
    Thread(target=_run_one, args=(agent, run_id), name=f"flows-here-{run_id}", daemon=True).start()


def _run_one(agent: Any, run_id: int) -> None:
    """Run it; what keeps it from running is recorded as the run's end, which the card shows."""
    from jupyter_flows.errors import FlowsError
    from jupyter_flows.registry import open_registry

    try:
        agent.run_one(run_id, keep_warm=True)
    except FlowsError as error:
        with open_registry() as registry:
            run = registry.runs.get(run_id)
            if not run.finished:
                registry.runs.cancel(run_id)
        logger.warning("Run %d can't run here: %s", run_id, error)


@dataclass(frozen=True, slots=True)
class Shown:
    """A run on display."""

    card: LiveCard


def show(session: NotebookSession, version: Version, run: Run) -> Shown:
    """Put a run's card under the cell, and keep it true until the run has ended."""
    from IPython.display import display

    view = RunView.of(version.document, run_id=run.id, project=run.project, version=run.version)
    card = LiveCard(view, lambda: RegistryNews(run.id), hint=f"%flow_cancel {run.id} stops it")
    handle: Handle = LastOnly(view)
    if hasattr(session.shell, "kernel"):
        handle = display(card.bundle(), raw=True, display_id=f"flow-run-{run.id}-{uuid.uuid4().hex[:8]}")
    card.start(handle)
    session.cards = [*(c for c in session.cards if not c.wait(0)), card]
    return Shown(card)


class LastOnly:
    """A terminal can't update what it has printed: only the last state is printed."""

    def __init__(self, view: RunView):
        self._view = view

    def update(self, obj: Any, **kwargs: Any) -> None:
        """Print the card once the run has ended."""
        del kwargs
        if self._view.finished:
            say(obj["text/plain"])
