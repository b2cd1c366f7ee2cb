"""Complete the options of our magics."""

from __future__ import annotations

import re
from typing import Any

from jupyter_flows.magics.parsers import CELL, LINE, parser_of

_MAGIC = re.compile(r"^\s*(?:%%?)(\w+)[ \t](.*)$")


def words_for(line: str) -> list[str]:
    """Return what may stand at the end of a line that is being written; nothing where a name is expected.

    >>> words_for("%flow_run --w")
    ['--wait']
    """
    match = _MAGIC.match(line)
    if match is None or match[1] not in {**LINE, **CELL}:
        return []
    *before, last = (match[2].split(" ")) if match[2] else [""]
    parser = parser_of(match[1])
    if last.startswith("-"):
        given = set(before)
        return [option for option in options_of(parser) if option.startswith(last) and option not in given]
    written = [word for word in before if word]
    return [word for word in choices_after(parser, written[-1] if written else "") if word.startswith(last)]


def options_of(parser: Any) -> list[str]:
    """Return a parser's options, the long ones first."""
    names = [name for action in parser._actions for name in action.option_strings]  # noqa: SLF001 - argparse has no other way
    return sorted(names, key=lambda name: (not name.startswith("--"), name))


def choices_after(parser: Any, word: str) -> list[str]:
    """Return the fixed words that may follow a word: an option's, else those of the first position."""
    for action in parser._actions:  # noqa: SLF001 - as above
        takes_this = word in action.option_strings if word.startswith("-") else not action.option_strings
        if takes_this and action.choices and not (word and not word.startswith("-")):
            return [str(choice) for choice in action.choices]
    return []


def complete(shell: Any, event: Any) -> list[str]:
    """Answer IPython's completer; an empty answer lets its other completers try."""
    del shell
    return words_for(event.text_until_cursor)


def install(shell: Any) -> None:
    """Make the completer known for every magic of ours."""
    for names, sign in ((LINE, "%"), (CELL, "%%")):
        for name in names:
            shell.set_hook("complete_command", complete, str_key=f"{sign}{name}")


def uninstall(shell: Any) -> None:
    """Take the completer back."""
    table = shell.strdispatchers.get("complete_command")
    for names, sign in ((LINE, "%"), (CELL, "%%")):
        for name in names:
            if table is not None:
                table.strs.pop(f"{sign}{name}", None)
