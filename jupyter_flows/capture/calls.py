"""Calls of whatever a value may be."""

# ruff: noqa: SLF001 -- the dispatch tables name methods of the class they belong to
from __future__ import annotations

import ast
import re
from collections import ChainMap, Counter, OrderedDict, deque

from jupyter_flows.capture.effects import method_effect
from jupyter_flows.capture.expressions import VALUE
from jupyter_flows.capture.heap import NOTHING, Obj, Value
from jupyter_flows.capture.libraries import Libraries
from jupyter_flows.capture.passed import Args

#: What the text of a query takes from the notebook.
_QUERIED = re.compile(r"@\s*([A-Za-z_]\w*)")
_REAL: dict[str, frozenset[str]] = {
    "list": frozenset(dir(list)).union(dir(deque), dir(bytearray), dir(memoryview)),
    "dict": frozenset(dir(dict)).union(dir(Counter), dir(OrderedDict), dir(ChainMap)),
    "defaultdict": frozenset(dir(dict)),
    "set": frozenset(dir(set)),
    "tuple": frozenset(dir(tuple)).union(("_asdict", "_replace")),
}


class Calls(Libraries):
    """Calls of whatever a value may be."""

    def _call(self, node: ast.Call) -> Value:
        function = node.func
        if isinstance(function, ast.Attribute):
            receiver = self.value(function.value)
            args = self.arguments(node)
            self._hand_names(args, receiver, "." + function.attr)
            return self.call_method(receiver, function.attr, args, node)
        if isinstance(function, ast.Name) and function.id == "super" and not node.args:
            return self.call_super(node)
        callee, args = self.value(function), self.arguments(node)
        self._hand_names(args, callee)
        return self.call(callee, args, node)

    def _hand_names(self, args: Args, callee: Value, attribute: str = "") -> None:
        """Take it that code that is handed the notebook's names does anything, but for what runs a known text."""
        if args.namespace:
            called = {f"{obj.data}{attribute}" if obj.kind == "api" else "" for obj in self.objects(callee)}
            if not called or not called <= self.RUNS_TEXT:
                self.lose_track("reads or writes names by text")

    def arguments(self, node: ast.Call) -> Args:
        """Evaluate a call's arguments."""
        args = Args(node=node)
        for item in node.args:
            if isinstance(item, ast.Starred):
                args.rest = (args.rest or NOTHING) | self.iterate(self.value(item.value), item)
            elif args.rest is None:
                args.positional.append(self.value(item))
            else:
                args.rest |= self.value(item)
        for word in node.keywords:
            if self._is_namespace(word):
                args.namespace = True
                continue
            value = self.value(word.value)
            if word.arg is None:
                self.touch(value)
                args.rest = (args.rest or NOTHING) | self.heap.inner(value)
            else:
                args.keywords[word.arg] = value
        return args

    def _is_namespace(self, word: ast.keyword) -> bool:
        """Tell ``globals=globals()``."""
        match word:
            case ast.keyword("globals", ast.Call(ast.Name("globals"), [], [])):
                return not self.is_bound("globals")
        return False

    def call(self, callee: Value, args: Args, node: object) -> Value:
        """Call a value."""
        if not callee:  # numbers and text can't be called: our belief about the value was wrong
            return self.havoc(args.all(), node)
        found = NOTHING
        for obj in self.objects(callee):
            found |= self.call_object(obj, args, node)
        return found

    def call_object(  # noqa: PLR0911 -- one return a kind
        self, obj: Obj, args: Args, node: object
    ) -> Value:
        """Call one object."""
        if obj.kind == "api":
            return self.call_api(obj.data, args, node)
        if not self.rules.carried_code and self._came_from_a_container(node):
            return NOTHING
        if obj.kind == "function":
            return self.run(obj, args, node)
        if obj.kind == "bound":
            this, function = obj.data
            if isinstance(function, str):
                return self.call_method(this, function, args, node)
            return self.run(function, args.bound_to(this), node)
        if obj.kind == "class":
            return self.instantiate(obj, args, node)
        if obj.kind == "partial":
            given: Args = obj.data
            both = Args(
                [*given.positional[1:], *args.positional], given.keywords | args.keywords, args.rest or given.rest
            )
            return self.call(given.positional[0], both, node)
        if obj.kind == "record":
            made = self.new(node, "tuple", obj.id)
            self.hold(made, args.all())
            return frozenset((made.id,))
        if obj.kind == "instance":
            return self.call_method(frozenset((obj.id,)), "__call__", args, node)
        return self.havoc(frozenset((obj.id,)) | args.all(), node)

    @staticmethod
    def _came_from_a_container(node: object) -> bool:
        """Tell the calls that a search for called names alone would miss."""
        return not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name))

    def call_method(self, receiver: Value, name: str, args: Args, node: object) -> Value:
        """Call a method on whatever a value may be."""
        if not receiver:  # methods of numbers and text
            self.iterate(args.all(), node)
            self.touch(args.all())
            return NOTHING
        found = NOTHING
        for obj in self.objects(receiver):
            found |= self._method_of(obj, name, args, node)
        return found

    def _method_of(self, obj: Obj, name: str, args: Args, node: object) -> Value:
        this = frozenset((obj.id,))
        if obj.kind == "api":
            return self.call_api(f"{obj.data}.{name}", args, node)
        self.look(this)
        if obj.kind in ("instance", "class", "super", "function", "bound", "partial"):
            place = node if isinstance(node, ast.AST) else ast.Pass()
            found = self.attribute(this, name, place)
            inherited = NOTHING
            if obj.kind != "instance":
                inherited = NOTHING if found else self.havoc(this | args.all(), node)
            elif self.foreign(obj):  # the rest of its methods are not in the notebook
                inherited, found = self.havoc(this | args.all(), node), found - this
            return inherited | (self.call(found, args, node) if found else NOTHING)
        if obj.kind == "iterator" and name in ("__next__", "send", "throw", "close"):
            self.touch(args.all())
            return self.resume(obj)
        if name in ("query", "eval") and obj.kind in ("pandas", "unknown"):
            self.read_text(args, "expr", _QUERIED, certain=obj.kind == "pandas")
        held = obj.fields.get(name)
        known = method_effect(obj.kind, name)
        if known is None:
            if obj.kind in _REAL and name not in _REAL[obj.kind]:
                return NOTHING
            if obj.kind == "iterator" and name in _REAL["list"] | _REAL["dict"]:
                return NOTHING
            return self.havoc(this | args.all() | (held or NOTHING), node)
        return self.apply(known, this, args, node, name=name)


VALUE[ast.Call] = Calls._call
