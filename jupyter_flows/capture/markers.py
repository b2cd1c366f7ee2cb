"""Marks that make a cell a task: ``%%task``, ``#| task:``, tags and metadata.

Reading a mark runs nothing. The magic's ``--help`` and what `read_marker` takes come from one parser,
and `strip_marker` is what the kernel runs, so that both spellings mean the same everywhere.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from jupyter_flows.capture.lines import blank_controls, is_bare
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.rules import USUAL, Rules, checked_rules
from jupyter_flows.core.task import TaskOptions
from jupyter_flows.core.triggers import Trigger, all_successful, trigger_from
from jupyter_flows.errors import DefinitionError, MarkerError

Kind = Literal["task", "parameters", "control", "empty", "skip", "plain"]

_MAGIC = re.compile(r"%%(task|parameters)(?![\w.])(.*)")
_DIRECTIVE = re.compile(r"#\|\s*(task|parameters)(?![\w-])\s*:?(.*)")
_MAP = re.compile(r"#\|\s*map(?![\w-])\s*:(.*)")
#: Cell magics whose body is Python, so that its line numbers matter; any other body is taken literally.
PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "script_time"})
#: Tags of cells that don't run: ours, and nbclient's.
SKIPPED = frozenset({"skip", "skip-execution"})
#: Kale's tags for what every step needs.
SHARED = frozenset({"imports", "functions"})
#: Papermill's tag of the cell that it writes below the parameters, and writes anew each time.
INJECTED = "injected-parameters"


@dataclass(frozen=True, slots=True)
class Marker:
    """What a cell is to a flow, and the code that is left when its marks are gone."""

    kind: Kind
    #: What runs in a flow: line numbers kept, marks and control lines gone.
    code: str
    options: TaskOptions = field(default_factory=TaskOptions)
    #: Whether running the cell in the kernel runs its code (``--no-run``).
    run: bool = True
    #: Whether ``--help`` was asked for.
    help: bool = False
    #: Line of the mark in the cell, counted from 1; None for tags and metadata.
    line: int | None = None
    #: The tag by which an unmarked cell takes part whether a task needs it or not.
    shared: str | None = None
    #: Whether papermill, or a run of ours, wrote the cell: its values go before those of the parameters cell.
    injected: bool = False


class _UsageError(Exception):
    """What argparse would have printed."""


class TaskParser(argparse.ArgumentParser):
    """A parser that neither prints nor exits: a mistake is an exception."""

    def error(self, message: str) -> NoReturn:
        """Raise the mistake."""
        raise _UsageError(message)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise argparse.ArgumentTypeError(f"takes a whole number from 0, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of seconds from 0, not {text!r}")
    return seconds


def _delays(text: str) -> float | tuple[float, ...]:
    delays = tuple(_seconds(part) for part in text.split(","))
    return delays if len(delays) > 1 else delays[0]


def _errors(text: str) -> list[str]:
    names = _names(text)
    if not names or not all(part.isidentifier() for name in names for part in name.split(".")):
        raise argparse.ArgumentTypeError(f"takes exceptions such as ConnectionError, not {text!r}")
    return names


def _trigger(text: str) -> Trigger:
    try:
        return trigger_from(text)
    except DefinitionError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _limit(text: str) -> float:
    seconds = _seconds(text)
    if seconds == 0:
        raise argparse.ArgumentTypeError("takes a number of seconds above 0, not 0")
    return seconds


def _variables(text: str) -> list[str]:
    names = _names(text)
    wrong = [n for n in names if not n.isidentifier()]
    if wrong or not names:
        raise argparse.ArgumentTypeError(f"takes names such as a,b, not {text!r}")
    return names


def _variable(text: str) -> str:
    names = _variables(text)
    if len(names) > 1:
        raise argparse.ArgumentTypeError(f"takes one name, not {text!r}")
    return names[0]


def _names(text: str) -> list[str]:
    return [n.strip() for n in text.split(",") if n.strip()]


def _requirement(text: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return str(Requirement(text))
    except InvalidRequirement:
        raise argparse.ArgumentTypeError(f"takes a requirement such as pandas==3.1.1, not {text!r}") from None


def _task_name(text: str) -> str:
    if not text.strip() or re.search(r"[,/\\\n]", text):
        raise argparse.ArgumentTypeError(f"is a text without commas and slashes, not {text!r}")
    return text.strip()


@functools.cache
def task_parser() -> TaskParser:
    """Return the parser of what follows ``%%task``."""
    parser = TaskParser(
        prog="%%task", description="Make this cell a task of the notebook's flow.", add_help=False, allow_abbrev=False
    )
    add = parser.add_argument
    add("name", nargs="?", type=_task_name, metavar="NAME", help="the task's name (else the first name it writes)")
    add("--retries", type=_whole, default=0, metavar="N", help="run again up to N times when it fails")
    add("--retry-delay", type=_delays, default=0.0, metavar="S", help="seconds between these, or a list: 1,10,60")
    add("--retry-jitter", type=_seconds, default=0.0, metavar="F", help="make delays longer by up to this share")
    add("--retry-on", type=_errors, action="extend", default=[], metavar="ERROR", help="only after these exceptions")
    add(
        "--trigger",
        type=_trigger,
        default=all_successful,
        metavar="T",
        help="when it runs: all_finished, any_failed ...",
    )
    add("--ignore-skips", action="store_true", help="run although a task that it waits for was skipped")
    add("--timeout", type=_limit, metavar="S", help="seconds after which a run of it ends as TimedOut")
    add("--map", type=_variable, metavar="NAME", help="run once for each element of NAME; what it writes becomes lists")
    add("--reads", type=_variables, action="extend", default=[], metavar="A,B", help="names it reads unseen")
    add("--writes", type=_variables, action="extend", default=[], metavar="A,B", help="names it writes unseen")
    add("--after", type=_names, action="extend", default=[], metavar="TASK", help="tasks that must finish first")
    add("--requires", type=_requirement, action="append", default=[], metavar="REQ", help="a requirement: pandas==3.1")
    add("--no-run", action="store_true", help="only capture: don't run the cell in the kernel")
    add("--help", "-h", action="store_true", help="show this")
    return parser


def read_marker(cell: Cell) -> Marker:
    """Return what a cell is to a flow; a mark that can't be read raises `MarkerError` in one line."""
    code = blank_controls(strip_marker(cell.source))
    marks = marks_of(cell.source)
    if SKIPPED & cell.tags or cell.metadata.get("skip"):
        return Marker("skip", code)
    if len(marks) > 1:
        raise _mistake(cell, marks[1].line, f"{marks[1].text} is a second mark of this cell", "keep one of the two")
    if marks:
        return _marked(cell, marks[0], code)
    over = _mapped_over(cell)
    if over and not ("task" in cell.tags or cell.metadata.get("task")):
        return _task(cell, over, code, line=None)
    if "parameters" in cell.tags or cell.metadata.get("parameters"):
        return Marker("parameters", code)
    if INJECTED in cell.tags:
        return Marker("parameters", code, injected=True)
    if "task" in cell.tags or cell.metadata.get("task"):
        return _task(cell, [*arguments_of(cell), *over], code, line=None)
    if is_bare(code):
        return Marker("empty" if is_bare(cell.source) else "control", code)
    return Marker("plain", code, shared=min(SHARED & cell.tags, default=None))


