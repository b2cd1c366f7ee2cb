"""Run a run from this kernel, and show any run under the cell."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
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


def show(session: NotebookSession, version: Version, run: Run, *, cancel_button: bool = False) -> LiveCard:
    """Put a run's card under the cell, and keep it true until the run has ended.

    A `cancel_button` is for kernels that are idle meanwhile: a busy one hears no click.
    """
    view = RunView.of(version.document, run_id=run.id, project=run.project, version=run.version)
    hint = f"%flow_cancel {run.id} stops it"
    in_kernel = hasattr(session.shell, "kernel")
    button = _Button(run.id, hint) if in_kernel and cancel_button else None
    card = LiveCard(view, lambda: RegistryNews(run.id), hint=hint, ended=button.remove if button else lambda: None)
    handle: Handle = _shown(run.id, card.bundle()) if in_kernel else LastOnly(view)
    if button:
        button.show()
    card.start(handle)
    session.cards = [*(c for c in session.cards if not c.wait(0)), card]
    return card


def _shown(run_id: int, bundle: Mapping[str, Any]) -> Any:
    """Display a bundle under an id of its own, so that it can be updated."""
    from IPython.display import display

    return display(bundle, raw=True, display_id=f"flow-run-{run_id}-{uuid.uuid4().hex[:8]}")


class _Button:
    """The Cancel button below a card, until the run has ended."""

    def __init__(self, run_id: int, hint: str):
        from jupyter_flows.widgets.cancel import CancelButton

        self._run_id, self._hint = run_id, hint
        self._button = CancelButton(run_id, self._cancel)
        self._handle: Any = None

    def show(self) -> None:
        self._handle = _shown(self._run_id, self._button.bundle(self._hint))

    def remove(self) -> None:
        """Leave an empty place: a notebook that is opened again has no dead widget in it."""
        self._handle.update({"text/html": "", "text/plain": ""}, raw=True)
        self._button.close()

    def _cancel(self) -> None:
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            registry.runs.cancel(self._run_id)


class LastOnly:
    """A terminal can't update what it has printed: only the last state is printed."""

    def __init__(self, view: RunView):
        self._view = view

    def update(self, obj: Any, **kwargs: Any) -> None:
        """Print the card once the run has ended."""
        del kwargs
        if self._view.finished:
            say(obj["text/plain"])
