"""Secrets: keep one for this user's runs, list their names, remove one."""

from __future__ import annotations

import sys

import click

from jupyter_flows.cli.command import Status, command
from jupyter_flows.cli.console import Console

NONE = 'No secrets are kept. Keep one with "jupyter flows secret set NAME".'


@click.group("secret", short_help="Keep what runs need and nobody may read.", no_args_is_help=False)
def secret() -> None:
    """Keep secrets for the runs of this user on this machine. No command ever shows a value."""


@command("set", short_help="Keep a secret.")
@click.argument("name", metavar="NAME")
def set_(console: Console, *, name: str) -> Status:
    """Keep the secret NAME: asked for on a terminal, else read from standard input, its last line end left out.

    Cells tagged secret:NAME, and jupyter_flows.secret("NAME"), give it in runs of this user on this machine.
    """
    from jupyter_flows.engine.secrets import check_secret_name, keep_secret

    check_secret_name(name)
    path = keep_secret(name, _value(name))
    console.result({"name": name, "path": str(path)}, f"secret {name} is kept in {path}")
    return None


def _value(name: str) -> str:
    """Read a value, never from the command line, which other users and the shell's history can see."""
    if sys.stdin.isatty():
        return str(click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


@command("list", short_help="List the names of secrets.")
def list_(console: Console) -> Status:
    """List the names of the secrets that runs find here: kept ones, and those in environment variables."""
    from jupyter_flows.engine.secrets import PREFIX, environment_secrets, kept_secrets

    given = environment_secrets()
    rows = [{"name": name, "from": PREFIX + name} for name in given]
    rows += [{"name": name, "from": "kept"} for name in kept_secrets() if name not in given]
    rows.sort(key=lambda row: row["name"])
    console.result(rows, lambda: console.table([[r["name"], r["from"]] for r in rows]) if rows else NONE)
    return None


@command("delete", short_help="Remove a kept secret.")
@click.argument("name", metavar="NAME")
def delete(console: Console, *, name: str) -> Status:
    """Remove the kept secret NAME."""
    from jupyter_flows.engine.secrets import forget_secret

    forget_secret(name)
    console.result({"name": name}, f"secret {name} is removed")
    return None


for _command in (set_, list_, delete):
    secret.add_command(_command)
