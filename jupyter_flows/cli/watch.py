"""Watch a run until it ends: a card drawn over on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_flows.cli.console import Console
from jupyter_flows.core.state import FAILED, StateName
from jupyter_flows.executed import executed_path
from jupyter_flows.widgets.run_card import RunView
from jupyter_flows.widgets.words import duration, joined, mark

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run, Version

#: How often the registry is asked.
POLL_SECONDS = 0.1
_QUIET = (StateName.PENDING, StateName.SCHEDULED)
_LOG_LINES = 6
_MOST_WIDTH = 120


class Watch:
    """One run, its card, and the console that shows it."""

    def __init__(
        self,
        registry: Registry,
        version: Version,
        run: Run,
        console: Console,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.run = run
        self._registry, self._console = registry, console
        self._clock, self._sleep = clock, sleep
        self.view = RunView.of(version.document, run_id=run.id, project=run.project, version=run.version)
        self._shown: dict[str, StateName] = {}
        self._notices = 0

    def until_finished(self, timeout: float | None = None, *, give_up: Callable[[], bool] = lambda: False) -> bool:
        """Show the run until it ends, until `timeout` seconds have passed or until `give_up()`; say if it has ended."""
        deadline = None if timeout is None else self._clock() + timeout
        with self._drawing() as draw:
            while True:
                last = give_up() or (deadline is not None and self._clock() >= deadline)
                self._look()
                draw()
                if last or self.run.finished:
                    return self.run.finished
                self._sleep(POLL_SECONDS)

    def report(self) -> None:
        """Print the run as the command's result."""
        tasks = self._registry.runs.tasks(self.run.id)
        left = executed_path(self.run.project, self.run.flow, self.run.id)
        notebook = str(left) if self.run.finished and left.is_file() else None
        document = {**self.run.to_json(), "tasks": [t.to_json() for t in tasks], "notebook": notebook}
        self._console.result(document, lambda: self._last_card(notebook))

    def _last_card(self, notebook: str | None) -> str:
        card = self.view.text(width=min(self._console.width, _MOST_WIDTH), colour=self._console.coloured)
        return f"{card}\n{notebook}" if notebook else card

    def _look(self) -> None:
        """Take in what happened; the row is read first, so that a final state comes with all of its events."""
        self.run = run = self._registry.runs.get(self.run.id)
        if not run.finished:
            self.view.enter(run.state, run.message, run.started_at.timestamp() if run.started_at else None)
        for event in self._registry.runs.events(run.id, after=self.view.last_seq):
            self.view.fold(event)
        if run.finished:
            self.view.enter(run.state, run.message, run.finished_at.timestamp() if run.finished_at else None)

    @contextmanager
    def _drawing(self) -> Iterator[Callable[[], None]]:
        if not self._console.live:
            yield self._say_news
            return
        from rich.console import Console as Screen
        from rich.live import Live
        from rich.text import Text

        screen = Screen(file=self._console.err, no_color=not self._console.colours(self._console.err))

        def card() -> Any:
            lines = max(1, min(_LOG_LINES, screen.height - len(self.view.shown_tasks) - 4))
            text = self.view.text(width=min(screen.width, _MOST_WIDTH), colour=True, log_lines=lines)
            return Text.from_ansi(text, no_wrap=True, overflow="ellipsis")

        shown = card()
        with Live(shown, console=screen, auto_refresh=False, transient=True, redirect_stdout=False) as live:

            def draw() -> None:
                nonlocal shown
                news = card()
                if news != shown:
                    shown = news
                    live.update(news, refresh=True)

            yield draw

    def _say_news(self) -> None:
        """Say each task's and the run's new state in a line of its own."""
        for notice in self.view.notices[self._notices :]:
            self._console.say(f"! {notice}")
        self._notices = len(self.view.notices)
        for task in self.view.shown_tasks:
            unimportant = task.quiet and task.state not in FAILED
            if task.state in _QUIET or unimportant or self._shown.get(task.name) is task.state:
                continue
            self._shown[task.name] = task.state
            seconds = task.seconds(self.view.now)
            took = duration(seconds) if seconds is not None and task.finished_at is not None else ""
            self._console.say(f"{mark(task.state)} {task.name}  {joined([task.state.value, took, task.message])}")
