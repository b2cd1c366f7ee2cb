"""Say what tracing found: a line a notebook, every miss with its cells, and the figures of all."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.notebooks.account import Account, all_types

_SHOWN_MISSES = 6


def one_line(account: Account) -> str:
    """Return a notebook's account in one line."""
    words = [f"{account.cells} cells"]
    if account.trouble:
        words.append(f"({account.trouble[:140]})")
    if account.paths:
        words.append(f"path {account.paths.static:.2f} of {account.paths.traced:.2f}")
    if account.barriers:
        words.append(f"{len(account.barriers)} barriers")
    if account.disturbed:
        words.append(f"disturbed {account.disturbed[:6]}")
    if account.misses:
        words.append(f"MISSES {', '.join(_pairs(account)[:_SHOWN_MISSES])}")
    return f"{account.notebook}: {', '.join(words)}"


def _pairs(account: Account) -> list[str]:
    return list(dict.fromkeys(f"{e.upstream}-{e.downstream} {e.label}" for e in account.misses))


def details(account: Account) -> str:
    """Return every miss of a notebook, with the sources of its cells."""
    lines = [account.notebook]
    lines += [f"  cell {e.downstream} after {e.upstream}: {e.kind} {e.label}" for e in account.misses]
    for ordinal, source in sorted(account.sources.items()):
        lines += [f"  --- cell {ordinal}", *(f"    {line}" for line in source.splitlines())]
    return "\n".join(lines)


def summary(accounts: Sequence[Account]) -> str:
    """Return the figures of all."""
    traced = [a for a in accounts if a.traced_pairs or a.paths]
    lines = [f"notebooks: {len(accounts)}, traced {len(traced)}, others: {_reasons(accounts)}"]
    if traced:
        lines += [*_soundness(traced), *_precision(traced), *_objects(traced), *_times(traced)]
    return "\n".join(lines)


def _reasons(accounts: Iterable[Account]) -> str:
    found = Counter(a.trouble.split(":")[0] for a in accounts if not a.traced_pairs and not a.paths)
    return ", ".join(f"{count} {reason}" for reason, count in found.most_common()) or "none"


def _soundness(accounts: Sequence[Account]) -> list[str]:
    pairs = sum(a.traced_pairs for a in accounts)
    missed = sum(len({(e.upstream, e.downstream) for e in a.misses}) for a in accounts)
    reasons = Counter(reason for a in accounts for _, reason in a.explained)
    return [
        f"traced edges: {pairs} pairs of cells, missed {missed}, in {sum(bool(a.misses) for a in accounts)} notebooks",
        *(f"  explained: {count} x {reason}" for reason, count in reasons.most_common()),
        f"cells that show something else when traced: {sum(len(a.disturbed) for a in accounts)}",
    ]


def _precision(accounts: Sequence[Account]) -> list[str]:
    cells = sum(a.cells for a in accounts)
    barriers = Counter(reason for a in accounts for reason in a.barriers.values())
    findings = Counter({code: 0 for a in accounts for code in a.findings})
    for account in accounts:
        findings.update(account.findings)
    lines = [_quartiles("critical path, static over traced", [a.paths.ratio for a in accounts if a.paths])]
    lines.append(
        f"barriers: {sum(barriers.values())} of {cells} cells, {100 * sum(barriers.values()) / max(cells, 1):.1f} %"
    )
    lines += [f"  {count} x {reason}" for reason, count in barriers.most_common(15)]
    lines.append("findings: " + ", ".join(f"{code} {count}" for code, count in sorted(findings.items())))
    return lines


def _objects(accounts: Sequence[Account]) -> list[str]:
    objects, opaque = sum(a.objects for a in accounts), sum(a.opaque for a in accounts)
    share = 100 * (objects - opaque) / max(objects, 1)
    types = ", ".join(f"{name} {count}" for name, count in all_types(accounts).most_common(8))
    return [f"objects fingerprinted: {share:.2f} % of {objects}, not: {types or 'none'}", _cut(accounts)]


def _cut(accounts: Sequence[Account]) -> str:
    return f"cells after which not all was looked at: {sum(len(a.cut) for a in accounts)}"


def _times(accounts: Sequence[Account]) -> list[str]:
    connecting = [1000 * a.connect_seconds for a in accounts]
    by_cell = [1000 * a.connect_seconds / max(a.cells, 1) for a in accounts]
    return [
        _quartiles("finding edges, ms a notebook", connecting),
        _quartiles("finding edges, ms a cell", by_cell),
        _quartiles("capturing, ms a notebook", [1000 * a.capture_seconds for a in accounts]),
    ]


def _quartiles(what: str, values: Sequence[float]) -> str:
    if len(values) < 2:  # noqa: PLR2004 -- two have quartiles
        return f"{what}: {', '.join(f'{v:.2f}' for v in values) or '-'}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{what}: median {middle:.2f}, quartiles {low:.2f} and {high:.2f}, most {max(values):.2f}"
