"""Find the fenced examples of a Markdown page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    #: The line of the page on which its text begins, counted from 1.
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block, and what the page says it prints."""

    words: tuple[str, ...]
    output: str


def blocks_of(page: str, language: str) -> list[Block]:
    """Return a page's blocks in one language, in order."""
    return [
        Block(found["language"], found["text"], page.count("\n", 0, found.start("text")) + 1)
        for found in FENCE.finditer(page)
        if found["language"] == language
    ]


def as_script(page: str) -> str:
    """Return a page's Python blocks as one script whose line numbers are the page's."""
    lines: list[str] = []
    for block in blocks_of(page, "python"):
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    return "\n".join(lines) + "\n"


def commands_of(page: str) -> Iterator[Command]:
    """Yield the `$ jupyter flows ...` commands of a page's console blocks; other commands are not ours to run."""
    for block in blocks_of(page, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            words = shlex.split(line, comments=True)
            if words[:2] == ["jupyter", "flows"]:
                yield Command(tuple(words[2:]), output.rstrip() + "\n" if output.strip() else "")


def links_of(page: str) -> list[str]:
    """Return the files that a page links to; addresses on the web are left out."""
    return [found["target"] for found in LINK.finditer(page) if "://" not in found["target"]]


def pages(root: Path) -> list[Path]:
    """Return every page whose examples are promises: the README and the guide."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]
