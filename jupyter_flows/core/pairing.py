"""Which task of one version is which of another: by name, by cell id, else by what its code is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

Tasks = Sequence[Mapping[str, Any]]
#: Index of a new task -> index of the old one that it is.
Pairs = dict[int, int]
#: How many of the cells in one place are looked at for likeness.
NEAR = 20
#: The share of equal words from which two cells in one place are the same cell, edited.
ALIKE = 0.5


def pair(old: Tasks, new: Tasks, old_code: Mapping[str, str], new_code: Mapping[str, str]) -> Pairs:
    """Match tasks of two versions.

    Numbers of unnamed cells say nothing: such a cell is matched by its id, by equal code in order, by equal
    code elsewhere, and last by likeness to what stood in its place. Code is by slug; where a side has
    none, likeness is told by the names that a cell writes.
    """
    pairs: Pairs = {}
    _by_key(pairs, old, new, lambda t: t["slug"] if is_named(t) else None)
    _by_key(pairs, old, new, lambda t: (t.get("cell") or {}).get("id"))
    _by_order(pairs, old, new)
    _by_key(pairs, old, new, lambda t: t["meaning"])
    for olds, news in _gaps(pairs, len(old), len(new)):
        for n in news:
            alike = (o for o in olds[:NEAR] if _alike(old[o], new[n], old_code, new_code))
            found = next(alike, None)
            if found is not None:
                pairs[n] = found
                olds = [o for o in olds if o > found]  # noqa: PLW2901 - cells in one gap keep their order
    return pairs


def is_named(task: Mapping[str, Any]) -> bool:
    """Tell whether people gave the task its name; a cell that nobody named is called by its number."""
    return "cell" not in task or bool(task["cell"].get("named", True))


def moved(pairs: Pairs) -> set[int]:
    """Return the new indices outside the longest run of tasks that kept their order."""
    news = sorted(pairs)
    tails: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for n in news:
        place = bisect_left(tails, pairs[n])
        before[n] = last[place - 1] if place else None
        tails[place : place + 1] = [pairs[n]]
        last[place : place + 1] = [n]
    kept: set[int] = set()
    at = last[-1] if last else None
    while at is not None:
        kept.add(at)
        at = before[at]
    return set(news) - kept


def _by_key(pairs: Pairs, old: Tasks, new: Tasks, key: Any) -> None:
    """Pair what has one key on both sides, in order; None is no key."""
    taken = set(pairs.values())
    waiting: dict[Any, list[int]] = defaultdict(list)
    for o in range(len(old)):
        if o not in taken and key(old[o]) is not None:
            waiting[key(old[o])].append(o)
    for n in range(len(new)):
        if n not in pairs and key(new[n]) is not None and waiting.get(key(new[n])):
            pairs[n] = waiting[key(new[n])].pop(0)


def _by_order(pairs: Pairs, old: Tasks, new: Tasks) -> None:
    """Pair the longest runs of equal code among what is left."""
    taken = set(pairs.values())
    olds = [o for o in range(len(old)) if o not in taken]
    news = [n for n in range(len(new)) if n not in pairs]
    matcher = SequenceMatcher(
        None, [old[o]["meaning"] for o in olds], [new[n]["meaning"] for n in news], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            pairs[news[block.b + step]] = olds[block.a + step]


def _gaps(pairs: Pairs, old_size: int, new_size: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the unpaired old and new tasks between two neighbours that are paired."""
    taken = set(pairs.values())
    news: list[int] = []
    start = 0
    for n in [*range(new_size), None]:
        if n is not None and n not in pairs:
            news.append(n)
            continue
        end = old_size if n is None else pairs[n]
        olds = [o for o in range(start, end) if o not in taken]
        if olds and news:
            yield olds, news
        news, start = [], max(start, end)


def _alike(
    old: Mapping[str, Any], new: Mapping[str, Any], old_code: Mapping[str, str], new_code: Mapping[str, str]
) -> bool:
    if "cell" not in old or "cell" not in new:
        return False
    one, other = old_code.get(old["slug"]), new_code.get(new["slug"])
    if one is not None and other is not None:
        words, others = _words(one), _words(other)
        return 2 * (words & others).total() >= ALIKE * (words.total() + others.total())
    return bool(set(old["cell"]["writes"]) & set(new["cell"]["writes"]))


@lru_cache(maxsize=1024)
def _words(code: str) -> Counter[str]:
    """Count the words and signs of code; comparing texts by their order would take minutes."""
    return Counter(re.findall(r"\w+|[^\w\s]", code))
