"""Cells that cost too much to follow: what they may do at most, from all that they and what they reach mention."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import cast

from jupyter_flows.capture.effects import function_effect, method_effect
from jupyter_flows.capture.expressions import is_special
from jupyter_flows.capture.handmade import IDENTIFIER, SHELLS
from jupyter_flows.capture.heap import NOTHING, Obj, Refused, Region, Value
from jupyter_flows.capture.knowledge import methods
from jupyter_flows.capture.knowledge.functions import CONSTANTS
from jupyter_flows.capture.machine import BUILTINS
from jupyter_flows.capture.magics import Magics, python_of
from jupyter_flows.capture.mentions import Chain, Mentions, imported_paths, mentions_of, mentions_of_function
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import FILES, NUMPY_RANDOM, PYPLOT, SHELL, file_resource
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.capture.running_text import TEXTS, WITHOUT_WORD
from jupyter_flows.capture.scopes import Code, FunctionNode, Names, Scope, function_names

#: What a definition in such a cell may cost.
_DEFINITION_WORK = 5_000
#: Decorators that say how a method is called.
_MARKS = {"property": "property", "cached_property": "property", "staticmethod": "static", "classmethod": "class"}
_Lazy = FunctionNode | ast.GeneratorExp
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Overview(Magics):
    """Take a cell for code that may do, in any order and as often as it likes, all that it can reach."""

    def __init__(self, rules: Rules = ALL_RULES) -> None:
        #: What functions and generators mention, by their place in the source.
        self.mentioned: dict[int, Mentions] = {}
        #: Hidden resources that objects made by the cell may use later.
        self.later: set[str] = set()
        #: What stands for all that the libraries it may call have kept.
        self.kept: set[int] = set()
        #: The cells that were not followed.
        self.involved: set[int] = set()
        super().__init__(rules)

    def start_over(self) -> None:
        """Leave whatever was being followed."""
        self.scope, self.logs, self.depth, self.owner = self.module, [], 0, None
        self.active.clear()
        self.running.clear()
        self.resuming.clear()
        self.handed = None
        self.weak = 1

    def overview(self, tree: ast.Module, before: dict[str, Value]) -> None:
        """Record the most that a cell may do; `before` are the names as they were when it began."""
        for name, value in before.items():  # what it took away, or bound anew, may still be there
            self.module.vars[name] = self.module.vars.get(name, NOTHING) | value
        self.later.clear()
        self.kept.clear()
        self.involved.add(self.cell)
        made = self.new(tree, "unknown", "overview")
        given = frozenset((made.id,))
        rest = mentions_of(self._define(self._flat(tree.body)))
        everything, written = self._gather(rest, given | self._make_bare(rest, given))
        made.touches = frozenset(self.later)
        anything = self.link(everything)
        # Reading an attribute runs properties: of anything, that is, of an instance of any class in reach.
        anything |= frozenset(o for o in everything if self.heap.objs[o].kind == "instance")
        self.hold(self.heap.objs[made.id], anything)
        for name in sorted(rest.written | written):
            self._bind_anything(name, anything)

    # ---- what the cell makes

    def _flat(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Put the Python inside magics in their place; evaluate the other magics."""
        self.heap.left = sys.maxsize
        found: list[ast.stmt] = []
        for statement in body:
            for call in mentions_of([statement]).shell:
                found += self._in_magic(call)
            found.append(statement)
        return found

    def _in_magic(self, call: ast.Call) -> list[ast.stmt]:
        text = python_of(call)
        if text is None:
            self.value(call)
            return []
        if text[0] == "capture":
            for word in ast.literal_eval(call.args[1]).split():
                if word.isidentifier():
                    self.bind(word, NOTHING)
        return self.python_in(call, text[1], below=text[2])

    def _define(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Run definitions and imports where that is cheap; return the other statements."""
        rest: list[ast.stmt] = []
        for statement in body:
            if not isinstance(statement, _DEFINITIONS):
                rest.append(statement)
                continue
            self.heap.left = _DEFINITION_WORK
            try:
                self.block([statement])
            except (Refused, RecursionError):
                self.start_over()
                rest.append(statement)
        self.heap.left = sys.maxsize
        return rest

    def _make_bare(self, rest: Mentions, given: Value) -> Value:
        """Make the functions and classes in statements that are not run; whatever they keep, they have from `given`."""
        for statement in rest.imports:
            self.block([statement])
        functions = {id(node): self._bare_function(node, around, given) for node, around in rest.functions}
        made = {function.id for function in functions.values()}
        for owner in rest.classes:
            bare = self.new(owner, "class")
            self.hold(bare, given)
            for part in ast.walk(owner):
                if id(part) in functions and isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.hold(bare, frozenset((functions[id(part)].id,)), part.name)
                    self.has_special = self.has_special or is_special(part.name)
            made.add(bare.id)
        return frozenset(made)

    def _bare_function(self, node: _Lazy, around: frozenset[str], given: Value) -> Obj:
        """Make a function whose defaults and shared variables may be anything the cell reaches."""
        body = self._as_function(node)
        made = self.new(body, "function")
        if made.data is None:
            parent = self.module
            if around:
                parent = Scope(Names(own=set(around)), self.module)
                parent.vars = dict.fromkeys(around, given)
            made.data = Code(body, function_names(body), parent, None, _marks(node))
        if around:
            self.hold(made, given)
        for arg in (*made.data.parameters, *body.args.kwonlyargs):
            self.hold_default(made, arg.arg, given)
        return made

    def _as_function(self, node: _Lazy) -> FunctionNode:
        """Return a function's node; for a generator expression, that of a function which gives its items."""
        if not isinstance(node, ast.GeneratorExp):
            return node
        kept = self.heap.make(("as a function", id(node)), "scope")
        if kept.data is None:
            items = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
            nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            kept.data = ast.copy_location(ast.Lambda(nothing, items), node)
        return cast("FunctionNode", kept.data)

    def _instance_of(self, owner: Obj) -> Obj:
        made = self.heap.make(("an instance", owner.id, self.cell), "instance")
        self.heap.store(made.id, "<class>", frozenset((owner.id,)))
        return made

    def _bind_anything(self, name: str, anything: Value) -> None:
        self._write_global(name)
        self.module.vars[name] = self.module.vars.get(name, NOTHING) | anything
        self.bound_anew()

    # ---- what it reaches

    def _gather(self, own: Mentions, start: Value) -> tuple[Value, set[str]]:
        """Return all objects in reach of the cell's code, and the names that functions in reach write."""
        seen: set[str] = set()
        written: set[str] = set()
        done: set[int] = set()
        objs: dict[int, None] = {}
        regions: dict[Region, None] = {}
        codes: list[Mentions] = [own]
        values: set[int] = set(start)
        while codes or values:
            for code in codes:
                if id(code) not in done:
                    done.add(id(code))
                    self._do(code)
                    values |= self._names_of(code, seen)
                    written |= code.written if code is not own else set()
            fresh = self.heap.reach_more(values | self.kept, objs, regions)
            codes, values = [], set()
            for number in fresh:
                obj = self.heap.objs[number]
                codes.extend(self._code_of(obj))
                values |= self._more(obj)
        return frozenset(objs), written

    def _names_of(self, code: Mentions, seen: set[str]) -> set[int]:
        """Return what the names that code looks up may be, but for those seen already."""
        found: set[int] = set()
        for name in sorted(code.names - seen):
            found |= self._named(name)
        seen |= code.names
        return found

    def _named(self, name: str) -> Value:
        self.ledger.read(self.track(name))
        value = self.module.vars.get(name)
        if value is not None:
            self.reads.add(name)
            return value
        if name in BUILTINS:
            return self.api("builtins." + name)
        if self.stars:
            return NOTHING.union(*(self.api(f"{star}.{name}") for star in self.stars))
        return self.free(name)

    def _code_of(self, obj: Obj) -> Iterator[Mentions]:
        if obj.kind == "function" and obj.data is not None:
            found = self._mentioned(obj.data.node, obj.data.parent)
        elif obj.kind == "iterator" and obj.data is not None and obj.data[0] == "genexp":
            found = self._mentioned(obj.data[1], obj.data[2])
        else:
            return
        yield found
        for call in found.shell:
            yield mentions_of(self._in_magic(call))

    def _mentioned(self, node: _Lazy, parent: Scope) -> Mentions:
        found = self.mentioned.get(id(node))
        if found is None:
            around: set[str] = set()
            scope: Scope | None = parent
            while scope is not None and scope.parent is not None:
                around |= set() if scope.is_class else scope.names.own
                scope = scope.parent
            found = self.mentioned[id(node)] = mentions_of_function(node, frozenset(around))
        return found

    def _more(self, obj: Obj) -> Value:
        """Return what an object leads to besides what it holds."""
        self._touches(frozenset((obj.id,)))
        self.later |= obj.touches
        if obj.kind == "class":
            return frozenset((self._instance_of(obj).id,))
        if obj.kind == "api":
            self.reached_api(obj.data)
        if obj.kind == "iterator" and obj.data is not None and obj.data[0] == "code":
            return NOTHING.union(*obj.data[1].vars.values())
        if obj.kind == "estimator" and obj.data and obj.data[0]:
            self.resources.use(NUMPY_RANDOM, certain=False)
        return NOTHING

    # ---- what it may do

    def _do(self, code: Mentions) -> None:
        """Record the hidden state that code may use, and what nobody can follow."""
        for chain in code.chains:
            for start in self._starts(chain):
                self._use(chain, start)
        for name in sorted(code.attributes):
            for kind in methods.TABLE:
                self._method(kind, name)
        for call in code.queries:
            self.read_text(Args(node=call), "expr", IDENTIFIER, certain=True)
        for node in code.inner_imports:
            for _, path in imported_paths(node):
                self.import_reads(path, path)

    def _starts(self, chain: Chain) -> list[str]:
        if chain.imported:
            return [chain.root]
        if chain.root in self.module.vars:
            return [obj.data for obj in self.objects(self.module.vars[chain.root]) if obj.kind == "api"]
        return ["builtins." + chain.root] if chain.root in BUILTINS else [f"{s}.{chain.root}" for s in self.stars]

    def _use(self, chain: Chain, start: str) -> None:
        path = chain.path(start)
        if path.partition(".")[0] == "__main__" or path.startswith("sys.modules"):
            self.reach_own_module()
        if chain.sets:
            self._set_in_library(self.objects(self.api(path))[0], chain.sets)
        setting = self.setting(path)
        if setting:
            self.resources.use(setting) if chain.call is not None else self.resources.read(setting)
        if path.startswith("matplotlib."):
            self.resources.use(PYPLOT)
        if path in ("builtins.setattr", "builtins.delattr", "builtins.getattr"):
            self._by_text(path, chain.call)
        elif path == "builtins.type" and chain.call is not None and len(chain.call.args) > 1:
            self.lose_track("makes a class while running")
        elif path not in CONSTANTS:
            self._call_by_name(path, Args(node=chain.call))

    def _call_by_name(self, path: str, args: Args) -> None:
        package, known = path.partition(".")[0], function_effect(path)
        if path in WITHOUT_WORD or path in TEXTS:
            self.lose_track(WITHOUT_WORD.get(path, "runs text"))
        elif path in SHELLS:
            self.resources.use(SHELL)
            self.later.add(SHELL)
        elif path == "builtins.open":
            self.resources.use(file_resource(args.constant(0, "file")))
            self.later.add(FILES)
        elif known is not None:
            if known.barrier:
                self.lose_track(known.barrier)
            self._known_resources(known, NOTHING, args)
            if known.kind in ("unknown", "context"):
                self.later |= {resource for mode, resource in known.resources if mode == "use"}
        elif package != "builtins":
            self.package_state(package)
            self.guess_files(args)
            self.later.add(f"<module:{package}>")
            self.kept.add(self.heap.make(("package", package), "unknown").id)

    def _by_text(self, path: str, call: ast.Call | None) -> None:
        """Look an attribute up by text: of a module, that may be anything of it."""
        target = call.args[0] if call is not None and call.args else None
        objs = self.objects(self._named(target.id)) if isinstance(target, ast.Name) else []
        if any(obj.kind == "api" for obj in objs):
            self.barrier(f"uses {path.partition('.')[2]}() on a module")

    def _method(self, kind: str, name: str) -> None:
        known = method_effect(kind, name)
        if known is None:
            return
        for mode, resource in known.resources:
            (self.resources.read if mode == "read" else self.resources.use)(resource)
        if known.file:
            self.resources.use(FILES)
        if known.kind == "file":
            self.later.add(FILES)
        if known.draws:
            self.draw(Args())
        if known.random:
            self.resources.use(NUMPY_RANDOM, certain=False)
        if known.barrier:
            self.lose_track(known.barrier)


def _marks(node: _Lazy) -> frozenset[str]:
    names = {ast.unparse(d).rpartition(".")[2] for d in getattr(node, "decorator_list", ())}
    return frozenset(_MARKS[name] for name in names & _MARKS.keys())
