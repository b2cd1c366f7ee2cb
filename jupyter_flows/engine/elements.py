"""The elements that a cell runs for, one after the other: names bound before each run, values gathered after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

#: What the loop of a cell in a kernel is called while it runs.
LOOP = "__jupyter_flows_elements__"
#: And the name under which it counts.
INDEX = "__jupyter_flows_index__"


class Elements:
    """The runs of one mapped cell in a namespace; kernels and flow runs use it alike.

    In each run `over` is the element, and the names that the cell writes are as they were before the cell.
    At the end each of these is the list of its values, and `over` what it was.
    """

    def __init__(self, names: MutableMapping[str, Any], over: str, written: Sequence[str]):
        if over not in names:
            raise NameError(f"name {over!r} is not defined: --map takes the name of a value with several elements")
        self._names, self._over, self._whole = names, over, names[over]
        try:
            self._items = list(self._whole)
        except TypeError:
            kind = type(self._whole).__name__
            raise TypeError(f"--map {over} takes a value with several elements, and {over} is of type {kind}") from None
        self._before = {name: names[name] for name in written if name in names}
        self._values: dict[str, list[Any]] = {name: [None] * len(self._items) for name in written}
        #: Names that at the end of some run had a value.
        self._bound = set(() if self._items else written)
        #: Called at the very end.
        self.on_finish: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._items)

    def enter(self, index: int) -> None:
        """Bind the names for the run of one element."""
        for name in self._values:
            self._names.pop(name, None)
        self._names.update(self._before)
        self._names[self._over] = self._items[index]

    def leave(self, index: int) -> None:
        """Gather what the run of one element wrote."""
        for name, values in self._values.items():
            if name in self._names:
                self._bound.add(name)
                values[index] = self._names[name]

    def finish(self) -> None:
        """Bind the names to the lists of their values; one that no run left bound is unbound."""
        self._names[self._over] = self._whole
        for name, values in self._values.items():
            if name in self._bound:
                self._names[name] = values
            else:
                self._names.pop(name, None)
        self.on_finish()

    def run(self, index: int, call: Callable[[], None]) -> None:
        """Run the cell for one element; what a run that fails wrote counts for nothing."""
        self.enter(index)
        call()
        self.leave(index)


class KernelLoop:
    """The loop that a mapped cell becomes in a kernel; an error ends it, as it ends any cell."""

    def __init__(self, names: MutableMapping[str, Any], over: str, written: Sequence[str]):
        self._names, self._over = names, over
        self._elements = Elements(names, over, written)
        self._whole = names[over]
        self._done = False

    def __iter__(self) -> Iterator[int]:
        for index in range(len(self._elements)):
            self._elements.enter(index)
            yield index
            self._elements.leave(index)
        self._done = True

    def end(self) -> None:
        """Leave the namespace as the cell leaves it: after an error, with what the failed run wrote."""
        if self._done:
            self._elements.finish()
        else:
            self._names[self._over] = self._whole
        for name in (LOOP, INDEX):
            self._names.pop(name, None)
