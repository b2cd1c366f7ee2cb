"""The group of all commands, and what each way of ending exits with."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from jupyter_flows import __version__
from jupyter_flows.cli.command import INTERRUPTED, Interrupted, ReaderLeft
from jupyter_flows.cli.commands import (
    agents,
    checking,
    converting,
    diffing,
    exporting,
    flows,
    logs,
    notebooks,
    registering,
    resuming,
    running,
    runs,
    secrets,
    upkeep,
)
from jupyter_flows.cli.console import Console
from jupyter_flows.errors import FlowsError, RegisterRefused

#: What `jupyter flows --help` lists, and under which heading.
SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Notebooks and flows": (
        registering.register,
        flows.list_,
        flows.projects,
        notebooks.show,
        checking.check,
        diffing.diff,
        exporting.export,
        converting.convert,
        flows.delete,
    ),
    "Runs": (running.run, runs.runs, runs.tasks, logs.logs, runs.notebook, runs.open_, runs.cancel, resuming.resume),
    "Agents": (agents.agent, agents.agents),
    "Secrets": (secrets.secret,),
    "Upkeep": (upkeep.where, upkeep.doctor, upkeep.gc, upkeep.reset),
}

USAGE = 2


class Commands(click.Group):
    """A group that lists its commands by section and knows near names."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, in the order that one meets them."""
        del ctx
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(c.name or "", c.get_short_help_str(80)) for c in commands])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, or name those that are spelled alike."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 2, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else 'see "jupyter flows --help".'
            ctx.fail(f"There is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="jupyter_flows")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Turn notebooks into flows, run them by agents, and see what happened.

    Every command takes --json: one JSON document on standard output, and nothing else there.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _commands in SECTIONS.values():
    for _command in _commands:
        app.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; no error of a user's leaves a traceback."""
    console = Console(as_json="--json" in arguments)
    try:
        status = app.main(list(arguments), prog_name="jupyter flows", standalone_mode=False)
    except click.ClickException as error:
        return _usage(error, console)
    except FlowsError as error:
        return _refused(error, console)
    except (Interrupted, KeyboardInterrupt, click.Abort):
        console.say("Interrupted.")
        if console.as_json:
            console.result({"error": {"type": "Interrupted", "message": "Interrupted."}}, "")
        return INTERRUPTED
    except ReaderLeft:
        return _deaf()
    return int(status or 0)


def _usage(error: click.ClickException, console: Console) -> int:
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f'\n{error.ctx.get_usage()}\nSee "{error.ctx.command_path} --help".'
    _tell(console, "UsageError", error.format_message(), hint)
    return USAGE


def _refused(error: FlowsError, console: Console) -> int:
    more: dict[str, Any] = {}
    if isinstance(error, RegisterRefused):
        more = {"findings": [finding.to_json() for finding in error.findings]}
    _tell(console, type(error).__name__, str(error), **more)
    return error.exit_code


def _tell(console: Console, kind: str, message: str, hint: str = "", **more: Any) -> None:
    word = "\x1b[31mError:\x1b[0m" if console.colours(console.err) else "Error:"
    console.say(f"{word} {message}{hint}")
    if console.as_json:
        console.result({"error": {"type": kind, "message": message, **more}}, "")


def _deaf() -> int:
    """Leave quietly when nobody reads on, as in ``jupyter flows runs | head -1``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
