"""Say what the comparison found: a line a notebook, a table of all, and one difference side by side."""

from __future__ import annotations

import shutil
import statistics
import textwrap
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from benchmarks.notebooks.verdict import Form, Verdict
from jupyter_flows.comparison.judging import Difference


def one_line(verdict: Verdict) -> str:
    """Return a notebook's verdict in one line."""
    forms = [_form(verdict.as_it_is)]
    if verdict.cleaned:
        forms.append(f"without cells {_few(verdict.failing)} that fail: " if verdict.failing else "seeded: ")
        forms[-1] += _form(verdict.cleaned)
    return f"{verdict.notebook}: {' | '.join(forms)}"


def _form(form: Form) -> str:
    words: str = form.word
    if form.word == "refused":
        words = f"refused {'rightly' if form.right else 'WRONGLY'}"
    if form.word == "different":
        words = "DIFFERENT"
    if form.different:
        words += f" in cells {_few(d.cell for d in form.different)}"
    if form.unsteady:
        words += f", cells {_few(form.unsteady)} unsteady"
    if form.orders:
        cells = sorted({d.cell for found in form.orders.values() for d in found})
        words += f", DIFFERENT in other orders in cells {_few(cells)} ({', '.join(form.orders)})"
    return f"{words} ({form.why[:160]})" if form.why else words


def _few(numbers: Iterable[int]) -> str:
    found = list(numbers)
    return ", ".join(map(str, found[:8])) + (f" and {len(found) - 8} more" if len(found) > 8 else "")  # noqa: PLR2004


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return the table of all verdicts, as they are and in the form of which most can be compared."""
    rows = [("", "as they are", "", "failing cells taken out, seeded", "")]
    as_is = [v.as_it_is for v in verdicts]
    best = [v.best for v in verdicts]
    for words, test in _ROWS:
        rows.append((words, *_share(as_is, test), *_share(best, test)))
    lines = ["  ".join(f"{cell:<33}" if n in (0, 3) else f"{cell:>12}" for n, cell in enumerate(row)) for row in rows]
    return "\n".join([*(line.rstrip() for line in lines), "", *_figures(best)])


_ROWS: tuple[tuple[str, Callable[[Form], bool]], ...] = (
    ("equal", lambda f: f.word == "equal" and not f.orders),
    ("refused, and rightly", lambda f: f.word == "refused" and f.right),
    ("refused, but it runs", lambda f: f.word == "refused" and not f.right),
    ("different", lambda f: f.word == "different"),
    ("different in other orders only", lambda f: f.word == "equal" and bool(f.orders)),
)


def _share(forms: Sequence[Form], test: Callable[[Form], bool]) -> tuple[str, str]:
    compared = [f for f in forms if f.word != "not comparable"]
    count = sum(map(test, compared))
    return f"{count} of {len(compared)}", f"{100 * count / len(compared):.1f} %" if compared else ""


def _figures(forms: Sequence[Form]) -> list[str]:
    ran = [f for f in forms if f.critical_cells is not None]
    cells = sum(f.cells for f in ran)
    barriers = sum(len(f.barriers) for f in ran)
    lines = [f"not comparable: {sum(f.word == 'not comparable' for f in forms)}"]
    if ran:
        unsteady, different = sum(len(f.unsteady) for f in ran), sum(len(f.different) for f in ran)
        shares = [_median(f.critical_cells for f in ran), _median(f.critical_seconds for f in ran)]
        tried, notebooks = sum(f.orders_tried for f in ran), sum(f.orders_tried > 0 for f in ran)
        lines += [
            f"cells: {cells}, unsteady {unsteady}, different {different}",
            f"barriers: {barriers} cells, {100 * barriers / cells:.1f} %",
            f"critical path, median share of cells {shares[0]}, of seconds {shares[1]}",
            f"other orders tried: {tried}, in {notebooks} notebooks",
        ]
    return lines


def _median(values: Iterable[float | None]) -> str:
    found = [v for v in values if v is not None]
    return f"{statistics.median(found):.2f}" if found else "-"


def side_by_side(verdict: Verdict) -> str:
    """Return a notebook's verdict and its first difference, the truth on the left."""
    lines = [one_line(verdict)]
    for name, form in (("as it is", verdict.as_it_is), ("cleaned", verdict.cleaned)):
        if form is None:
            continue
        found = [("top to bottom", form.different), *((f"order {seed}", d) for seed, d in form.orders.items())]
        for where, differences in found:
            if differences:
                lines += ["", f"{name}, {where}: cell {differences[0].cell}", *_columns(differences[0])]
    return "\n".join(lines)


def _columns(difference: Difference) -> list[str]:
    width = max(40, (shutil.get_terminal_size((160, 40)).columns - 5) // 2)
    left, right = (_wrapped(text, width) for text in (difference.expected, difference.found))
    source = [f"    {line}" for line in difference.source.splitlines()]
    head = [f"{'expected':<{width}}   found", f"{'-' * width}   {'-' * width}"]
    both = zip_longest(left, right, fillvalue="")
    return [*source, *head, *(f"{a:<{width}} {'|' if a == b else '#'} {b}" for a, b in both)]


def _wrapped(text: str, width: int) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, width, drop_whitespace=False) or [""]]
