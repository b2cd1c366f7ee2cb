"""Find what makes two runs of the same notebook differ: chance, clocks, and the order of sets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.effects import function_effect
from jupyter_flows.capture.finders.look import Imported, Look, Reading
from jupyter_flows.capture.resources import NUMPY_RANDOM, RANDOM

_SEEDS = {"random.seed": RANDOM, "numpy.random.seed": NUMPY_RANDOM, "numpy.random.set_state": NUMPY_RANDOM,
          "random.setstate": RANDOM, "pylab.seed": NUMPY_RANDOM}  # fmt: skip
_WORDS = {RANDOM: "Python's random generator", NUMPY_RANDOM: "NumPy's global random generator"}
_FIXES = {RANDOM: "write random.seed(0) there or higher", NUMPY_RANDOM: "write np.random.seed(0) there or higher"}
#: Makers of generators that draw their seed from the machine where they are given none.
_MAKERS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
#: What is something else each time, by import path.
_CLOCKS = frozenset({
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow", "time.ctime", "time.asctime",
})  # fmt: skip
_IDS = frozenset({"uuid.uuid1", "uuid.uuid4", "secrets.token_hex", "secrets.token_bytes", "secrets.token_urlsafe",
                  "os.urandom"})  # fmt: skip
#: Modules of which names imported by themselves are looked for.
_MODULES = ("random.", "numpy.random.", "sklearn.", "uuid.", "secrets.")
_QUICK = re.compile(r"seed|[rR]andom|default_rng|[gs]et_?state|now\(|today\(|uuid|urandom|[cs]time\(|token_")
_WORD = re.compile(r"[^\W\d]\w*")
_SET = re.compile(r"\bset\(|\{[^{}:\n]*(?:[\"']|\bfor\b)")
_SHOWN = re.compile(r"\b(?:print|join|list|tuple)\(")
#: Of these modules, but no draw from the global generator.
_OTHERS = frozenset({"random.SystemRandom", "random.getstate", "numpy.random.get_state", "numpy.random.Generator",
                     "numpy.random.SeedSequence", "numpy.random.PCG64", "numpy.random.MT19937"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a cell."""

    #: The import path of what is called, "" where no import tells it.
    path: str
    node: ast.Call
    line: int

    @property
    def is_given(self) -> bool:
        """Whether it is given any argument."""
        return bool(self.node.args or self.node.keywords)

    @property
    def keywords(self) -> set[str]:
        """The names of its keyword arguments."""
        return {k.arg for k in self.node.keywords if k.arg}

    def is_in(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether it is written in a function."""
        return function.lineno <= self.node.lineno <= (function.end_lineno or function.lineno)


def chance_findings(look: Look) -> Iterator[Finding]:
    """Find chance that no seed decides, clocks, and orders that differ from process to process."""
    imported, draws = Imported(watched=_MODULES), Draws()
    for reading in look.readings:
        imported.take(reading)
        calls = _calls(reading, imported) if _matters(reading, imported, draws) else []
        draws.take(reading, calls)
        if reading.index not in look.dataflow.barriers:
            yield from _drawn(look, reading, draws)
        yield from _made(reading, calls)
        yield from _orders(reading)


def _matters(reading: Reading, imported: Imported, draws: Draws) -> bool:
    """Tell, from its text alone, whether a cell may call anything that is looked for: most cells don't."""
    if _QUICK.search(reading.text):
        return True
    if not imported.watched and not draws.functions:
        return False
    words = _WORD.findall(reading.text)
    return not imported.watched.isdisjoint(words) or not draws.functions.isdisjoint(words)


def _calls(reading: Reading, imported: Imported) -> list[Call]:
    nodes = ((node, line) for node, line in reading.nodes() if isinstance(node, ast.Call))
    return [Call(imported.full(node.func), node, line) for node, line in nodes]


class Draws:
    """Who draws from the global generators, and which of these were seeded, cell by cell."""

    def __init__(self) -> None:
        self.seeded: set[str] = set()
        #: In the cell taken in last: the generator, and the line of the first draw.
        self.here: dict[str, int] = {}
        #: Functions of the notebook that draw.
        self.functions: set[str] = set()
        self._draws: dict[str, set[str]] = {}

    def take(self, reading: Reading, calls: Sequence[Call]) -> None:
        """Take in a cell."""
        self.here = {}
        for call in calls:
            if call.path in _SEEDS and call.is_given:
                self.seeded.add(_SEEDS[call.path])
            for resource in self._of(call):
                self.here.setdefault(resource, call.line)
        if self.here:
            tree, _ = reading.body()
            for function in (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
                inside = {resource for call in calls if call.is_in(function) for resource in self._of(call)}
                if inside:
                    self.functions.add(function.name)
                    self._draws.setdefault(function.name, set()).update(inside)

    def _of(self, call: Call) -> Iterator[str]:
        """Yield the global generators that a call draws from, as far as can be told from its name."""
        if isinstance(call.node.func, ast.Name):
            yield from self._draws.get(call.node.func.id, ())
        if call.path in _SEEDS or call.path in _MAKERS or call.path in _OTHERS:
            return
        if call.path.startswith("random."):
            yield RANDOM
        elif call.path.startswith("numpy.random."):
            yield NUMPY_RANDOM
        elif call.path.startswith("sklearn.") and "random_state" not in call.keywords:
            known = function_effect(call.path)
            if known is not None and known.random:
                yield NUMPY_RANDOM


def _drawn(look: Look, reading: Reading, draws: Draws) -> Iterator[Finding]:
    """Say that a cell surely draws from a global generator that no cell above seeds."""
    drawn = look.dataflow.refs[reading.index].resources & draws.here.keys()
    for resource in sorted(drawn - draws.seeded):
        message = f"draws from {_WORDS[resource]}, which no cell above seeds"
        yield Finding("F018", "info", reading.ordinal, draws.here[resource], message, _FIXES[resource])


def _made(reading: Reading, calls: Sequence[Call]) -> Iterator[Finding]:
    for call in calls:
        path, name = call.path, call.path.rpartition(".")[2]
        if path in _MAKERS and not call.is_given:
            message, fix = f"`{name}()` makes a random generator without a seed", f"give it a seed: {name}(0)"
        elif path in _CLOCKS:
            message = "reads the clock, so that runs differ"
            fix = "if a run is to be of one day, make that a parameter"
        elif path in _IDS:
            message, fix = f"`{name}` gives something else in each run", ""
        else:
            continue
        yield Finding("F018", "info", reading.ordinal, call.line, message, fix)


def _orders(reading: Reading) -> Iterator[Finding]:
    """Say where a set of texts is shown, or made a list, in the order that it happens to have."""
    if not _SET.search(reading.text) or not _SHOWN.search(reading.text):
        return
    tree, above = reading.body()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _shows(node, tree) and any(map(_is_set, node.args)):
            message = "shows a set in an order that differs from process to process"
            yield Finding("F018", "info", reading.ordinal, node.lineno + above, message, "sort it: sorted(...)")


def _shows(call: ast.Call, tree: ast.Module) -> bool:
    """Tell a call that shows its argument's order: ``print``, ``join``, or ``list`` as the cell's last value."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "join"
    if not isinstance(call.func, ast.Name):
        return False
    last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return call.func.id == "print" or (call.func.id in ("list", "tuple") and call is last)


def _is_set(node: ast.AST) -> bool:
    """Tell an expression that is written as a set, and not one of numbers, whose order is always the same."""
    if isinstance(node, ast.Set):
        return any(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple", "set"):
        return bool(node.args) and (node.func.id == "set" or _is_set(node.args[0]))
    return isinstance(node, ast.SetComp)
