"""Where everything is, whether it is well, and how it goes away again."""

from __future__ import annotations

import click

from jupyter_flows.cli.command import Status, command
from jupyter_flows.cli.console import Console
from jupyter_flows.cli.table import size
from jupyter_flows.errors import FlowsError
from jupyter_flows.widgets.words import counted

_MARKS = {"ok": ("green", "✓"), "warning": ("yellow", "!"), "error": ("red", "✗")}


@command("where", short_help="Show where everything is kept.")
def where(console: Console) -> Status:
    """Show where flows, runs, notebooks and settings are kept, and how large they are."""
    from jupyter_flows.cli.holdings import holdings

    held = holdings()
    rows = [[p.name, size(p.size_bytes) if p.exists else "not made yet", str(p.path)] for p in held.places]
    settings = [[f"{name} = {v['value']!r}", f"from {v['from']}"] for name, v in held.settings.items()]
    console.result(held.to_json(), lambda: f"{console.table(rows)}\n\n{console.table(settings)}")
    return None


@command("doctor", short_help="Check that everything is well.")
def doctor(console: Console) -> Status:
    """Check settings, folders, the registry, agents and registered flows; each trouble comes with its remedy."""
    from jupyter_flows.cli.health import examine

    found = examine()
    errors = sum(check.level == "error" for check in found)
    rows = []
    for check in found:
        colour, sign = _MARKS[check.level]
        rows.append([console.ink(colour, sign), check.name, check.message])
        rows += [["", "", f"-> {check.fix}"]] if check.fix else []
    console.result({"ok": not errors, "checks": [c.to_json() for c in found]}, lambda: console.table(rows))
    return 1 if errors else None


@command("gc", short_help="Remove files that nothing needs any more.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(console: Console, *, dry_run: bool) -> Status:
    """Remove stored flows that no version refers to, and executed notebooks beyond those kept of each flow."""
    from jupyter_flows.cli.cleaning import clean, unneeded

    waste = unneeded()
    freed = sum(w.size_bytes for w in waste.files)
    if not dry_run:
        clean(waste)
    document = {"dry_run": dry_run, "removed": [w.to_json() for w in waste.files], "freed_bytes": freed}
    if waste.note:
        console.say(waste.note)
    what = f"{counted(len(waste.files), 'file')}, {size(freed)}"
    rows = [[w.why, size(w.size_bytes), str(w.path)] for w in waste.files]
    if not rows:
        console.result(document, "Nothing to remove.")
    else:
        console.result(document, f"{console.table(rows)}\n{'Would remove' if dry_run else 'Removed'} {what}.")
    return None


@command("reset", short_help="Remove everything that jupyter_flows keeps.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def reset(console: Console, *, yes: bool) -> Status:
    """Remove the registry with all flows and runs, the stored flows, the executed notebooks and secrets.

    Notebooks of yours and settings files stay. On a terminal it asks first; elsewhere it needs --yes.
    """
    from jupyter_flows.cli.cleaning import everything, remove_all

    doomed = everything()
    total = sum(p.size_bytes for p in doomed)
    names = ", ".join(str(p.path) for p in doomed)
    if doomed and not yes:
        if console.as_json or not console.out.isatty():
            raise FlowsError(f"This would remove {names} ({size(total)}): add --yes if it should.")
        console.say(console.table([[size(p.size_bytes), str(p.path)] for p in doomed]))
        if not click.confirm("Remove all of this?", err=True):
            raise FlowsError("Nothing was removed.")
    remove_all(doomed)
    document = {"removed": [str(p.path) for p in doomed], "freed_bytes": total}
    console.result(document, f"Removed {names} ({size(total)})." if doomed else "There is nothing to remove.")
    return None
