"""Hidden state that cells share without naming it: random generators, figures, files, settings.

A resource is ordered like a name. What a library that is not known may do (*possible* uses) counts only where the
notebook surely depends on the resource: a draw that nobody seeded, a file that nobody writes, order nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from jupyter_flows.capture.ledger import Ledger, Track

RANDOM = "<random>"
NUMPY_RANDOM = "<numpy.random>"
PYPLOT = "<pyplot>"
FILES = "<files>"
#: ``_``, ``Out``... which every cell that ends in an expression changes.
HISTORY = "<display history>"
#: What magics set: formats, extensions, other magics' names.
SHELL = "<shell settings>"
#: Settings that decide what any cell shows, or warns of: every cell reads them.
SETTINGS = ("<numpy.settings>", "<pandas.options>", "<warnings>", "<locale>", "<precision>", SHELL)
#: What libraries add to the name of a file that they write, if it is not there.
_ADDED = (".npy", ".npz", ".mat", ".png")
#: (cell, "read" | "use" | "new", is it certain)
Access = tuple[int, str, bool]
_LEVELS = {"read": 0, "use": 1, "new": 2}


def file_resource(path: object) -> str:
    """Name the resource of a literal path, by its last part: the same file may be spelt in many ways."""
    if not isinstance(path, str) or "://" in path:
        return FILES
    name = posixpath.basename(path.replace("\\", "/").rstrip("/"))
    stem = next((name.removesuffix(end) for end in _ADDED if name.endswith(end)), name)
    return f"<file:{stem or name}>" if name not in ("", ".", "..") and not set("*?[") & set(name) else FILES


class Resources:
    """Record uses of hidden state cell by cell; tell the ledger at the end which of them matter."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.cell = -1
        self.log: dict[str, list[Access]] = {}
        #: By cell, "read", "use" or "new" and the name of what matters: known once it is settled.
        self.settled: dict[int, set[str]] = {}
        self._sure: dict[int, set[str]] = {}
        self._enabled = enabled

    def read(self, name: str, *, certain: bool = True) -> None:
        """Record that hidden state decides what happens."""
        self._add(name, "read", certain=certain)

    def use(self, name: str, *, certain: bool = True) -> None:
        """Record that hidden state is read and changed."""
        self._add(name, "use", certain=certain)

    def renew(self, name: str) -> None:
        """Record that hidden state is set, whatever it was."""
        self._add(name, "new", certain=True)

    def _add(self, name: str, mode: str, *, certain: bool) -> None:
        if self._enabled:
            accesses = self.log.setdefault(name, [])
            access = (self.cell, mode, certain)
            if access not in accesses[-4:]:
                accesses.append(access)
            if certain and (name != HISTORY or mode == "read"):
                self._sure.setdefault(self.cell, set()).add(name)

    def of_cell(self, cell: int) -> frozenset[str]:
        """Return the resources that a cell surely uses."""
        return frozenset(self._sure.get(cell, ()))

    def settle(self, ledger: Ledger) -> None:
        """Turn the uses into edges."""
        for name in self.log.keys() & set(SETTINGS):
            self.log[name] = sorted([*self.log[name], *((cell, "read", True) for cell in range(self.cell + 1))])
        names = set(self.log)
        files = {n for n in names if n.startswith("<file:")}
        for name in sorted(names - files - {FILES}):
            self._order(name, _relevant(name, self.log[name]), ledger)
        everywhere = self.log.get(FILES, [])
        for name in sorted(files) or [FILES]:
            own = self.log.get(name, []) if name != FILES else []
            accesses = sorted([*own, *everywhere])
            self._order(name, _relevant(name, accesses), ledger)

    def _order(self, name: str, accesses: Iterable[Access], ledger: Ledger) -> None:
        track = Track(name)
        by_cell: dict[int, list[str]] = {}
        for cell, mode, _ in accesses:
            by_cell.setdefault(cell, []).append(mode)
        for cell in sorted(by_cell):
            ledger.cell = cell
            modes = by_cell[cell]
            self.settled.setdefault(cell, set()).update(f"{mode} {name}" for mode in modes)
            if modes[0] != "new":
                ledger.read(track)
            if set(modes) != {"read"}:
                ledger.write(track)


def _relevant(name: str, accesses: list[Access]) -> list[Access]:
    """Drop what can't matter."""
    if name == PYPLOT:
        # Figures are shown and closed at the end of a cell: only a cell that draws on "the current
        # figure" without having made one could see another cell's.
        exposed = any(sure and mode != "new" for _, mode, sure in accesses)
        return accesses if exposed else []
    if name == HISTORY and not any(mode == "read" for _, mode, _ in accesses):
        return []
    if name in (RANDOM, NUMPY_RANDOM):
        # Draws that a library may make matter only where somebody seeds.
        seeded = any(mode == "new" for _, mode, _ in accesses)
        return [access for access in accesses if seeded or access[2]]
    if any(sure and mode != "read" for _, mode, sure in accesses):
        return accesses
    return []
