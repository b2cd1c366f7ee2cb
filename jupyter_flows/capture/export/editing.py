"""Change a few places of a text that the author wrote, and no other."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator


class Edits:
    """Replacements in one source, made all at once; positions are those of `ast`, lines from 1, columns in bytes."""

    def __init__(self, source: str):
        self._lines = source.split("\n")
        self._found: list[tuple[tuple[int, int], tuple[int, int], str]] = []

    def replace(self, node: ast.stmt | ast.expr, text: str) -> None:
        """Write `text` in the place of a node."""
        self._found.append((start_of(node), end_of(node), text))

    def insert(self, place: tuple[int, int], text: str) -> None:
        """Write `text` before what stands at a place."""
        self._found.append((place, place, text))

    def cut(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Remove what stands between two places."""
        self._found.append((start, end, ""))

    def text_of(self, node: ast.stmt | ast.expr) -> str:
        """Return what the author wrote for a node."""
        return ast.get_source_segment("\n".join(self._lines), node) or ""

    def __bool__(self) -> bool:
        return bool(self._found)

    def apply(self) -> str:
        """Return the changed text."""
        lines = [line.encode() for line in self._lines]
        for (line, column), (end_line, end_column), text in sorted(self._found, key=lambda e: e[:2], reverse=True):
            rest = lines[end_line - 1][end_column:]
            new = lines[line - 1][:column] + text.encode() + rest
            lines[line - 1 : end_line] = new.split(b"\n")
        return b"\n".join(lines).decode()


def start_of(node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Return where a node begins."""
    return node.lineno, node.col_offset


def end_of(node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Return where a node has ended."""
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def indented(source: str, by: str = "    ") -> str:
    """Indent code, but not the lines inside texts of several lines, which would change the texts."""
    inside = set(_inside_texts(source))
    lines = source.split("\n")
    return "\n".join(by + line if line.strip() and n not in inside else line for n, line in enumerate(lines, start=1))


def _inside_texts(source: str) -> Iterator[int]:
    """Yield the numbers of the lines that begin inside a string."""
    opens = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}
    closes = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}
    started: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        if token.type == tokenize.STRING:
            yield from range(token.start[0] + 1, token.end[0] + 1)
        elif token.type in opens:
            started.append(token.start[0])
        elif token.type in closes:
            yield from range(started.pop() + 1, token.end[0] + 1)


def trimmed(source: str) -> str:
    """Drop the empty lines at both ends, and the marks above the first statement."""
    lines = source.split("\n")
    while lines and (lines[0].strip("# ") == "" or lines[0].startswith("#|")):
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)


def commented(text: str) -> str:
    """Write a text as comments."""
    return "\n".join(f"# {line}".rstrip() for line in text.strip("\n").split("\n"))


def quoted(text: str) -> str:
    """Write a text as a Python literal, in double quotes where that needs no escapes."""
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)


def free_word(word: str, taken: Iterable[str]) -> str:
    """Return the word, with underscores behind it while it is taken."""
    known = set(taken)
    while word in known:
        word += "_"
    return word
