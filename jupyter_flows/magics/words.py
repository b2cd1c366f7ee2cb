"""Splitting a magic's line into words, and reading the values in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.errors import ParameterError, listed
from jupyter_flows.magics.mistake import Mistake

_QUOTES = "'\""
_OPEN, _CLOSE = "([{", ")]}"
_HELD = re.compile("\0(\\d+)\0")


def split(line: str) -> list[str]:
    """Split a line as a shell does; a value wholly in braces, ``name={...}`` or ``{...}``, stays as written.

    >>> split('-p n={a["b"] + 1} --label "two words"')
    ['-p', 'n={a["b"] + 1}', '--label', 'two words']
    """
    text, held = _hold_braces(line.replace("\0", ""))
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Mistake(f"The line can't be read ({error}): {line.strip()}") from None
    return [_HELD.sub(lambda match: held[int(match[1])], word) for word in words]


def _hold_braces(line: str) -> tuple[str, list[str]]:
    """Replace each ``{...}`` that is a whole value by a mark, so that its quotes survive; drop a comment."""
    held: list[str] = []
    out: list[str] = []
    quote = ""
    at = 0
    while at < len(line):
        char = line[at]
        new_word = not out or out[-1].isspace()
        if char == "#" and new_word and not quote:
            break
        begins = new_word or out[-1] == "="
        end = _brace_end(line, at) if char == "{" and begins and not quote else 0
        if end:
            out.append(f"\0{len(held)}\0")
            held.append(line[at:end])
            at = end
            continue
        if char in _QUOTES and quote in ("", char):
            quote = "" if quote else char
        out.append(char)
        at += 1
    return "".join(out), held


def _brace_end(line: str, start: int) -> int:
    """Return where the brace that opens at `start` has closed and the word ended, 0 when it does not."""
    depth, quote, at = 0, "", start
    while at < len(line):
        char = line[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
            if depth == 0:
                return at + 1 if at + 1 == len(line) or line[at + 1].isspace() else 0
        at += 1
    return 0


def pairs(words: Iterable[str], what: str) -> dict[str, str]:
    """Read ``name=value`` words; raise `Mistake` for one without ``=``."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise Mistake(f"{what} is written name=value, not {word!r}.")
        found[name.strip()] = value
    return found


def values(given: Mapping[str, str], specs: Iterable[ParameterSpec], namespace: dict[str, Any]) -> dict[str, Any]:
    """Read parameters: ``{expression}`` is evaluated in the notebook, anything else read as its type.

    Raises `ParameterError` for an unknown name or a wrong type.
    """
    by_name = {spec.name: spec for spec in specs}
    unknown = set(given) - set(by_name)
    if unknown:
        raise ParameterError(f"This flow has no parameter {listed(unknown)}; it has {listed(by_name)}.")
    return {name: _value(by_name[name], text, namespace) for name, text in given.items()}


def _value(spec: ParameterSpec, text: str, namespace: dict[str, Any]) -> Any:
    if text.startswith("{") and text.endswith("}"):
        return spec.check(evaluated(text, namespace))
    return spec.parse(text)


def evaluated(text: str, namespace: dict[str, Any]) -> Any:
    """Evaluate ``{expression}``; braces that hold a dict or set are that dict or set."""
    try:
        code = compile(text[1:-1].strip(), "<value>", "eval")
    except SyntaxError:
        code = _compiled(text)
    try:
        return eval(code, namespace)  # noqa: S307 - the person's own expression, in their own kernel
    except Exception as error:  # noqa: BLE001 - whatever the expression raises
        raise Mistake(f"{text} can't be evaluated: {type(error).__name__}: {error}.") from None


def _compiled(text: str) -> Any:
    try:
        return compile(text, "<value>", "eval")
    except SyntaxError:
        raise Mistake(f"{text} is no Python expression.") from None
