"""How the code of one task differs, in lines that people read."""

from __future__ import annotations

from difflib import unified_diff

from jupyter_flows.core.bundle import Bundle
from jupyter_flows.core.flow import Flow

#: Lines that a person reads before going to the notebook itself.
MAX_LINES = 24
_CONTEXT = 2


def code_diff(old: str, new: str, *, limit: int = MAX_LINES) -> tuple[str, ...]:
    r"""Return the changed lines with a little around them, each with ``+``, ``-`` or a space before it.

    >>> code_diff("a = 1\nb = 2", "a = 1\nb = 3")
    ('  a = 1', '- b = 2', '+ b = 3')
    """
    found = list(unified_diff(body(old), body(new), lineterm="", n=_CONTEXT))[3:]
    lines = ["..." if line.startswith("@@") else f"{line[:1]} {line[1:]}".rstrip() for line in found]
    return shortened(lines, limit=limit)


def body(code: str) -> list[str]:
    r"""Return a cell's lines without its marks, which are options and not code.

    >>> body("#\n#| task: load\nx = 1\n")
    ['x = 1']
    """
    lines = code.rstrip().split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip("# ") and not line.startswith("#|")), len(lines))
    return lines[first:]


def shortened(lines: list[str], *, limit: int = MAX_LINES) -> tuple[str, ...]:
    """Keep the first lines, and say how many more there are."""
    if len(lines) <= limit + 1:
        return tuple(lines)
    return (*lines[:limit], f"... {len(lines) - limit} more lines")


def code_of(flow: Flow) -> dict[str, str]:
    """Return the code of a flow's cells, by slug."""
    return {flow.slug(task): task.code for task in flow.cell_tasks}


def code_in(bundle: Bundle) -> dict[str, str]:
    """Return the code of a packed flow's cells, by slug."""
    cells = {t["slug"]: t["cell"]["file"] for t in bundle.document["tasks"] if "cell" in t}
    return {slug: bundle.files[path].decode() for slug, path in cells.items() if path in bundle.files}
