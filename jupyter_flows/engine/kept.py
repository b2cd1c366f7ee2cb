"""What a run's cells keep, and what they take over from an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import State


@dataclass(frozen=True, slots=True)
class Kept:
    """How a run's cells run; by default each, with nothing kept."""

    run_cell: Any
    #: The tasks that do not run, by slug.
    settled: Mapping[str, State] = field(default_factory=dict)
    #: What these showed: kinds of events, and their bodies.
    shown: Sequence[tuple[str, dict[str, Any]]] = ()
    #: What is to be said of it.
    notice: str = ""
    hear: Callable[[Event], None] = lambda _: None
    #: Keep what the last cells left behind.
    finish: Callable[[], None] = lambda: None