def strip_marker(source: str) -> str:
    r"""Return what the kernel runs of a cell: its text without ``%%task`` or ``%%parameters``, line numbers kept.

    >>> strip_marker("%%task load --retries 2\nx = 1")
    '#\nx = 1'
    >>> strip_marker("%%task load\n%%time\nx = 1")
    '%%time\n#\nx = 1'
    """
    marks = {m.line - 1 for m in marks_of(source) if not m.directive}
    if not marks:
        return source
    lines = source.split("\n")
    top = next((n for n, line in enumerate(lines) if line.strip() and n not in marks), None)
    if top is None or not lines[top].startswith("%%"):
        # A comment, because IPython drops leading blank lines and with them the count.
        return "\n".join("#" if n in marks else line for n, line in enumerate(lines))
    if _magic_name(lines[top]) in PYTHON_MAGICS:
        below = ["#" if n in marks else line for n, line in enumerate(lines) if n > top]
        return "\n".join([lines[top], *["#"] * top, *below])
    # The body is a file's text or another language: not a line may be added.
    return "\n".join([lines[top], *(line for n, line in enumerate(lines) if n > top and n not in marks)])


def _magic_name(line: str) -> str:
    return line[2:].split(maxsplit=1)[0] if line[2:].split() else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in a cell's text."""

    text: str
    kind: str
    arguments: str
    line: int
    directive: bool


def marks_of(source: str) -> list[Mark]:
    """Return the marks in a cell's head: the lines above its first statement."""
    found = []
    for number, line in enumerate(source.split("\n"), start=1):
        text = line.strip()
        directive = _DIRECTIVE.fullmatch(text) if line.startswith("#") else None
        match = directive or _MAGIC.fullmatch(text)
        if match:
            mark = f"`#| {match[1]}`" if directive else f"`%%{match[1]}`"
            found.append(Mark(mark, match[1], match[2].strip(), number, directive is not None))
        elif text and not text.startswith(("#", "%%")):
            break
    return found


