"""Going through things: containers, iterators, and the code that iterators run late."""

from __future__ import annotations

import ast

from jupyter_flows.capture.functions import Functions
from jupyter_flows.capture.heap import ANY, NOTHING, Obj, Refused, Value
from jupyter_flows.capture.machine import CALL_DEPTH
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.scopes import Scope


class Iteration(Functions):
    """Going through things: containers, iterators, and the code that iterators run late."""

    def resume(self, obj: Obj) -> Value:
        """Take items from an iterator: it is used up, and its code runs now."""
        if self.rules.iterators:
            self.change(frozenset((obj.id,)))
        if obj.data is None:
            return self.heap.load_all(obj.id)
        if obj in self.resuming or self.handed is not None:
            if self.handed is not None:
                self.handed.add(obj.id)
            return self.heap.load_all(obj.id)
        return self.resume_now(obj)

    def resume_now(self, obj: Obj) -> Value:
        """Run the code of an iterator."""
        self.resuming.append(obj)
        self.weak += 1
        try:
            return self.resume_code(obj)
        finally:
            self.weak -= 1
            self.resuming.pop()

    def resume_code(self, obj: Obj) -> Value:
        """Run the code of an iterator; return what it gives."""
        what = obj.data[0]
        if what == "code":
            _, scope, context, code, function = obj.data
            self.budget -= 1
            if self.budget < 0 or self.depth > CALL_DEPTH:
                raise Refused
            self._body(scope, context, code, function)
            given: Value = scope.yields | scope.returns
            self.hold(obj, given)
            return given
        if what == "genexp":
            _, node, scope, first = obj.data
            return self._resume_expression(obj, node, scope, first)
        _, function, sources, node = obj.data
        items = [self.iterate(source, node) for source in sources]
        if function is None:
            made = self.heap.make(("items", obj.id), "tuple")
            for item in items:
                self.hold(made, item)
            return frozenset((made.id,)).union(*items)
        if what == "filter":
            if function:
                self.call(function, Args(items), node)
            return NOTHING.union(*items)
        return self.call(function, Args(items), node) | (NOTHING.union(*items) if what == "some" else NOTHING)

    def _resume_expression(self, obj: Obj, node: ast.GeneratorExp, scope: Scope, first: Value) -> Value:
        outer, self.scope = self.scope, scope
        found: list[Value] = []
        try:
            self._through(node, node.generators, lambda: found.append(self.value(node.elt)), first)
        finally:
            self.scope = outer
        value = NOTHING.union(*found)
        self.hold(obj, value)
        return value

    def lazy(self, node: object, what: str, function: Value | None, sources: list[Value]) -> Value:
        """Make an iterator that calls a function with the items of others."""
        made = self.new(node, "iterator", what)
        made.data = (what, function, sources, node)
        self.hold(made, NOTHING.union(function or NOTHING, *sources))
        if not self.rules.lazy_code:
            self.resume_code(made)
            made.data = None
        return frozenset((made.id,))

    def iterate(self, value: Value, node: object) -> Value:
        """Go through what a value holds; return the items."""
        found = NOTHING
        for obj in self.objects(value):
            found |= self._items(obj, node)
        return found

    def _items(  # noqa: PLR0911 -- one return a kind
        self, obj: Obj, node: object
    ) -> Value:
        this = frozenset((obj.id,))
        kind = obj.kind
        if kind == "iterator":
            return self.resume(obj)
        self.look(this)
        if kind in ("dict", "defaultdict"):
            return self.heap.load(obj.id, "<keys>") if ANY in obj.fields or "<keys>" in obj.fields else NOTHING
        if kind == "items":
            made = self.heap.make(("pair", obj.id), "tuple")
            self.hold(made, self.heap.load_all(obj.id))
            return frozenset((made.id,))
        if kind in ("pandas", "ndarray"):
            view = self.view(obj.id, kind, "[]").id
            made = self.heap.make(("pair", obj.id), "tuple")  # the items of a grouping
            self.hold(made, frozenset((view,)))
            return frozenset((view, made.id)) | self.heap.load_all(obj.id)
        if kind in ("list", "tuple", "set"):
            return self.heap.load_all(obj.id)
        if kind in ("axes", "json", "bunch", "closure"):
            return this | self.heap.load_all(obj.id)
        if kind == "instance":
            self.touch(this)
            results = self.special_results()
            inner = frozenset(o for o in results if self.heap.objs[o].kind == "iterator")
            return results.union(*(self.resume(o) for o in self.objects(inner)))
        if kind in ("class", "function", "api", "pattern", "path", "rng"):
            return this | self.heap.load_all(obj.id)
        if kind in ("estimator", "figure"):
            return this | self.heap.load_all(obj.id)
        return this | self.havoc(this, node)
