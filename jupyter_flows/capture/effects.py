"""What a known function or method does, in a small language that tables are written in.

A spec is words: first the result, then flags::

    scalar          something immutable          fresh:K    a new K, holding what is inside the arguments
    hold:K          a new K, holding them        view:K     a K that shares data with the receiver or arguments
    element         something they hold          self       the receiver            args   one of the arguments
    iter            an iterator over them        split      as many new arrays as are asked for

    w   changes the receiver       W  and all it holds        s   keeps the arguments in the receiver
    c   calls functions it is given                           i   iterates over the arguments
    m0  changes argument 0         draw  plots on ``ax=``, else on the current figure
    rand  draws from NumPy's global generator unless given ``random_state=``
    read:R use:R new:R   a hidden resource                    reads0 writes0   the file named by argument 0
    barrier:why-not      nobody can follow this
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jupyter_flows.capture.knowledge import functions, methods


@dataclass(frozen=True, slots=True)
class Effect:
    """One spec, read."""

    result: str = "scalar"
    kind: str = ""
    writes: bool = False
    deep: bool = False
    stores: bool = False
    calls: bool = False
    iterates: bool = False
    mutates: tuple[int, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    file: tuple[str, int] | None = None
    draws: bool = False
    random: bool = False
    barrier: str = ""


_FLAGS = {"w": "writes", "W": "deep", "s": "stores", "c": "calls", "i": "iterates", "draw": "draws", "rand": "random"}


@cache
def effect(spec: str) -> Effect:
    """Read a spec."""
    first, *words = spec.split()
    result, _, kind = first.partition(":")
    values: dict[str, object] = {"result": result, "kind": kind}
    resources: list[tuple[str, str]] = []
    for word in words:
        head, _, tail = word.partition(":")
        if word in _FLAGS:
            values[_FLAGS[word]] = True
        elif head in ("read", "use", "new"):
            resources.append((head, f"<{tail}>"))
        elif head == "barrier":
            values["barrier"] = tail.replace("-", " ")
        elif word[:-1] in ("reads", "writes"):
            values["file"] = (word[:-1], int(word[-1]))
        elif word[0] == "m" and word[1:].isdigit():
            values["mutates"] = (*values.get("mutates", ()), int(word[1:]))  # type: ignore[misc]
        else:
            raise ValueError(f"Unknown word {word!r} in the effect {spec!r}")
    values["resources"] = tuple(resources)
    return Effect(**values)  # type: ignore[arg-type]


@cache
def function_effect(path: str) -> Effect | None:
    """Return what the function at an import path does, None if nobody knows."""
    spec = functions.TABLE.get(path)
    stem = path
    while spec is None and "." in stem:
        stem, _, last = stem.rpartition(".")
        case = "A" if last[:1].isupper() else "a"
        spec = functions.TABLE.get(f"{stem}.{case}*") or functions.TABLE.get(f"{stem}.*")
        if path not in functions.TABLE and stem in functions.STOP:
            break
    return None if not spec else effect(spec)


@cache
def method_effect(kind: str, name: str) -> Effect | None:
    """Return what a method of a kind of object does, None if nobody knows."""
    spec = methods.TABLE.get(kind, {}).get(name)
    if spec is None and kind == "unknown":
        spec = methods.ANYWHERE.get(name)
    return None if spec is None else effect(spec)
