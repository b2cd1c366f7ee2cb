"""How a command is declared: an ordinary function of a `Console` and its options."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from jupyter_flows.cli.console import Console

#: What Ctrl-C exits with.
INTERRUPTED = 130
#: What a command gives back: its exit status, None for 0.
Status = int | None


class ReaderLeft(Exception):
    """Nobody reads standard output any more, as in ``jupyter flows runs | head -1``."""


class Interrupted(Exception):
    """Ctrl-C, where the command itself has nothing to say to it."""


def command(name: str, **options: Any) -> Callable[[Callable[..., Status]], click.Command]:
    """Make a click command that takes ``--json`` and hands a `Console` to the function as its first argument."""

    def decorate(function: Callable[..., Status]) -> click.Command:
        @functools.wraps(function)
        def call(*, as_json: bool, **arguments: Any) -> Status:
            console = Console(as_json=as_json)
            try:
                with console.only_mine():
                    return function(console, **arguments)
            except KeyboardInterrupt:  # click would print an empty line.
                raise Interrupted from None
            except BrokenPipeError:  # click would leave with 1, which is a failed run's.
                raise ReaderLeft from None

        made: click.Command = click.command(name, cls=click.Command, **options)(call)
        help_text = "Print one JSON document and nothing else."
        made.params.append(click.Option(["--json", "as_json"], is_flag=True, help=help_text))
        return made

    return decorate


#: ``RUN``: the number of a run, as `jupyter flows runs` lists it.
run_argument = click.argument("run_id", metavar="RUN", type=click.IntRange(1))
project_option = click.option("--project", metavar="P", help="Only this project's; FLOW may also be written P/FLOW.")
label_option = click.option("--label", "labels", metavar="L", multiple=True, help="A label; give it more than once.")


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """Read ``name=value`` words; raise a usage error for one that is none, or that comes twice.

    >>> pairs(("a=1", "b=x=y"), "-p")
    {'a': '1', 'b': 'x=y'}
    """
    found: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option} takes NAME=VALUE, not {word!r}.")
        if name in found:
            raise click.UsageError(f"{option} gives {name!r} twice: {found[name]!r} and {value!r}.")
        found[name.strip()] = value
    return found
