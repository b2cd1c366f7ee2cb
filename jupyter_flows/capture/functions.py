"""Calls into functions of the notebook."""

from __future__ import annotations

import ast

from jupyter_flows.capture.expressions import Expressions
from jupyter_flows.capture.heap import NOTHING, Obj, Refused, Value
from jupyter_flows.capture.machine import CALL_DEPTH
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.scopes import Code, Scope


class Functions(Expressions):
    """Calls into functions of the notebook."""

    def run(self, function: Obj, args: Args, node: object) -> Value:
        """Follow a call into a function of the notebook."""
        code: Code = function.data
        self.look(frozenset((function.id,)))
        if self.handed is not None:
            return self.hand_function(function, args, node)
        if "cached" in code.marks:
            return self._run_cached(function, args, node)
        return self._follow(function, args, node)

    def _run_cached(self, function: Obj, args: Args, node: object) -> Value:
        self.change(frozenset((function.id,)))
        result = self._follow(function, args, node)
        self.hold(function, result | args.all(), "<cache>")
        return result | self.heap.load(function.id, "<cache>")

    def _follow(self, function: Obj, args: Args, node: object) -> Value:
        code: Code = function.data
        context = self.intern((self.context, id(node), function.id))
        key = (context, *args.positional, args.rest, *args.keywords.items())
        before = self.known()
        earlier = self.followed.get(key)
        if earlier is not None and earlier[0] == before:
            return earlier[1]
        self.budget -= 1
        if self.budget < 0 or self.depth > CALL_DEPTH:
            raise Refused
        result = self._follow_anew(context, code, function, args)
        if not self.active or not any(scope.recursed for scope in self.active):
            self.followed[key] = (self.known(), result)
        return result

    def _follow_anew(self, context: int, code: Code, function: Obj, args: Args) -> Value:
        scope = self._activation(context, function, code)
        if scope in self.active:
            return self._recur(scope, code, function, args)
        if code.names.generator or isinstance(code.node, ast.AsyncFunctionDef):
            return self._suspend(scope, context, code, function, args)
        return self._enter(scope, context, code, function, args)

    def _activation(self, context: int, function: Obj, code: Code) -> Scope:
        for entered, running in zip(self.active, self.running, strict=True):
            if running is function:
                return entered
        made = self.heap.make(("activation", context), "scope")
        if made.data is None:
            made.data = Scope(code.names, code.parent)
            made.data.accumulate = code.names.generator
        scope: Scope = made.data
        scope.parent = code.parent
        return scope

    def _recur(self, scope: Scope, code: Code, function: Obj, args: Args) -> Value:
        scope.recursed = True
        before = dict(scope.vars)
        accumulate, scope.accumulate = scope.accumulate, True
        self._pass(scope, code, function, args)
        scope.accumulate = accumulate
        if any(scope.vars.get(arg) != before.get(arg) for arg in scope.vars):
            scope.changed = True
        return scope.returns

    def _suspend(self, scope: Scope, context: int, code: Code, function: Obj, args: Args) -> Value:
        """Make a generator: its code runs when it is iterated."""
        scope.accumulate = True
        self._pass(scope, code, function, args)
        made = self.heap.make(("generator", context), "iterator")
        made.data = ("code", scope, context, code, function)
        self.hold(made, args.all() | frozenset((function.id,)))
        if not self.rules.lazy_code:
            self.resume_code(made)
            made.data = None
        return frozenset((made.id,))

    def _enter(self, scope: Scope, context: int, code: Code, function: Obj, args: Args) -> Value:
        self._pass(scope, code, function, args)
        self._body(scope, context, code, function)
        return scope.returns

    def _body(self, scope: Scope, context: int, code: Code, function: Obj) -> None:
        """Run a function's body until recursive calls in it bring nothing new."""
        outer, outer_context, weak = self.scope, self.context, self.weak
        scope.base = len(self.logs)
        start = dict(scope.vars)
        self.active.append(scope)
        self.running.append(function)
        self.depth += 1
        self.context = context
        if not scope.accumulate:
            self.weak = 0
        try:
            for _ in range(20):
                scope.changed = scope.recursed = False
                returns, version = scope.returns, self.heap.version
                self.scope = scope
                self._statements(code)
                if not scope.recursed or not (
                    scope.changed or scope.returns != returns or self.heap.version != version
                ):
                    return
                for name, value in start.items():
                    scope.vars[name] = value | scope.vars.get(name, NOTHING)
            raise Refused
        finally:
            self.scope, self.context, self.weak = outer, outer_context, weak
            self.depth -= 1
            self.active.pop()
            self.running.pop()

    def _statements(self, code: Code) -> None:
        if isinstance(code.node, ast.Lambda):
            self.scope.returns |= self.value(code.node.body)
        else:
            self.block(code.node.body)

    def _pass(self, scope: Scope, code: Code, function: Obj, args: Args) -> None:
        """Bind parameters to arguments."""
        outer, self.scope = self.scope, scope
        scope.base = len(self.logs)
        depth, self.depth = self.depth, self.depth + 1
        weak, self.weak = self.weak, self.weak if scope.accumulate else 0
        if not scope.accumulate:
            for name in list(scope.vars):
                if name not in code.names.captured:
                    del scope.vars[name]
        try:
            self._parameters(code, function, args)
        finally:
            self.scope, self.depth, self.weak = outer, depth, weak

    def _parameters(self, code: Code, function: Obj, args: Args) -> None:
        arguments = code.node.args
        rest = args.rest
        named = dict(args.keywords)
        for index, arg in enumerate(code.parameters):
            name = arg.arg
            if index < len(args.positional):
                value = args.positional[index]
            elif name in named:
                value = named.pop(name)
            else:
                value = self.heap.load(function.id, "<default>" + name) | (rest or NOTHING)
            self.bind(name, value)
        for arg in arguments.kwonlyargs:
            given = named.pop(arg.arg, None)
            value = (
                given if given is not None else self.heap.load(function.id, "<default>" + arg.arg) | (rest or NOTHING)
            )
            self.bind(arg.arg, value)
        if arguments.vararg is not None:
            made = self.new(arguments.vararg, "tuple", function.id)
            extra = args.positional[len(code.parameters) :]
            self.hold(made, NOTHING.union(rest or NOTHING, *extra))
            self.bind(arguments.vararg.arg, frozenset((made.id,)))
        if arguments.kwarg is not None:
            made = self.new(arguments.kwarg, "dict", function.id)
            self.hold(made, NOTHING.union(rest or NOTHING, *named.values()))
            self.bind(arguments.kwarg.arg, frozenset((made.id,)))
