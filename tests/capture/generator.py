"""Random notebooks, made to trip an analysis: aliases, stored code, late binding, shared iterators and worse.

Names tell types: ``i`` int, ``l`` list of ints, ``n`` list of lists, ``d`` dict of lists, ``f`` function without
arguments that gives an int, ``h`` function that takes and gives a list, ``p`` dict of functions, ``o`` instance,
``g`` iterator, ``s`` dict with a default factory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

#: Always the first cell.
PRELUDE = """\
import copy, functools, itertools, random, contextlib, outside
import numpy as np
from collections import defaultdict
"""


class Generator:
    """Write one notebook; count the features that it has."""

    def __init__(self, random: Random, favour: Sequence[str] = ()) -> None:
        self.random = random
        #: Statements that are written more often than others.
        self.favour = [getattr(Generator, name) for name in favour]
        self.names: dict[str, set[str]] = {t: set() for t in "ilndfhpogsaC"}
        self.counts: Counter[str] = Counter()
        self.files: set[str] = set()
        self.classes: dict[str, int] = {}
        #: Names that functions use, which must not be deleted.
        self.pinned: set[str] = set()
        self.indent = ""

    # ---- choosing

    def pick(self, kind: str) -> str:
        """Return a bound name of a type, binding one if there is none."""
        known = sorted(self.names[kind])
        if not known:
            return self.make(kind)
        return self.random.choice(known)

    def make(self, kind: str) -> str:
        """Bind a new name simply, in the current cell."""
        name = f"{kind}{self.random.randrange(4)}"
        value = {
            "i": lambda: str(self.random.randrange(9)),
            "l": lambda: f"[{self.random.randrange(9)}, {self.random.randrange(9)}]",
            "n": lambda: f"[{self.pick('l')}, [1]]",
            "d": lambda: f"{{'a': {self.pick('l')}, 'b': [2]}}",
            "f": lambda: f"lambda: {self.use('i')}",
            "h": lambda: "lambda v: v",
            "p": lambda: f"{{'k': {self.low_function()}}}",
            "g": lambda: f"iter({self.pick('l')})",
            "s": lambda: "defaultdict(list)",
            "a": lambda: f"np.arange({self.random.randint(3, 5)})",
            "o": lambda: f"{self.pick('C')}({self.pick('i')})",
        }
        if kind == "C":
            self.define_class(name)
            return name
        if kind == "f":
            name = "f0"
        text = value[kind]()
        self.say(f"{name} = {text}")
        self.names[kind].add(name)
        return name

    def use(self, kind: str) -> str:
        """Return a bound name for use inside a function."""
        name = self.pick(kind)
        self.pinned.add(name)
        return name

    def low_function(self) -> str:
        """Return a function that calls no other through a container."""
        known = sorted(self.names["f"] & {"f0", "f1"})
        return self.random.choice(known) if known else self.make("f")

    def target(self, kind: str) -> str:
        """Return a name to bind, new or old."""
        return f"{kind}{self.random.randrange(4)}"

    def say(self, text: str) -> None:
        """Write lines."""
        self.lines.extend(self.indent + line for line in text.split("\n"))

    def bind(self, kind: str, text: str, name: str | None = None) -> None:
        """Write an assignment."""
        name = name or self.target(kind)
        self.say(f"{name} = {text}")
        if not self.indent:
            self.names[kind].add(name)

    # ---- the notebook

    def notebook(self, most: int = 9) -> list[str]:
        """Write the notebook's cells, at most so many."""
        cells = [PRELUDE]
        for _ in range(self.random.randint(most // 2, most)):
            self.lines: list[str] = []
            for _ in range(self.random.randint(1, 2)):
                self.statement()
            if self.random.random() < 0.6:
                self.show()
            cells.append("\n".join(self.lines))
        return cells

    def statement(self) -> None:
        """Write one statement of a random sort."""
        if self.indent:
            self.random.choice(_SIMPLE)(self)
        elif self.favour and self.random.random() < 0.6:
            self.random.choice(self.favour)(self)
        else:
            self.random.choice(_RARE if self.random.random() < 0.04 else _SORTS)(self)

    def show(self) -> None:
        """Print something."""
        kind = self.random.choice("illndo")
        if self.names[kind]:
            self.say(f"print({self.pick(kind)})")

    def number(self) -> str:
        """Return an expression that gives an int."""
        choices: list[Callable[[], str]] = [
            lambda: self.pick("i"),
            lambda: f"len({self.pick('l')})",
            lambda: f"{self.pick('i')} + 1",
            lambda: f"sum({self.pick('l')})",
            lambda: f"{self.pick('f')}()",
            lambda: str(self.random.randrange(9)),
            lambda: f"next({self.pick('g')}, -1)",
            lambda: f"{self.pick('o')}.get()",
            lambda: f"{self.pick('o')}.twice",
        ]
        return self.random.choice(choices)()

    def a_list(self) -> str:
        """Return an expression that gives a list, often one that has other names."""
        choices: list[Callable[[], str]] = [
            lambda: self.pick("l"),
            lambda: f"{self.pick('n')}[0]",
            lambda: f"{self.pick('d')}['a']",
            lambda: f"{self.pick('h')}({self.pick('l')})",
            lambda: f"{self.pick('o')}.items",
            lambda: f"list({self.pick('l')})",
            lambda: f"{self.pick('l')}[:2]",
            lambda: f"[{self.number()}]",
            lambda: f"{self.pick('s')}['q']",
            lambda: f"{self.pick('d')}.get('b', {self.pick('l')})",
            lambda: f"({self.pick('l')} or {self.pick('l')})",
            lambda: f"({self.pick('l')} if {self.pick('i')} > 4 else {self.pick('l')})",
            lambda: f"[x + {self.pick('i')} for x in {self.pick('l')}]",
            lambda: f"[next({self.pick('g')}, 0) for _ in range(2)]",
        ]
        return self.random.choice(choices)()

    # ---- statements

    def rebind(self) -> None:
        self.counts["rebinding"] += 1
        self.bind("i", self.number())

    def rebind_list(self) -> None:
        self.counts["alias"] += 1
        self.bind("l", self.a_list())

    def augment(self) -> None:
        self.counts["augmented"] += 1
        if self.random.random() < 0.5:
            self.say(f"{self.pick('i')} += {self.random.randrange(5)}")
        else:
            self.say(f"{self.pick('l')} += [{self.number()}]")

    def mutate(self) -> None:
        self.counts["mutation"] += 1
        value = self.a_list()
        how = self.random.choice(
            [
                f"{value}.append({self.number()})",
                f"{value}.insert(0, {self.number()})",
                f"{value}[:1] = [{self.random.randrange(9)}]",
                f"{value}.sort()",
                f"{value}.reverse()",
                f"del {value}[2:]",
                f"setattr({self.pick('o')}, 'items', {value})",
                f"list.append({value}, 3)",
            ]
        )
        self.say(how)

    def contain(self) -> None:
        self.counts["container alias"] += 1
        if self.random.random() < 0.5:
            self.bind("n", f"[{self.a_list()}, {self.a_list()}]")
        else:
            self.bind("d", f"{{'a': {self.a_list()}, 'b': {self.a_list()}}}")

    def reach_in(self) -> None:
        self.counts["container alias"] += 1
        nested, table, plain = self.pick("n"), self.pick("d"), self.a_list()
        self.say(
            self.random.choice(
                [
                    f"{nested}[-1].append({self.number()})",
                    f"for row in {nested}:\n    row.append(7)",
                    f"{table}['a'] = {plain}",
                    f"{table}['b'].append({self.number()})",
                    f"{nested}.append({plain})",
                    f"{nested}[0] = {plain}",
                    f"{nested}.reverse()",
                    f"for key, row in {table}.items():\n    row.append(len(key))",
                    f"for row, extra in zip({nested}, [{plain}]):\n    row.append(len(extra))",
                    f"{table}.setdefault('z', {plain}).append(1)",
                    f"{table}.update(b={plain})",
                    f"[row.append(6) for row in {table}.values()]",
                    f"max({nested}, key=len).append(0)",
                ]
            )
        )

    def define(self) -> None:
        """Write a function that reads globals when called."""
        index = self.random.randrange(3)
        name = f"f{index}"
        lower = [n for n in sorted(self.names["f"]) if int(n[1:]) < index]
        bodies = [
            f"return {self.use('i')} + len({self.use('l')})",
            f"{self.use('l')}.append({self.use('i')})\nreturn 1",
            f"return sum(len(r) for r in {self.use('n')})",
            f"return len({self.use('d')}['a'])",
            f"return next({self.use('g')}, 5)",
            f"return {self.use('o')}.get()",
            f"{self.use('s')}['w'].append(1)\nreturn 2",
        ]
        if lower:
            called = self.random.choice(lower)
            self.pinned.add(called)
            bodies += [f"return {called}() + {self.use('i')}"] * 3
        if index == 2 and self.names["p"]:
            bodies += [f"return {self.use('p')}['k']()"] * 3
        if name in self.names["f"]:
            self.counts["redefined function"] += 1
        body = self.random.choice(bodies).replace("\n", "\n    ")
        self.say(f"def {name}():\n    {body}")
        self.names["f"].add(name)

    def define_global(self) -> None:
        self.counts["global write"] += 1
        name = f"f{self.random.randrange(2)}"
        target = self.use("i")
        other = self.use("l")
        body = self.random.choice([f"{target} = {target} + 1", f"{target} = len({other})"])
        if name in self.names["f"]:
            self.counts["redefined function"] += 1
        if self.random.random() < 0.3:
            body = f"global {other}\n    {other} = [{target}]"
            self.say(f"def {name}():\n    {body}\n    return 3")
        else:
            self.say(f"def {name}():\n    global {target}\n    {body}\n    return {target}")
        self.names["f"].add(name)

    def define_default(self) -> None:
        self.counts["mutable default"] += 1
        name = f"f{self.random.randrange(2)}"
        default = self.random.choice(["[]", self.pick("l")])
        self.say(f"def {name}(kept={default}):\n    kept.append({self.use('i')})\n    return len(kept)")
        self.names["f"].add(name)

    def define_taking(self) -> None:
        self.counts["function with argument"] += 1
        body = self.random.choice(
            [
                "v.append(1)\n    return v",
                f"v.append({self.use('i')})\n    return {self.use('l')}",
                "return v[:]",
                f"return {self.use('n')}[0]",
                f"{self.use('d')}['a'] = v\n    return v",
                f"{self.use('o')}.items = v\n    return v",
                f"if {self.use('i')} > 3:\n        return v\n    return {self.use('l')}",
                f"global {self.use('i')}\n    {self.use('i')} = 2\n    return v".replace("\n    i", "\n    i"),
            ]
        )
        if body.startswith("global"):
            target = self.use("i")
            body = f"global {target}\n    {target} = len(v)\n    return v"
        name = self.target("h")
        self.say(f"def {name}(v):\n    {body}")
        self.names["h"].add(name)

    def closure(self) -> None:
        self.counts["closure"] += 1
        form = self.random.randrange(4)
        if form == 0:
            self.say(
                "def make(start):\n    count = start\n    def step():\n        nonlocal count\n        count += 1\n"
                "        return count\n    return step"
            )
            self.bind("f", f"make({self.pick('i')})", "f0")
        elif form == 1:
            self.say("def keep(kept):\n    return lambda: kept.append(1) or len(kept)")
            self.bind("f", f"keep({self.a_list()})", "f0")
        elif form == 2:
            self.say("def pair():\n    shared = []\n    def put(v):\n        shared.append(len(v))\n        return v\n"
                     "    def see():\n        return sum(shared)\n    return put, see")  # fmt: skip
            self.say("h0, f0 = pair()")
            self.names["h"].add("h0")
            self.names["f"].add("f0")
        else:
            self.bind("p", f"{{k: (lambda r=r: len(r)) for k, r in [('k', {self.a_list()})]}}")

    def wrap(self) -> None:
        self.counts["decorator"] += 1
        log = self.use("l")
        self.say(
            f"def noted(fn):\n    @functools.wraps(fn)\n    def inner():\n        {log}.append(0)\n        return fn()\n    return inner"
        )
        self.say(f"@noted\ndef f1():\n    return {self.use('i')}")
        self.names["f"].add("f1")

    def store(self) -> None:
        self.counts["stored function"] += 1
        function = self.low_function()
        form = self.random.randrange(6)
        if form == 0:
            self.bind("p", f"{{'k': {function}}}")
        elif form == 1:
            self.say(f"{self.pick('p')}['k'] = {function}")
        elif form == 2:
            self.say(f"{self.pick('o')}.hook = {function}")
        elif form == 3:
            self.bind("f", f"functools.partial({function})", "f1" if function == "f0" else "f0")
        elif form == 4:
            self.bind("f", f"{self.pick('o')}.add_one", "f1")
        else:
            self.bind("p", f"dict(zip(['k'], [{function}]))")

    def call(self) -> None:
        self.counts["call of stored"] += 1
        name = self.target("i")
        how = self.random.choice(
            [
                f"{self.pick('p')}['k']()",
                f"{self.pick('o')}.run()",
                f"[fn() for fn in {self.pick('p')}.values()][0]",
                f"sum(map(lambda x: x + {self.pick('i')}, {self.pick('l')}))",
                f"sorted({self.pick('l')} + [0], key=lambda x: {self.pick('f')}())[0]",
                f"functools.reduce(lambda a, b: a + b, {self.pick('l')}, {self.pick('i')})",
                f"len({self.pick('h')}({self.pick('l')}))",
                f"getattr({self.pick('o')}, 'run')()",
                f"(lambda *a, **k: a[0]())({self.pick('f')})",
                f"{self.pick('f')}()",
            ]
        )
        self.bind("i", how, name)

    def define_class(self, name: str | None = None) -> None:
        self.counts["class"] += 1
        self.counts["method reading a global"] += 1
        name = name or f"C{self.random.randrange(2)}"
        base = ""
        if self.names["C"] - {name} and self.random.random() < 0.3:
            base = "(" + self.random.choice(sorted(self.names["C"] - {name})) + ")"
        lines = [f"class {name}{base}:"]
        if self.random.random() < 0.4:
            lines.append("    seen = []")
        else:
            lines.append("    seen = None")
        lines += [
            "    def __init__(self, v, items=None):",
            "        self.v = v",
            "        self.items = items if items is not None else []",
            "        self.hook = None",
            "    def get(self):",
            f"        return self.v + {self.use('i')}",
            "    def add_one(self):",
            f"        self.items.append({self.use('i')})",
            "        return len(self.items)",
            "    def run(self):",
            "        return self.hook() if self.hook else self.v",
            "    @property",
            "    def twice(self):",
            "        " + self.random.choice(["pass", "self.items.append(0)", f"{self.use('l')}.append(1)"]),
            "        return self.v * 2",
            "    def mark(self):",
            "        if self.seen is not None: self.seen.append(self.v)",
            "        self.v += 1",
            "        return self",
            "    def __repr__(self):",
            "        return f'{type(self).__name__}({self.v}, {self.items}, {self.seen}, {" + self.use("i") + "})'",
        ]
        if self.random.random() < 0.4:
            lines += [
                "    def __add__(self, other):",
                f"        {self.use('l')}.append(other)",
                "        return self.v + other",
            ]
        self.say("\n".join(lines))
        self.names["C"].add(name)

    def instance(self) -> None:
        self.counts["instance"] += 1
        self.bind("o", f"{self.pick('C')}({self.number()}, {self.a_list()})")

    def act(self) -> None:
        self.counts["method call"] += 1
        one = self.pick("o")
        if self.random.random() < 0.1 and not self.indent:
            self.bind("o", f"{one}.mark()")
            return
        self.say(
            self.random.choice(
                [
                    f"{one}.add_one()",
                    f"{one}.items.append({self.number()})",
                    f"{one}.v = {self.number()}",
                    f"{one}.mark()",
                    f"{one}.twice",
                    f"print({one})",
                    f"{one}.items, {self.pick('l')}[:1] = {self.a_list()}, [1]",
                    f"type({one}).get = lambda self: self.v - {self.use('i')}",
                    f"print(f'{{{one}}}', str({one}))",
                ]
            )
        )

    def iterator(self) -> None:
        self.counts["shared iterator"] += 1
        form = self.random.randrange(7)
        if form == 0:
            self.bind("g", f"iter({self.a_list()})")
        elif form == 1:
            self.bind("g", f"(x + {self.use('i')} for x in {self.a_list()})")
        elif form == 2:
            name = f"gen{self.random.randrange(2)}"
            self.say(f"def {name}(rows):\n    for row in rows:\n        {self.use('l')}.append(1) if len({self.use('l')}) < 9 else 0\n"
                     f"        yield row + {self.use('i')}")  # fmt: skip
            self.bind("g", f"{name}(list({self.a_list()}))")
        elif form == 3:
            self.bind("g", f"map(lambda x: x + {self.use('i')}, {self.a_list()})")
        elif form == 4:
            self.bind("g", f"(a for a, b in zip({self.a_list()}, {self.pick('g')}))")
        elif form == 5:
            self.bind("g", f"itertools.chain({self.a_list()}, {self.a_list()})")
        else:
            self.bind("g", self.pick("g"))

    def consume(self) -> None:
        self.counts["shared iterator"] += 1
        iterator = self.pick("g")
        self.say(
            self.random.choice(
                [
                    f"print(next({iterator}, None))",
                    f"for x in {iterator}:\n    print(x)\n    break",
                    f"print(list(itertools.islice({iterator}, 2)))",
                    f"print(2 in itertools.islice({iterator}, 3))",
                    f"{self.pick('l')}[:] = [next({iterator}, 0)]",
                ]
            )
        )

    def branch(self) -> None:
        self.counts["branch"] += 1
        condition = self.random.choice([f"{self.pick('i')} % 2", f"len({self.pick('l')}) > 2", f"not {self.pick('l')}"])
        body = self.inner()
        other = self.inner()
        self.say(f"if {condition}:\n{body}" + (f"\nelse:\n{other}" if self.random.random() < 0.6 else ""))

    def loop(self) -> None:
        self.counts["loop"] += 1
        head = self.random.choice(
            [f"for x in list({self.pick('l')})[:2]:", "for _ in range(2):", f"for row in list({self.pick('n')})[:2]:"]
        )
        body = self.inner()
        jump = self.random.choice(["", "", f"\n    if {self.pick('i')} > 5: break", "\n    continue"])
        self.say(f"{head}\n{body}{jump}")

    def attempt(self) -> None:
        self.counts["try"] += 1
        body, other = self.inner(), self.inner()
        self.say(
            f"try:\n{body}\n    {self.pick('l')}[{self.random.randrange(6)}]\nexcept IndexError as problem:\n{other}"
        )

    def inner(self) -> str:
        """Return indented statements that bind only names that are bound already."""
        self.pick("i"), self.pick("l"), self.pick("n"), self.pick("d"), self.pick("o"), self.pick("g"), self.pick("f")
        self.pick("h"), self.pick("p"), self.pick("s")
        outer, self.lines, self.indent = self.lines, [], "    "
        for _ in range(self.random.randint(1, 2)):
            self.statement()
        text = "\n".join(self.lines)
        self.lines, self.indent = outer, ""
        return text

    def rebind_old(self) -> None:
        """Rebind a name that is bound (for use inside branches)."""
        kind = self.random.choice("ill")
        name = self.pick(kind)
        self.say(f"{name} = {self.number() if kind == 'i' else self.a_list()}")

    def delete(self) -> None:
        self.counts["del"] += 1
        kind = self.random.choice("ln")
        free = sorted(self.names[kind] - self.pinned)
        if len(free) > 1:
            name = self.random.choice(free)
            self.say(f"del {name}")
            self.names[kind].discard(name)

    def unpack(self) -> None:
        self.counts["unpacking"] += 1
        form = self.random.randrange(4)
        if form == 0:
            self.say(f"l0, l1 = {self.a_list()}, {self.a_list()}")
            self.names["l"] |= {"l0", "l1"}
        elif form == 1:
            self.say(f"l2, *rest = {self.pick('n')}")
            self.names["l"].add("l2")
            self.say("n2 = rest + [l2]")
            self.names["n"].add("n2")
        elif form == 2:
            self.say(f"(l0, i0), = [({self.a_list()}, {self.number()})]")
            self.names["l"].add("l0")
            self.names["i"].add("i0")
        else:
            self.say(
                f"match {{'rows': {self.a_list()}}}:\n    case {{'rows': [*l1]}} if l1:\n        pass\n    case {{'rows': l1}}:\n        pass"
            )
            self.names["l"].add("l1")

    def copied(self) -> None:
        self.counts["copy"] += 1
        how = self.random.choice(["copy.copy", "copy.deepcopy", "list"])
        self.bind("n", f"{how}({self.pick('n')})")

    def unknown(self) -> None:
        """Use a library that the analysis knows nothing of."""
        self.counts["unknown library"] += 1
        form = self.random.randrange(6)
        if form == 0:
            self.say(f"outside.keep({self.a_list()})")
        elif form == 1:
            self.say("outside.touch()")
        elif form == 2:
            self.bind("i", f"outside.call({self.pick('f')})")
        elif form == 3:
            self.bind("l", f"outside.swap({self.pick('n')}, {self.pick('l')})")
        elif form == 4:
            self.bind("f", f"outside.Holder({self.a_list()}).grow", "f1")
        else:
            self.bind("l", f"outside.same({self.a_list()})")

    def array(self) -> None:
        """Take views of arrays, change arrays."""
        self.counts["array view"] += 1
        one = self.pick("a")
        form = self.random.randrange(3)
        if form == 0:
            views = [f"{one}[1:]", f"{one}.T", f"{one}.reshape(-1)", f"np.asarray({one})", f"{one} + 1", f"{one}[::-1]"]
            self.bind("a", self.random.choice(views))
        elif form == 1:
            changes = [f"{one}[:1] = {self.number()}", f"{one} += 1", f"{one}.fill(2)", f"np.add({one}, 1, out={one})"]
            self.say(self.random.choice(changes))
        else:
            self.say(f"print({one}, {one}.sum())")

    def opaque(self) -> None:
        """Do what nobody can follow."""
        self.counts["opaque"] += 1
        rows, number = self.pick("l"), self.pick("i")
        how = [
            f"exec('{rows}.append(4)')",
            f"globals()['{number}'] = 5",
            f"exec('{number} = 6')",
            f"print(eval('{number}'))",
        ]
        self.say(self.random.choice(how))

    def chance(self) -> None:
        self.counts["random"] += 1
        self.say(self.random.choice([f"random.seed({self.random.randrange(5)})", "print(random.randrange(100))"]))

    def managed(self) -> None:
        self.counts["with"] += 1
        log = self.use("l")
        self.say(f"@contextlib.contextmanager\ndef around(v):\n    v.append(0)\n    yield v\n    {log}.append(9)")
        self.say(f"with around({self.a_list()}) as l1:\n    print(l1)")
        self.names["l"].add("l1")

    def default_dict(self) -> None:
        self.counts["default dict"] += 1
        self.pick("s")
        self.say(
            self.random.choice(
                [
                    f"print(len({self.pick('s')}['{self.random.choice('xyz')}']))",
                    f"{self.pick('s')}['x'].append({self.number()})",
                    f"print(dict({self.pick('s')}))",
                    f"{self.pick('s')}['y'] = {self.a_list()}",
                ]
            )
        )


_SIMPLE: list[Callable[[Generator], None]] = [
    Generator.rebind_old,
    Generator.augment,
    Generator.mutate,
    Generator.reach_in,
    Generator.act,
    Generator.consume,
    Generator.default_dict,
    Generator.show,
]
_SORTS: list[Callable[[Generator], None]] = [
    Generator.rebind,
    Generator.rebind_list,
    Generator.augment,
    Generator.mutate,
    Generator.mutate,
    Generator.contain,
    Generator.reach_in,
    Generator.define,
    Generator.define,
    Generator.define_global,
    Generator.define_default,
    Generator.define_taking,
    Generator.closure,
    Generator.wrap,
    Generator.store,
    Generator.call,
    Generator.call,
    Generator.define_class,
    Generator.instance,
    Generator.act,
    Generator.iterator,
    Generator.consume,
    Generator.branch,
    Generator.loop,
    Generator.attempt,
    Generator.delete,
    Generator.unpack,
    Generator.copied,
    Generator.managed,
    Generator.default_dict,
    Generator.array,
    Generator.array,
]

_RARE: list[Callable[[Generator], None]] = [
    Generator.unknown,
    Generator.unknown,
    Generator.unknown,
    Generator.chance,
    Generator.chance,
    Generator.opaque,
]


def notebook(random: Random, favour: Sequence[str] = ()) -> tuple[list[str], Counter[str]]:
    """Return the cells of a random notebook and the features it has.

    Two of three are several stories told in turns, with a bridge between them now and then: cells of different
    stories are free of each other, so that many orders are allowed.
    """
    stories = 1 if favour else random.choice((1, 2, 3))
    counts: Counter[str] = Counter()
    told: list[list[str]] = []
    for number in range(stories):
        generator = Generator(random, favour)
        cells = generator.notebook(9 if stories == 1 else 6)[1:]
        counts += generator.counts
        told.append([_NAME.sub(rf"\g<0>{'_' * number}", cell) for cell in cells])
    cells = [PRELUDE]
    while any(told):
        story = random.choice([s for s in told if s])
        cells.append(story.pop(0))
        if stories > 1 and random.random() < 0.05:
            cells.append(_bridge(random, cells))
    return cells, counts


_NAME = re.compile(r"\b[ilndfhpogsaC]\d+\b")


def _bridge(random: Random, cells: Sequence[str]) -> str:
    """Write a cell that ties lists of different stories together."""
    lists = sorted(set(re.findall(r"^(l\d_*) = ", "\n".join(cells), re.MULTILINE)))
    if not lists:
        return "i9 = 0"
    one, two = random.choice(lists), random.choice(lists)
    return f"n9 = [{one}, {two}]\nn9[0].append({random.randrange(9)})\nprint(len({two}))"
