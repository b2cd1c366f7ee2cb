"""What each magic takes, as argparse parsers that never end the kernel."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NoReturn

from jupyter_flows.magics.mistake import HelpShown, Mistake


class MagicParser(argparse.ArgumentParser):
    """A parser whose mistakes are one line and whose ``--help`` is printed under the cell."""

    def __init__(self, prog: str, description: str, epilog: str = ""):
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog or None,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise the mistake instead of exiting."""
        raise Mistake(f"{self.prog}: {message} ({self.prog} --help shows what it takes).")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Stop the magic after its help was printed."""
        raise HelpShown(message or status)

    def options(self) -> list[str]:
        """Return the long options, then the short ones, as completion offers them."""
        return sorted(self._option_string_actions, key=lambda name: (not name.startswith("--"), name))

    def words_after(self, option: str) -> Sequence[str]:
        """Return what may stand after an option, or at a choice position for ``""``."""
        if not option:
            return [str(c) for a in self._get_positional_actions() for c in a.choices or ()]
        action = self._option_string_actions.get(option)
        return [str(choice) for choice in (action.choices or ())] if action else []


_ENDING = "Settings of the same names under %config Flows are the defaults."


def _flow() -> MagicParser:
    p = MagicParser("%flow", "Start or select this notebook's flow; without a name, show it.")
    p.add_argument("name", nargs="?", help="the flow's name")
    p.add_argument("--project", metavar="P", help="the project that it is registered in")
    p.add_argument("--reset", action="store_true", help="forget what was run so far in this kernel")
    p.add_argument("--notebook", metavar="PATH", help="the file it is saved in, where that can't be found")
    return p


def _show() -> MagicParser:
    p = MagicParser("%flow_show", "Draw the flow's graph, found by reading the cells.")
    p.add_argument("--why", action="store_true", help="say in words what each edge is there for")
    p.add_argument("--definitions", action="store_true", help="draw import and function cells too")
    return p


def _choices(p: MagicParser) -> None:
    p.add_argument("--storage", metavar="S", help="where the flow is kept, such as local")
    p.add_argument("--label", metavar="L", action="append", help="a label that agents must have; may be repeated")


def _config() -> MagicParser:
    p = MagicParser(
        "%flow_config",
        "Choose storage, environment, executor and labels by a form; with options, set them without it.",
        _ENDING,
    )
    p.add_argument("words", nargs="*", metavar="key=value", help="options of the storage")
    _choices(p)
    p.add_argument("--no-labels", action="store_true", help="need no label of agents")
    p.add_argument("--environment", metavar="E", help="how it runs, such as LocalEnvironment, or {expression}")
    p.add_argument("--executor", metavar="X", help="what runs the tasks, such as LocalExecutor")
    p.add_argument("--text", action="store_true", help="show what is chosen, no form")
    return p


def _check() -> MagicParser:
    p = MagicParser("%flow_check", "Say what keeps the flow from being registered or from running as you see it.")
    p.add_argument("--deep", action="store_true", help="also run it, top to bottom and as a flow, and compare")
    return p


def _version(text: str) -> int:
    """Read ``v3`` or ``3``."""
    match = re.fullmatch(r"v?([1-9]\d*)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"is a version such as v3, not {text!r}")
    return int(match[1])


def _diff() -> MagicParser:
    p = MagicParser("%flow_diff", "Say what changed since the flow was registered, task by task.")
    p.add_argument("version", nargs="?", type=_version, help="compare with this version, such as v3, not the latest")
    return p


def _convert() -> MagicParser:
    p = MagicParser("%flow_convert", "Spell the marks of the saved notebook in another way; the flow stays the same.")
    p.add_argument("--to", choices=("magic", "directive", "tags"), required=True, help="the spelling")
    return p


def _export() -> MagicParser:
    p = MagicParser("%flow_export", "Write the flow as a Python script of @task functions that runs by itself.")
    p.add_argument("file", help="the script to write, such as flow.py")
    p.add_argument("--force", action="store_true", help="write over a file that is there")
    return p


def _register() -> MagicParser:
    p = MagicParser(
        "%flow_register",
        "Check the flow, build its storage and record a version; an unchanged flow keeps its version.",
        _ENDING,
    )
    p.add_argument("words", nargs="*", metavar="PROJECT | key=value", help="the project; options of the storage")
    p.add_argument(
        "--notebook", metavar="PATH", help="register this notebook file as it is saved, not the one you are in"
    )
    p.add_argument("--project", metavar="P", help="the project, as on the command line")
    _choices(p)
    p.add_argument("--registry-url", metavar="URL", help="the image registry that Docker storage pushes to")
    p.add_argument("--no-build", action="store_true", help="register what storage.build() made before")
    p.add_argument("--dry-run", action="store_true", help="only say what would change, task by task")
    return p


def _run() -> MagicParser:
    p = MagicParser("%flow_run", "Run the latest registered version and show it live.")
    p.add_argument("flow", nargs="?", help="a flow's name or project/name; without it, this notebook's flow")
    p.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter; a value wholly in braces, n={expr}, is evaluated here",
    )
    p.add_argument("--version", metavar="V", type=int, help="a registered version other than the latest")
    where = p.add_mutually_exclusive_group()
    where.add_argument("--here", action="store_true", help="run what you see, here, without registering")
    where.add_argument("--agent", action="store_true", help="leave it to an agent, even if it has to wait for one")
    p.add_argument("--strict", action="store_true", help="fail if packages are not of the registered versions")
    p.add_argument("--wait", action="store_true", help="keep the cell busy until the run has ended; fail if it did")
    return p


def _agent() -> MagicParser:
    p = MagicParser("%flow_agent", "Start, stop or show an agent of this kernel; it runs flows whose labels it has.")
    p.add_argument("do", nargs="?", choices=("start", "stop", "status"), default="status")
    p.add_argument("kind", nargs="?", choices=("local", "docker"), default="local", help="where runs run (local)")
    p.add_argument("--label", metavar="L", action="append", help="a label that it offers; may be repeated")
    p.add_argument("--name", metavar="N", help="what it is called in %%flow_agent status")
    p.add_argument("--max-runs", metavar="N", type=int, help="how many runs at a time")
    p.add_argument("--strict", action="store_true", help="fail runs whose packages are not of the registered versions")
    p.add_argument("--background", action="store_true", help="as a process of its own, which outlives this kernel")
    return p


def _runs() -> MagicParser:
    p = MagicParser("%flow_runs", "List runs, newest first: this flow's, or all.")
    p.add_argument("flow", nargs="?", help="a flow's name or project/name; without it, this notebook's flow")
    p.add_argument("--all", action="store_true", help="of all flows")
    p.add_argument("--state", metavar="S", help="only those in this state, such as Failed")
    p.add_argument("--limit", metavar="N", type=int, default=20, help="at most so many (20)")
    return p


def _logs() -> MagicParser:
    p = MagicParser("%flow_logs", "Print what a run said.")
    p.add_argument("run", nargs="?", type=int, help="the run's number; without it, this notebook's last")
    p.add_argument("--task", metavar="T", help="of one task only")
    return p


def _open() -> MagicParser:
    p = MagicParser("%flow_open", "Put the executed notebook of a run beside this one, with a link that opens it.")
    p.add_argument("run", nargs="?", type=int, help="the run's number; without it, this notebook's last")
    p.add_argument("-o", "--output", metavar="FILE", help="write it there instead")
    return p


def _cancel() -> MagicParser:
    p = MagicParser("%flow_cancel", "Ask for a run to be cancelled.")
    p.add_argument("run", nargs="?", type=int, help="the run's number; without it, this notebook's last")
    return p


def _resume() -> MagicParser:
    p = MagicParser(
        "%flow_resume", "Run again what failed in a run or changed since; what comes before keeps its results."
    )
    p.add_argument("run", nargs="?", type=int, help="the run's number; without it, this notebook's last")
    p.add_argument("--task", metavar="T", action="append", help="run this task again too; may be repeated")
    p.add_argument(
        "--here", action="store_true", help="run what you see, here; with --task: only bind that task's inputs here"
    )
    p.add_argument("--wait", action="store_true", help="keep the cell busy until the run has ended; fail if it did")
    return p


def _task() -> argparse.ArgumentParser:
    from jupyter_flows.capture.markers import task_parser

    return task_parser()


def _parameters() -> MagicParser:
    return MagicParser("%%parameters", "Declare the flow's parameters: names and their defaults, one a line.")


#: Line magics by name, without the percent sign.
LINE: dict[str, Callable[[], MagicParser]] = {
    "flow": _flow,
    "flow_show": _show,
    "flow_config": _config,
    "flow_check": _check,
    "flow_diff": _diff,
    "flow_export": _export,
    "flow_convert": _convert,
    "flow_register": _register,
    "flow_run": _run,
    "flow_agent": _agent,
    "flow_runs": _runs,
    "flow_logs": _logs,
    "flow_open": _open,
    "flow_cancel": _cancel,
    "flow_resume": _resume,
}
CELL: dict[str, Callable[[], argparse.ArgumentParser]] = {"task": _task, "parameters": _parameters}


@cache
def parser_of(name: str) -> Any:
    """Return the parser of a magic, made once."""
    return {**LINE, **CELL}[name]()