def _marked(cell: Cell, mark: Mark, code: str) -> Marker:
    if mark.kind == "parameters":
        if mark.arguments not in ("", "true"):
            raise _mistake(cell, mark.line, f"{mark.text} takes no {mark.arguments!r}", "write the values below it")
        return Marker("parameters", code, line=mark.line)
    return _task(cell, [*split_mark(cell, mark), *_mapped_over(cell)], code, line=mark.line)


def _mapped_over(cell: Cell) -> list[str]:
    """Return what a ``#| map: NAME`` line in a cell's head says, as it would follow ``%%task``."""
    for line in cell.source.split("\n"):
        match = _MAP.fullmatch(line.strip()) if line.startswith("#") else None
        if match:
            return ["--map", match[1].strip().strip("\"'")]
        if line.strip() and not line.startswith(("#", "%%")):
            break
    return []


def split_mark(cell: Cell, mark: Mark) -> list[str]:
    """Return the words behind a mark, as argparse takes them; raise `MarkerError` for an open quote."""
    text = mark.arguments
    quoted = re.fullmatch(r"""(["'])([^"']*\s-[^"']*)\1""", text)
    if mark.directive and quoted:
        text = quoted[2]  # a YAML text in quotes, not a name in quotes
    try:
        return shlex.split(text, comments=mark.directive)
    except ValueError:
        raise _mistake(cell, mark.line, f"{text!r} has a quote without its partner", "close the quote") from None


def _task(cell: Cell, arguments: list[str], code: str, *, line: int | None) -> Marker:
    try:
        given, unknown = task_parser().parse_known_args(arguments)
        if unknown:
            raise _UsageError(_not_known(unknown[0]))  # noqa: TRY301 - both kinds of mistakes end alike
    except _UsageError as error:
        message = re.sub(r"^argument ([^:]+): ", r"\1 ", str(error))
        raise _mistake(cell, line, message, "see %%task --help") from None
    if given.help:
        return Marker("control", code, help=True, line=line)
    if given.map and code.lstrip("#\n ").startswith("%%"):
        raise _mistake(cell, line, "--map takes a cell of Python, and this one has a cell magic", "take one away")
    options = TaskOptions(
        name=given.name,
        retries=given.retries,
        retry_delay_seconds=given.retry_delay,
        timeout_seconds=given.timeout,
        reads=frozenset(given.reads),
        writes=frozenset(given.writes),
        after=tuple(dict.fromkeys(given.after)),
        requires=tuple(dict.fromkeys(given.requires)),
        rules=_rules(given),
        map=given.map,
    )
    return Marker("task", code, options, run=not given.no_run, line=line)


def _rules(given: argparse.Namespace) -> Rules:
    rules = checked_rules(
        trigger=given.trigger,
        skip_on_upstream_skip=not given.ignore_skips,
        retry_on=tuple(dict.fromkeys(given.retry_on)),
        retry_jitter_factor=given.retry_jitter,
    )
    return USUAL if rules == USUAL else rules


def _not_known(word: str) -> str:
    known = [o for action in task_parser()._actions for o in action.option_strings]  # noqa: SLF001 - argparse has no other way
    near = difflib.get_close_matches(word.partition("=")[0], known, n=2, cutoff=0.7)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    what = "option" if word.startswith("-") else "second name"
    return f"%%task takes no {what} {word!r}{hint}"


def arguments_of(cell: Cell) -> list[str]:
    """Write the metadata of a cell as what would follow ``%%task``."""
    given = cell.metadata.get("task")
    if not isinstance(given, Mapping):
        return [given] if isinstance(given, str) else []
    arguments = [str(given["name"])] if given.get("name") else []
    for key, value in sorted(given.items()):
        if key != "name" and value not in (None, False, "", []):
            arguments += _option(key.replace("_", "-"), value)
    return arguments


def _option(key: str, value: Any) -> list[str]:
    if value is True:
        return [f"--{key}"]
    values = value if isinstance(value, list) else [value]
    if key == "retry-delay":  # Its list is one value.
        return [f"--{key}={','.join(map(str, values))}"]
    return [f"--{key}={v}" for v in values]


def _mistake(cell: Cell, line: int | None, what: str, fix: str) -> MarkerError:
    where = f"line {line}" if line else "metadata"
    return MarkerError(f"Cell {cell.ordinal}, {where}: {what}: {fix}.")
