"""The run card as text: for terminals, and for notebooks read where HTML is not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jupyter_flows.core.state import FAILED, FINISHED, SUCCESSFUL, StateName
from jupyter_flows.widgets.progress import RunProgress, TaskProgress
from jupyter_flows.widgets.words import duration, joined, mark, shorten

#: More tasks than this are summed up; those at work or in trouble are still listed.
MAX_TASKS = 24
MAX_NAME = 40
BAR_WIDTH = 30

_GREEN, _RED, _BLUE, _GREY, _BOLD = "32", "31", "34", "90", "1"


def colour_of(state: StateName) -> str:
    """Return the ANSI colour of a state."""
    if state in SUCCESSFUL:
        return _GREEN
    if state in FAILED:
        return _RED
    return _BLUE if state in (StateName.RUNNING, StateName.RETRYING) else _GREY


class Ink:
    """Colour text, or leave it as it is."""

    def __init__(self, *, on: bool):
        self._on = on

    def __call__(self, code: str, text: str) -> str:
        """Return the text in that colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._on and text else text


def card_text(run: RunProgress, *, width: int = 80, colour: bool = False, log_lines: int = 6) -> str:
    """Write the card as lines of at most `width` characters, colours not counted."""
    ink = Ink(on=colour)
    lines = [_head(run, ink, width)]
    lines += [ink(_GREY, shorten(f"! {notice}", width)) for notice in run.notices]
    if run.shown_tasks:
        lines += [_bar(run, ink), *_task_lines(run, ink, width)]
    lines += [ink(_GREY, line) for line in _log_lines(run, width, log_lines)]
    if run.message and run.state in FINISHED and run.state not in SUCCESSFUL:
        lines.append(ink(_RED if run.state in FAILED else _GREY, f"{run.state.value}: {run.message}"))
    return "\n".join(lines)


def _head(run: RunProgress, ink: Ink, width: int) -> str:
    took = duration(run.seconds) if run.seconds is not None else ""
    tail = joined([run.state.value, took])
    title = shorten(run.title, max(20, width - len(tail) - 5))
    return f"{ink(colour_of(run.state), mark(run.state))} {ink(_BOLD, title)} · {ink(colour_of(run.state), tail)}"


def _bar(run: RunProgress, ink: Ink) -> str:
    counts = run.counts()
    total = sum(counts.values())
    good = sum(n for s, n in counts.items() if s in SUCCESSFUL)
    bad = sum(n for s, n in counts.items() if s in FAILED)
    ended = sum(n for s, n in counts.items() if s in FINISHED)
    wide = [BAR_WIDTH * n // total for n in (good, good + bad, ended)]
    parts = [ink(_GREEN, "█" * wide[0]), ink(_RED, "█" * (wide[1] - wide[0])), ink(_GREY, "▒" * (wide[2] - wide[1]))]
    return f"  {''.join(parts)}{ink(_GREY, '░' * (BAR_WIDTH - wide[2]))}  {ended} of {total}"


def _task_lines(run: RunProgress, ink: Ink, width: int) -> list[str]:
    listed, rest = split(run.shown_tasks)
    name_width = min(MAX_NAME, max((len(t.name) for t in listed), default=0))
    lines = [_task_line(t, run.now, ink, name_width, width) for t in listed]
    if rest:
        lines.append(ink(_GREY, f"  … and {summary(rest)}"))
    return lines


def _task_line(task: TaskProgress, now: float, ink: Ink, name_width: int, width: int) -> str:
    seconds = task.seconds(now)
    took = duration(seconds) if seconds is not None else ""
    name = shorten(task.name, name_width)
    said = says(task)
    left = f"  {ink(colour_of(task.state), mark(task.state))} {name:<{name_width}}  {took:>10}"
    room = width - name_width - 18
    return left.rstrip() if not said or room < len("…" * 4) else f"{left}  {shorten(said, room)}"


def says(task: TaskProgress) -> str:
    """Return what a card adds to a task's mark: a state that the mark does not tell, children, a message."""
    children = ""
    if task.children:
        done, bad = (sum(s in kind for s in task.children.values()) for kind in (FINISHED, FAILED))
        children = f"{done} of {len(task.children)}" + (f", {bad} failed" if bad else "")
    plain_states = (StateName.PENDING, StateName.RUNNING, StateName.SUCCESS, StateName.FAILED)
    state = "" if task.state in plain_states else task.state.value
    kind = "definitions" if task.quiet else ""
    message = task.message if task.state is not StateName.SUCCESS else ""
    return joined([kind, children, state, message.replace("\n", " ")])


def split(tasks: Sequence[TaskProgress]) -> tuple[list[TaskProgress], Counter[StateName]]:
    """Return the tasks to list, and a count by state of the others when they are too many."""
    if len(tasks) <= MAX_TASKS:
        return list(tasks), Counter()
    weight = {**dict.fromkeys(FAILED, 0), StateName.RUNNING: 1, StateName.RETRYING: 1}
    urgent = sorted(range(len(tasks)), key=lambda n: (weight.get(tasks[n].state, 2), n))[:MAX_TASKS]
    chosen = set(urgent)
    rest = Counter(t.state for n, t in enumerate(tasks) if n not in chosen)
    return [tasks[n] for n in sorted(chosen)], rest


def summary(rest: Counter[StateName]) -> str:
    """Write a count by state: ``40 more: 30 Success, 10 Pending``."""
    by_state = ", ".join(f"{number} {state.value}" for state, number in rest.most_common())
    return f"{sum(rest.values())} more: {by_state}"


def _log_lines(run: RunProgress, width: int, number: int) -> list[str]:
    return [shorten(f"  │ {log_line(line.task, line.text)}", width) for line in run.log.last(number)]


def log_line(task: str | None, text: str) -> str:
    """Write one log line with who said it."""
    return f"{task}: {text}" if task else text
