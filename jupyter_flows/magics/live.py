"""Keep a run's card true while it happens: one display, updated in place from a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from threading import Event as Signal
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, StateName
from jupyter_flows.widgets.run_card import RunView

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry

#: Ten looks a second at most: front ends lag behind faster updates, and the server drops them.
INTERVAL_SECONDS = 0.1
#: A running card without news is drawn again so often, for its durations.
TICK_SECONDS = 1.0
#: A card of more bytes (images) is sent at most once a second.
LARGE_BYTES = 60_000


class Handle(Protocol):
    """What can be updated in place; IPython's `DisplayHandle` can."""

    def update(self, obj: Any, **kwargs: Any) -> None:
        """Show `obj` where the display is."""


class News(Protocol):
    """Where a card's news comes from."""

    def events(self, after: int) -> Iterable[Event]:
        """Return the run's events numbered above `after`, in order."""

    def state(self) -> tuple[StateName, str]:
        """Return the run's recorded state and what it says of itself."""

    def close(self) -> None:
        """Ask no more."""


class RegistryNews:
    """The news that the registry has of one run; a connection of its own, because a thread asks."""

    def __init__(self, run_id: int, registry: Registry | None = None):
        from jupyter_flows.registry import open_registry

        self._registry, self._run_id = registry or open_registry(), run_id

    def events(self, after: int) -> Iterable[Event]:
        """Return the run's events numbered above `after`, in order."""
        return self._registry.runs.events(self._run_id, after=after)

    def state(self) -> tuple[StateName, str]:
        """Return the run's recorded state and what it says of itself."""
        run = self._registry.runs.get(self._run_id)
        return run.state, run.message

    def close(self) -> None:
        """Ask no more."""
        self._registry.close()


class LiveCard:
    """Follow a run in a thread and draw its card until it has ended.

    The last drawing is static: a notebook opened again shows how the run ended. `ended` is called after it.
    """

    def __init__(
        self,
        view: RunView,
        news: Callable[[], News],
        *,
        hint: str = "",
        ended: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.view, self._news, self._hint, self._ended = view, news, hint, ended
        self._handle: Handle | None = None
        self._clock = clock
        self._stop = Signal()
        self._drawn_at = float("-inf")
        self._size = 0
        self._trouble: Exception | None = None
        self._thread = Thread(target=self._follow, name=f"run-card-{view.run_id}", daemon=True)

    def start(self, handle: Handle) -> LiveCard:
        """Begin to follow, drawing into `handle`, and return at once."""
        self._handle = handle
        self._thread.start()
        return self

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended and the card says so; say whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Leave the card as it is; the run goes on."""
        self._stop.set()

    def _follow(self) -> None:
        try:
            with closing(self._news()) as news:
                self._follow_news(news)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to: the card says it
            self._trouble = error
            self.view.notices.append(f"this card stopped following: {type(error).__name__}: {error}")
        finally:
            self.draw()
            self._ended()

    def _follow_news(self, news: News) -> None:
        while not self._stop.is_set():
            changed = self.look(news)
            if self.view.finished:
                return
            self._draw_if_due(changed=changed)
            self._stop.wait(INTERVAL_SECONDS)

    def look(self, news: News) -> bool:
        """Take in what is new; say whether anything was.

        The state is read before the events, so that a final state finds all events recorded with it.
        """
        state, message = news.state()
        changed = [self.view.fold(event) for event in news.events(self.view.last_seq)]
        before = self.view.state
        if state in FINISHED or state is StateName.CANCELLING or self.view.last_seq == 0:
            self.view.enter(state, message)
        return any(changed) or self.view.state is not before

    def _draw_if_due(self, *, changed: bool) -> None:
        running = self.view.started_at is not None
        rest = TICK_SECONDS if self._size > LARGE_BYTES or not changed else 0.0
        if (changed or running) and self._clock() - self._drawn_at >= rest:
            self.draw()

    def draw(self) -> None:
        """Show the card as it stands."""
        bundle = self.bundle()
        self._size = sum(map(len, bundle.values()))
        self._drawn_at = self._clock()
        if self._handle is not None:
            self._handle.update(bundle, raw=True)

    def bundle(self) -> Mapping[str, str]:
        """Return the card, with how to cancel the run while it can be."""
        bundle = self.view.bundle()
        if self.view.finished or not self._hint:
            return bundle
        from html import escape

        small = f'<div style="color:var(--jp-ui-font-color2, #808080);font-size:11px">{escape(self._hint)}</div>'
        return {"text/html": bundle["text/html"] + small, "text/plain": f"{bundle['text/plain']}\n  {self._hint}"}
