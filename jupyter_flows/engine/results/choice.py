"""Choose which cells of a flow need not run again, and from when their values are taken.

The cells that are kept are closed upward: none waits for one that runs again, so running them first and the others
after them is one of the orders that mean the same as top to bottom. What is wanted is the state after the kept
cells alone. Each thing stored says which cells it comes from; one that holds the work of a kept cell mixed with
that of another can't be used, and its makers run again too. So can't what was not stored, and hidden state of
which there is no snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_flows.core.cell import EVERYTHING
from jupyter_flows.engine.results.hidden import KEPT
from jupyter_flows.engine.results.journal import Holding, Step

#: Hidden state that a cell may set by itself, and that setting again makes as it was.
_SETTINGS = ("<module:", "<logging>", "<sys.path>", "<environ>", "<rcparams>", "<warnings>", "<shell settings>")
_SETTINGS_TOO = ("<numpy.settings>", "<pandas.options>", "<locale>", "<precision>", "<random>", "<numpy.random>")


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What choosing needs to know of a cell."""

    name: str
    definition: bool
    reads: frozenset[str]
    #: All names that it may use.
    names: frozenset[str]
    #: ``use <random>`` and the like.
    hidden: frozenset[str]
    upstream: frozenset[str]
    #: Names that it binds although kernels bind them by themselves: what they hold is not stored.
    unkept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a run takes over."""

    #: The cells that do not run.
    kept: frozenset[str]
    #: Those of them that are executed again unseen, because nothing stored can stand for what they do.
    replayed: tuple[str, ...]
    #: What is put back into the namespace; names of hidden state among it.
    holdings: tuple[Holding, ...]
    #: Why cells run again that had run well: cell to words.
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Version:
    holding: Holding
    #: All cells that it comes from.
    of: frozenset[str]


def choose(
    cells: Sequence[CellFacts],
    steps: Sequence[Step],
    again: Mapping[str, str],
    *,
    also: Iterable[tuple[str, str]] = (),
) -> Chosen:
    """Choose, given the cells in order, what was stored, and the cells that run again in any case, each with why.

    `also` are further pairs of cells of which the second can't be kept without the first.
    """
    return _Choice(cells, steps, again, also).made()


class _Choice:
    def __init__(
        self,
        cells: Sequence[CellFacts],
        steps: Sequence[Step],
        again: Mapping[str, str],
        also: Iterable[tuple[str, str]],
    ):
        self._cells = {cell.name: cell for cell in cells}
        self._versions = histories(steps)
        self._again = dict(again)
        self._downstream: dict[str, set[str]] = {}
        for cell in cells:
            for upstream in cell.upstream:
                self._downstream.setdefault(upstream, set()).add(cell.name)
        for first, second in also:
            self._downstream.setdefault(first, set()).add(second)

    def made(self) -> Chosen:
        self._spread(list(self._again))
        while True:
            replays: dict[str, None] = {}
            more = self._by_resources(replays) or self._by_names()
            if not more:
                break
            self._again |= {name: why for name, why in more.items() if name not in self._again}
            self._spread(list(more))
        kept = frozenset(self._cells.keys() - self._again.keys())
        replayed = tuple(n for n, c in self._cells.items() if n in kept and (c.definition or n in replays))
        return Chosen(kept, replayed, self._holdings(), dict(self._again))

    def _spread(self, names: list[str]) -> None:
        while names:
            name = names.pop()
            for child in self._downstream.get(name, ()):
                if child in self._cells and child not in self._again:
                    self._again[child] = f"it comes after {name}"
                    names.append(child)

    # ---- hidden state of which there is no snapshot

    def _by_resources(self, replays: dict[str, None]) -> dict[str, str]:
        """Return the kept cells that must run again for what they did unseen; or note that they are replayed."""
        found: dict[str, str] = {}
        used = {_resource(h) for name in self._again if name in self._cells for h in self._cells[name].hidden}
        for name, cell in self._cells.items():
            if name in self._again:
                continue
            changed = {_resource(h) for h in cell.hidden if not h.startswith("read ")} - KEPT
            needed = changed & used or ({EVERYTHING} & changed if self._again else set())
            if needed or (EVERYTHING in used and changed):
                if self._may_be_replayed(name, replays):
                    replays[name] = None
                else:
                    found[name] = f"it changed {min(needed or changed)}, which is not stored"
        return found

    def _may_be_replayed(self, name: str, replays: Mapping[str, None]) -> bool:
        """Tell whether executing a cell again, before anything else, does what it did and no more."""
        cell = self._cells[name]
        sources = {n for n, c in self._cells.items() if c.definition and n not in self._again} | replays.keys()
        for read in cell.reads:
            if any(not v.holding.by <= sources | {name} for v in self._versions.get(read, ())):
                return False
        for versions in self._versions.values():
            for version in versions:
                if name in version.holding.by and not (_is_state(version) or version.holding.plain):
                    return False
        return all(_resource(h).startswith(_SETTINGS + _SETTINGS_TOO) for h in cell.hidden if not h.startswith("read "))

    # ---- names

    def _by_names(self) -> dict[str, str]:
        """Return the kept cells that must run again because what they made can't be had."""
        read = frozenset().union(*(self._cells[n].reads for n in self._again if n in self._cells))
        found = {
            n: "it binds a name of the kernel's"
            for n in self._cells.keys() - self._again.keys()
            if self._cells[n].unkept & read
        }
        for name in self._needed():
            last, later = self._last(name)
            for version in later:
                for maker in version.holding.by - self._again.keys():
                    found[maker] = f"what it made of {name} is stored only together with what others made of it"
            if last is not None and any(self._last(n)[0] is not last for n in last.holding.names):
                for maker in last.holding.by:
                    found[maker] = f"what it made of {name} was shared with others at another time"
            if last is not None and last.holding.data is None and not last.holding.gone:
                for maker in last.holding.by:
                    found[maker] = f"{name} is not stored ({last.holding.why})"
        return found

    def _needed(self) -> list[str]:
        again = [self._cells[n] for n in self._again if n in self._cells]
        if any(_resource(h) == EVERYTHING for cell in again for h in cell.hidden):
            return sorted(self._versions)
        named = {n for cell in again for n in cell.names} | {_resource(h) for cell in again for h in cell.hidden}
        found = named & self._versions.keys()
        found |= {n for name in found for v in self._versions[name] for n in v.holding.names}
        return sorted(found)

    def _last(self, name: str) -> tuple[_Version | None, list[_Version]]:
        """Return a name's last version that holds the work of kept cells alone, and those that came later."""
        kept = self._cells.keys() - self._again.keys()
        versions = self._versions[name]
        for n in range(len(versions) - 1, -1, -1):
            if versions[n].of <= kept:
                return versions[n], versions[n + 1 :]
        return None, versions

    def _holdings(self) -> tuple[Holding, ...]:
        wanted = [*self._needed(), *(n for n in sorted(self._versions) if n in KEPT)]
        found: dict[int, Holding] = {}
        for name in wanted:
            last, _ = self._last(name)
            if last is not None:
                found[id(last.holding)] = last.holding
        return tuple(found.values())


def histories(steps: Sequence[Step]) -> dict[str, list[_Version]]:
    """Return what each name held over time, and which cells each state comes from."""
    found: dict[str, list[_Version]] = {}
    for step in steps:
        before = {name: versions[-1].of for name, versions in found.items()}
        for holding in step.holdings:
            of = holding.by.union(*(before.get(name, frozenset()) for name in holding.names))
            version = _Version(holding, of)
            for name in holding.names:
                found.setdefault(name, []).append(version)
    return found


def _resource(hidden: str) -> str:
    return hidden.partition(" ")[2]


def _is_state(version: _Version) -> bool:
    return version.holding.names[0] in KEPT
