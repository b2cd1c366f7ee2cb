"""Calls: into the notebook's own functions and classes, into libraries, into the unknown."""

from __future__ import annotations

import ast
from collections import ChainMap, Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from jupyter_flows.capture import expressions
from jupyter_flows.capture.effects import Effect, function_effect, method_effect
from jupyter_flows.capture.expressions import Expressions, is_shown, is_special
from jupyter_flows.capture.heap import ANY, NOTHING, Obj, Value
from jupyter_flows.capture.knowledge.functions import DETERMINISTIC
from jupyter_flows.capture.machine import CALL_DEPTH, Args, Refused
from jupyter_flows.capture.resources import FILES, NUMPY_RANDOM, PYPLOT, RANDOM, file_resource
from jupyter_flows.capture.scopes import Code, Scope

#: Functions that only show what they are given.
_PRINTING = frozenset(
    {"builtins.print", "builtins.str", "builtins.repr", "builtins.display", "builtins.format", "builtins.len"}
)
#: What the objects of a kind really are: a method that none of these has belongs to another of the value's kinds.
_REAL: dict[str, frozenset[str]] = {
    "list": frozenset(dir(list)).union(dir(deque), dir(bytearray), dir(memoryview)),
    "dict": frozenset(dir(dict)).union(dir(Counter), dir(OrderedDict), dir(ChainMap)),
    "defaultdict": frozenset(dir(dict)),
    "set": frozenset(dir(set)),
    "tuple": frozenset(dir(tuple)).union(("_asdict", "_replace")),
}


class Calls(Expressions):
    """Evaluate calls."""

    def _call(self, node: ast.Call) -> Value:
        function = node.func
        if isinstance(function, ast.Attribute):
            receiver = self.value(function.value)
            return self.call_method(receiver, function.attr, self.arguments(node), node)
        if isinstance(function, ast.Name) and function.id == "super" and not node.args:
            return self._super(node)
        callee = self.value(function)
        return self.call(callee, self.arguments(node), node)

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
            value = self.value(word.value)
            if word.arg is None:
                self.touch(value)
                args.rest = (args.rest or NOTHING) | self.heap.inner(value)
            else:
                args.keywords[word.arg] = value
        return args

    def call(self, callee: Value, args: Args, node: object) -> Value:
        """Call a value."""
        if not callee:  # numbers and text can't be called: our belief about the value was wrong
            return self.havoc(args.all(), node)
        found = NOTHING
        for obj in self.objects(callee):
            found |= self.call_object(obj, args, node)
        return found

    def call_object(self, obj: Obj, args: Args, node: object) -> Value:
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
            return self.run(function, self._with_self(this, args), node)
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

    @staticmethod
    def _with_self(this: Value, args: Args) -> Args:
        return replace(args, positional=[this, *args.positional], node=None)

    # ---- the notebook's own functions

    def run(self, function: Obj, args: Args, node: object) -> Value:
        """Follow a call into a function of the notebook."""
        code: Code = function.data
        self.look(frozenset((function.id,)))
        if self.handed is not None:
            return self._hand_function(function, args, node)
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
        for scope, running in zip(self.active, self.running, strict=True):
            if running is function:
                return scope
        made = self.heap.make(("activation", context), "scope")
        if made.data is None:
            made.data = Scope(code.names, code.parent)
            made.data.accumulate = code.names.generator
        scope = made.data
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
            self._resume(made)
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
                    scope.vars[name] = value = value | scope.vars.get(name, NOTHING)
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

    # ---- lazy code

    def resume(self, obj: Obj, node: object) -> Value:
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
            return self._resume(obj)
        finally:
            self.weak -= 1
            self.resuming.pop()

    def _resume(self, obj: Obj) -> Value:
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
            self._resume(made)
            made.data = None
        return frozenset((made.id,))

    def iterate(self, value: Value, node: object) -> Value:
        """Go through what a value holds; return the items."""
        found = NOTHING
        for obj in self.objects(value):
            found |= self._items(obj, node)
        return found

    def _items(self, obj: Obj, node: object) -> Value:
        this = frozenset((obj.id,))
        kind = obj.kind
        if kind == "iterator":
            return self.resume(obj, node)
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
            results = self.special_results(this)
            inner = frozenset(o for o in results if self.heap.objs[o].kind == "iterator")
            return results.union(*(self.resume(o, node) for o in self.objects(inner)))
        if kind in ("class", "function", "api", "pattern", "path", "rng"):
            return this | self.heap.load_all(obj.id)
        if kind in ("estimator", "figure"):
            return this | self.heap.load_all(obj.id)
        return this | self.havoc(this, node)

    # ---- special methods

    def touch(self, value: Value) -> None:
        """Read deeply, as comparing and computing do, special methods included."""
        self._look_deep(value, is_special)

    def show(self, value: Value) -> None:
        """Read deeply, as printing does."""
        self._look_deep(value, is_shown)

    def _look_deep(self, value: Value, chosen: Callable[[str], bool]) -> None:
        self._special = NOTHING
        if not value:
            return
        objs = self.examine(value)
        if not self.rules.special_methods or not self.has_special:
            return
        instances = [o for o in objs if self.heap.objs[o].kind == "instance"]
        if instances and self.handed is not None:  # the unknown code around this runs them anyway
            self._special = self.havoc(frozenset(instances) | value, None)
            return
        for number in instances:
            self._run_special(self.heap.objs[number], value, chosen)

    def _run_special(self, obj: Obj, value: Value, chosen: Callable[[str], bool]) -> None:
        key, before = ("special", obj.id, value, chosen), self.known()
        earlier = self.followed.get(key)
        if earlier is not None and earlier[0] == before:
            self._special |= earlier[1]
            return
        found = NOTHING
        for owner in self.classes(obj):
            for name, functions in list(owner.fields.items()):
                if is_special(name) and chosen(name):
                    for function in self.objects(functions):
                        if function.kind == "function" and function not in self.running:
                            args = Args([frozenset((obj.id,))], rest=value)
                            found |= self.run(function, args, function)
        self._special |= found
        if not self.running:
            self.followed[key] = (self.known(), found)

    def special_results(self, value: Value) -> Value:
        """Return what special methods that ran lately may have returned."""
        return self._special

    def classes(self, obj: Obj) -> list[Obj]:
        """Return the classes of an instance, or a class and its bases, nearest first."""
        start = self.objects(self.heap.load(obj.id, "<class>")) if obj.kind == "instance" else [obj]
        found: dict[int, Obj] = {}
        stack = start[::-1]
        while stack:
            owner = stack.pop()
            if owner.kind == "class" and owner.id not in found:
                found[owner.id] = owner
                stack.extend(self.objects(self.heap.load(owner.id, "<bases>"))[::-1])
        return list(found.values())

    def foreign(self, obj: Obj) -> bool:
        """Tell whether a class or instance inherits from code that is not in the notebook."""
        harmless = {
            "builtins.object",
            "builtins.Exception",
            "builtins.ValueError",
            "abc.ABC",
            "typing.NamedTuple",
            "enum.Enum",
        }
        return any(
            base.kind != "class" and base.data not in harmless
            for owner in self.classes(obj)
            for base in self.objects(self.heap.load(owner.id, "<bases>"))
        )

    # ---- classes and instances

    def instantiate(self, owner: Obj, args: Args, node: object) -> Value:
        """Make an instance of a class of the notebook."""
        self.look(frozenset((owner.id,)))
        made = self.new(node, "instance", owner.id)
        this = frozenset((made.id,))
        self.heap.store(made.id, "<class>", frozenset((owner.id,)))
        started = False
        for name in ("__new__", "__init__", "__post_init__"):
            functions = self._lookup(owner, name)
            for function in self.objects(functions):
                if function.kind == "function":
                    started = started or name == "__init__"
                    given = args if name != "__post_init__" else Args()
                    first = frozenset((owner.id,)) if name == "__new__" else this
                    self.run(function, self._with_self(first, given), node)
        if not started:
            self._generated_init(made, owner, args)
        if self.foreign(owner):
            self.havoc(this | args.all(), node)
        return this

    def _generated_init(self, made: Obj, owner: Obj, args: Args) -> None:
        """Keep the arguments, as a dataclass does; its fields may hold the class's defaults."""
        for name, value in args.keywords.items():
            self.hold(made, value, name)
        self.hold(made, NOTHING.union(args.rest or NOTHING, *args.positional))

    def _lookup(self, owner: Obj, name: str) -> Value:
        for parent in self.classes(owner):
            if name in parent.fields:
                return parent.fields[name]
        return NOTHING

    def instance_attribute(self, obj: Obj, name: str, node: ast.AST) -> Value:
        """Read an attribute of an instance of a class of the notebook."""
        this = frozenset((obj.id,))
        found = self.heap.load(obj.id, name)
        for owner in self.classes(obj):
            self.look(frozenset((owner.id,)))
        for value in self.objects(self._lookup(obj, name)):
            if value.kind == "function":
                found |= self._bind_method(obj, value, node)
            else:
                found |= frozenset((value.id,))
        getter = self._lookup(obj, "__getattr__") | self._lookup(obj, "__getattribute__")
        for function in self.objects(getter):
            if function.kind == "function":
                found |= self.run(function, Args([this]), node)
        return found | this if self.foreign(obj) or name == "__dict__" else found

    def _bind_method(self, obj: Obj, function: Obj, node: object) -> Value:
        if not self.rules.methods:
            return NOTHING
        marks = function.data.marks
        if "property" in marks:
            return self.run(function, Args([frozenset((obj.id,))]), node)
        if "static" in marks:
            return frozenset((function.id,))
        first = (
            self.heap.load(obj.id, "<class>") if "class" in marks and obj.kind == "instance" else frozenset((obj.id,))
        )
        made = self.heap.make(("bound", obj.id, function.id), "bound")
        made.data = (first, function)
        self.hold(made, first | frozenset((function.id,)))
        return frozenset((made.id,))

    def class_attribute(self, obj: Obj, name: str, node: ast.AST) -> Value:
        """Read an attribute of a class of the notebook."""
        if obj.kind == "super":
            return self._super_attribute(obj, name, node)
        found = NOTHING
        for owner in self.classes(obj):
            self.look(frozenset((owner.id,)))
        for value in self.objects(self._lookup(obj, name)):
            if value.kind == "function" and "class" in value.data.marks:
                found |= self._bind_method(obj, value, node)
            else:
                found |= frozenset((value.id,))
        return found | frozenset((obj.id,)) if not found and self.foreign(obj) else found

    def _super(self, node: ast.Call) -> Value:
        scope = self.scope
        while scope.parent is not None and (scope.is_comprehension or scope not in self.active):
            scope = scope.parent
        if scope not in self.active:
            return self.havoc(NOTHING, node)
        code: Code = self.running[self.active.index(scope)].data
        first = scope.vars.get(code.parameters[0].arg, NOTHING) if code.parameters else NOTHING
        made = self.new(node, "super")
        made.data = (code.owner, first)
        self.hold(made, first)
        return frozenset((made.id,))

    def _super_attribute(self, obj: Obj, name: str, node: ast.AST) -> Value:
        number, this = obj.data
        if number is None:
            return self.havoc(this, node)
        owner = self.heap.objs[number]
        found = NOTHING
        for parent in self.classes(owner)[1:]:
            if name in parent.fields:
                for function in self.objects(parent.fields[name]):
                    for me in self.objects(this):
                        found |= self._bind_method(me, function, node) if function.kind == "function" else NOTHING
                return found
        if self.foreign(owner):
            return this
        return self.api("builtins.object." + name) if name.startswith("__") else NOTHING

    # ---- methods

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
            foreign = obj.kind == "instance" and self.foreign(obj)
            if not found or (foreign and found == this):
                return (
                    self.havoc(this | args.all(), node)
                    if foreign or (not found and obj.kind != "instance")
                    else NOTHING
                )
            return self.call(found, args, node)
        if obj.kind == "iterator" and name in ("__next__", "send", "throw", "close"):
            self.touch(args.all())
            return self.resume(obj, node)
        held = obj.fields.get(name)
        known = method_effect(obj.kind, name)
        if known is None:
            if obj.kind in _REAL and name not in _REAL[obj.kind]:
                return NOTHING
            if obj.kind == "iterator" and name in _REAL["list"] | _REAL["dict"]:
                return NOTHING
            return self.havoc(this | args.all() | (held or NOTHING), node)
        return self.apply(known, this, args, node, name=name)

    # ---- known libraries

    def call_api(self, path: str, args: Args, node: object) -> Value:
        """Call something of a library by its import path."""
        special = self.SPECIAL.get(path)
        if special is not None:
            return special(self, args, node)
        known = function_effect(path)
        if known is None:
            return self._unknown_api(path, args, node)
        shape = self.SHAPES.get(known.result)
        if shape is not None:
            return shape(self, path, args, node)
        if known.result == "lazy" and not known.calls:
            return (
                self.lazy(node, "some", NOTHING.union(*args.positional), [args.all()])
                if self._callable(args)
                else self.lazy(node, "zip", None, [*args.positional, *args.keywords.values(), args.rest or NOTHING])
            )
        return self.apply(known, NOTHING, args, node, name=path)

    def _callable(self, args: Args) -> bool:
        kinds = {"function", "bound", "class", "partial"}
        return any(o.kind in kinds for o in self.objects(args.all()))

    def _unknown_api(self, path: str, args: Args, node: object) -> Value:
        package, _, rest = path.partition(".")
        if package == "builtins":
            owner, _, method = rest.partition(".")
            if method and args.positional:
                return self.call_method(args.positional[0], method, args.shifted(), node)
            self.touch(args.all())
            return self.havoc(args.all(), node)
        self._package_state(package)
        self._guess_files(args)
        made = self.new(node, "unknown")
        made.touches = frozenset((f"<module:{package}>",))
        # A library may keep what it is given, and change it whenever it is called again.
        kept = self.heap.make(("package", package), "unknown")
        self.havoc(args.all() | frozenset((made.id, kept.id)), node)
        return args.all() | frozenset((made.id,))

    def _package_state(self, package: str) -> None:
        """Take it that a library's code uses what the library keeps, and perhaps the usual shared things."""
        if package in self.packages:
            return
        self.packages.add(package)
        self.resources.use(f"<module:{package}>")
        for resource in (RANDOM, NUMPY_RANDOM, PYPLOT):
            self.resources.use(resource, certain=False)
        self.resources.read("<environ>", certain=False)
        self.resources.read("<rcparams>", certain=False)

    def _guess_files(self, args: Args) -> None:
        node = args.node
        if node is None:
            return
        for item in (*node.args, *(k.value for k in node.keywords)):
            if (
                isinstance(item, ast.Constant)
                and isinstance(item.value, str)
                and ("/" in item.value or "." in item.value)
            ):
                self.resources.use(file_resource(item.value), certain="." in item.value and " " not in item.value)
        if any(obj.kind == "path" for obj in self.objects(args.all())):
            self.resources.use(FILES)

    def apply(self, known: Effect, receiver: Value, args: Args, node: object, *, name: str) -> Value:
        """Do what a table says that a call does."""
        everything = args.all()
        if known.barrier:
            return self.lose_track(known.barrier)
        if known.iterates:
            self.iterate(everything, node)
        if name in _PRINTING:
            self.show(everything)
        else:
            self.touch(receiver | everything)
        special = self._special
        self._known_resources(known, receiver, args)
        if known.writes or known.deep or self._in_place(args, receiver):
            self._write(receiver, known, name)
        for number in known.mutates:
            if number < len(args.positional):
                self._write(args.positional[number], known, name)
                self.store_into(args.positional[number], everything - args.positional[number])
        self._write_out(args)
        if known.stores:
            self.store_into(receiver, everything)
        called = self._callbacks(receiver, args, node) if known.calls else NOTHING
        return self._result(known, receiver, args, called | special, node)

    def _write(self, value: Value, known: Effect, name: str) -> None:
        if known.deep:
            value |= self._parts(value)
        self.change(value)
        if name != "append":
            for obj in value:
                if self.heap.objs[obj].kind in ("list", "json"):
                    self.heap.mix(obj)

    def _parts(self, value: Value) -> Value:
        """Return what fitting changes besides the estimator: the steps of a pipeline, random generators."""
        found = NOTHING
        for obj in self.objects(value):
            kinds = {"estimator", "rng"} if obj.data and obj.data[1] else {"rng"}
            found |= frozenset(o for o in self.heap.reach((obj.id,))[0] if self.heap.objs[o].kind in kinds)
        return found

    def store_into(self, receiver: Value, value: Value) -> None:
        """Let objects keep what they are given, and what it gives when gone through."""
        for obj in self.objects(receiver):
            self.hold(obj, value | self.heap.inner(value))

    def _in_place(self, args: Args, receiver: Value) -> bool:
        if "inplace" in args.keywords or "copy" in args.keywords:
            return args.constant(-1, "inplace") is not False and "inplace" in args.keywords
        return args.rest is not None and any(o.kind == "pandas" for o in self.objects(receiver))

    def _write_out(self, args: Args) -> None:
        for word in ("out", "file", "buf", "ax", "axes", "axs", "fig", "cax"):
            value = args.keywords.get(word)
            if value:
                self.change(value)
        for value in (*args.keywords.values(), *args.positional):
            rngs = frozenset(o.id for o in self.objects(value) if o.kind == "rng")
            if rngs:
                self.change(rngs)

    def _known_resources(self, known: Effect, receiver: Value, args: Args) -> None:
        for mode, resource in known.resources:
            {"read": self.resources.read, "use": self.resources.use, "new": self.resources.renew}[mode](resource)
        if known.file:
            mode, index = known.file
            self.use_file(
                args.constant(index, ("path", "filepath_or_buffer", "fname")[0]), write=mode == "writes", args=args
            )
        if known.draws:
            self.draw(args)
        if known.random and self._draws_random(receiver, args):
            self.resources.use(NUMPY_RANDOM)

    def use_file(self, path: object, *, write: bool, args: Args) -> None:
        """Record that a file is read or written."""
        for value in args.positional[:1]:
            handles = frozenset(o.id for o in self.objects(value) if o.kind in ("file", "unknown"))
            self.change(handles)
        resource = file_resource(path)
        if write:
            self.resources.use(resource)
        else:
            self.resources.read(resource)

    def draw(self, args: Args) -> None:
        """Record that the current figure is drawn on, unless axes are given or this cell has made a figure."""
        self.resources.read("<rcparams>")
        if "ax" in args.keywords or "fig" in args.keywords:
            return
        if self.figure is not None and self.figure == [id(log) for log in self.logs[: len(self.figure)]]:
            self.resources.renew(PYPLOT)
        else:
            self.resources.use(PYPLOT)

    def new_figure(self) -> None:
        """Record that the cell makes a figure of its own."""
        self.resources.read("<rcparams>")
        self.resources.renew(PYPLOT)
        if self.figure is None:
            self.figure = [id(log) for log in self.logs]

    def _draws_random(self, receiver: Value, args: Args) -> bool:
        given = args.keywords.get("random_state")
        if given is not None and (given or args.constant(-1, "random_state") is not None or not self._literal(args)):
            return False
        if not receiver:
            return True
        return any(
            self.heap.objs[o].kind == "estimator" and self.heap.objs[o].data[0] for o in self.heap.reach(receiver)[0]
        )

    @staticmethod
    def _literal(args: Args) -> bool:
        """Tell whether ``random_state=`` is a literal (a name is taken for a number)."""
        words = args.node.keywords if args.node else []
        return any(w.arg == "random_state" and isinstance(w.value, ast.Constant) for w in words)

    def _callbacks(self, receiver: Value, args: Args, node: object) -> Value:
        items = NOTHING
        for obj in self.objects(receiver):
            if obj.kind in ("pandas", "ndarray"):
                items |= frozenset((self.view(obj.id, obj.kind, "[]").id, obj.id))
            items |= self.heap.load_all(obj.id)
        functions = frozenset(
            o.id
            for o in self.objects(args.all())
            if o.kind in ("function", "bound", "class", "partial", "api") or self._has_call(o)
        )
        items |= self.heap.inner(args.all() - functions) | (args.all() - functions)
        found = NOTHING
        if functions:

            def turn() -> None:
                nonlocal found
                for obj in self.objects(functions):
                    found |= self.call_object(obj, Args(rest=items), node)

            self.repeat(turn, weak=False)
        return found

    def _has_call(self, obj: Obj) -> bool:
        return obj.kind == "instance" and bool(self._lookup(obj, "__call__"))

    def _result(self, known: Effect, receiver: Value, args: Args, called: Value, node: object) -> Value:
        result, kind = known.result, known.kind
        everything = args.all()
        if result == "scalar":
            return NOTHING
        if result == "self":
            return receiver
        if result == "args":
            return everything | called
        if result == "element":
            held = NOTHING.union(*(self.heap.load_all(o) for o in receiver | (NOTHING if receiver else everything)))
            return (
                held
                | everything
                | called
                | (receiver if any(o.kind in ("axes", "figure") for o in self.objects(receiver)) else NOTHING)
            )
        if result == "view":
            return self._view_result(kind, receiver or everything, args, node) | called
        if result == "iter":
            return self.lazy(node, "iter", None, [receiver | everything])
        made = self.new(node, kind or "unknown", result)
        for obj in self.objects(receiver | everything):
            made.touches |= obj.touches
        self.hold(
            made, (everything | receiver if result == "hold" else self.heap.inner(everything | receiver)) | called
        )
        return frozenset((made.id,))

    def _view_result(self, kind: str, sources: Value, args: Args, node: object) -> Value:
        made = self.new(node, kind)
        self.hold(made, self.heap.inner(sources))
        found = {made.id}
        for obj in self.objects(sources):
            if obj.kind not in ("api", "function", "class", "tuple") and not (
                kind == "pandas" and obj.kind in ("list", "dict")
            ):
                found.add(self.view(obj.id, kind, "view").id)
        for obj in self.objects(self.heap.inner(sources)):
            if obj.kind in ("pandas", "ndarray"):
                found.add(self.view(obj.id, kind, "view").id)
        return frozenset(found)

    # ---- the unknown

    def havoc(self, value: Value, node: object) -> Value:
        """Hand a value to code that is not known; return what may come back."""
        if not value:
            made = self.new(node, "unknown", "havoc")
            return frozenset((made.id,))
        if not self.rules.unknown_calls:
            self.touch(value)
            return value
        if self.handed is not None:  # the call around this one runs the code that is in reach
            self.handed |= value
            return value | self._hand_over(value)
        self.handed = set(value)
        self.weak += 1
        try:
            return self._settle(value)
        finally:
            self.weak -= 1
            self.handed = None

    def _hand_over(self, value: Value) -> Value:
        """Link all in reach; return what stands for any of it."""
        blob = self.link(value)
        self._touches(value | blob)
        return blob

    def _settle(self, value: Value) -> Value:
        """Run all code in reach of what was handed over until nothing new comes of it."""
        for _ in range(20):
            known, count = self.known(), len(self.handed or ())
            everything = frozenset(self.handed or ())
            given = self._hand_over(everything)
            self._run_reachable(self.heap.reach(everything)[0], given)
            if known == self.known() and count == len(self.handed or ()):
                return value | given
        raise Refused

    def _touches(self, value: Value) -> None:
        for obj in self.objects(value):
            for resource in obj.touches:
                if resource.startswith("<module:"):
                    self._package_state(resource[8:-1])
                else:
                    self.resources.use(resource)

    def _run_reachable(self, objs: list[int], given: Value) -> None:
        """Run all code in reach, with anything, as often as it likes."""
        context, self.context = self.context, self.intern(("reached", self.cell))
        try:
            for number in objs:
                obj = self.heap.objs[number]
                if obj.kind == "function" and obj not in self.running:
                    self._keep_result(obj, self._follow(obj, Args(rest=given), obj))
                elif obj.kind == "api":
                    self._reached_api(obj.data)
                elif obj.kind == "iterator" and obj.data is not None and obj not in self.resuming:
                    self.resume_now(obj)
        finally:
            self.context = context

    def _reached_api(self, path: str) -> None:
        """Take it that a library's function in reach is called: what it is given is linked already."""
        known = function_effect(path)
        if known is not None and (known.resources or known.barrier):
            self._known_resources(known, NOTHING, Args())
            if known.barrier:
                self.barrier(known.barrier)

    def _hand_function(self, function: Obj, args: Args, node: object) -> Value:
        """Have a function that is called by code in reach run as that code is: with anything, when its turn comes."""
        this = frozenset((function.id,))
        return self.havoc(this | args.all(), node) | self.returned.get(function.id, NOTHING)

    def _keep_result(self, function: Obj, result: Value) -> None:
        old = self.returned.get(function.id, NOTHING)
        if not result <= old:
            self.returned[function.id] = old | result
            self.bindings += 1

    # ---- calls that need a hand of their own

    SPECIAL: dict[str, Callable[[Calls, Args, object], Value]] = {}
    SHAPES: dict[str, Callable[[Calls, str, Args, object], Value]] = {}


def _next(calls: Calls, args: Args, node: object) -> Value:
    first = args.positional[0] if args.positional else args.all()
    return calls.iterate(first, node).union(*args.positional[1:])


def _iter(calls: Calls, args: Args, node: object) -> Value:
    if len(args.positional) > 1:
        return calls.lazy(node, "map", args.positional[0], [args.positional[1]])
    own = frozenset(o.id for o in calls.objects(args.all()) if o.kind in ("iterator", "unknown"))
    return own | calls.lazy(node, "iter", None, [args.all() - own]) if args.all() != own or not own else own


def _zip(calls: Calls, args: Args, node: object) -> Value:
    return calls.lazy(node, "zip", None, [*args.positional, args.rest or NOTHING])


def _map(calls: Calls, args: Args, node: object) -> Value:
    return calls.lazy(
        node, "map", args.positional[0] if args.positional else NOTHING, [*args.positional[1:], args.rest or NOTHING]
    )


def _filter(calls: Calls, args: Args, node: object) -> Value:
    return calls.lazy(node, "filter", args.positional[0] if args.positional else NOTHING, args.positional[1:])


def _getattr(calls: Calls, args: Args, node: object) -> Value:
    name = args.constant(1)
    target = args.positional[0] if args.positional else args.all()
    if isinstance(name, str) and isinstance(node, ast.AST):
        return calls.attribute(target, name, node).union(*args.positional[2:])
    if any(o.kind == "api" for o in calls.objects(target)):
        calls.barrier("looks an attribute of a module up by a computed name")
    return calls.havoc(target, node) | args.all()


def _setattr(calls: Calls, args: Args, node: object) -> Value:
    name = args.constant(1)
    if args.positional:
        calls.set_attribute(
            args.positional[0], name if isinstance(name, str) else ANY, NOTHING.union(*args.positional[1:])
        )
    return NOTHING


def _type(calls: Calls, args: Args, node: object) -> Value:
    if len(args.positional) == 1:
        objs = calls.objects(args.positional[0])
        known = NOTHING.union(*(calls.heap.load(o.id, "<class>") for o in objs if o.kind == "instance"))
        return known if known and all(o.kind == "instance" for o in objs) else known | calls.api("builtins.type()")
    return calls.lose_track("makes a class while running")


def _open(calls: Calls, args: Args, node: object) -> Value:
    mode = args.constant(1, "mode")
    reads = (len(args.positional) < 2 and "mode" not in args.keywords) or (
        isinstance(mode, str) and not set(mode) & set("wax+")
    )
    calls.touch(args.all())
    path = args.constant(0, "file")
    made = calls.new(node, "file")
    if reads:
        calls.resources.read(file_resource(path))
    else:
        calls.resources.use(file_resource(path))
        made.touches = frozenset((file_resource(path),))
    return frozenset((made.id,))


def _copy(calls: Calls, args: Args, node: object) -> Value:
    calls.touch(args.all())
    copies: dict[int, int] = {}
    objs = [
        o
        for o in calls.heap.reach(args.all())[0]
        if calls.heap.objs[o].kind not in ("function", "class", "api", "closure", "scope")
    ]
    shallow = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("copy.copy")
    for number in args.all() if shallow else objs:
        old = calls.heap.objs[number]
        made = calls.new(node, old.kind, "copy", number)
        made.data, made.touches = old.data, old.touches
        copies[number] = made.id
    for number, copied in copies.items():
        blob = calls.heap.region(number).blob
        for name, held in calls.heap.objs[number].fields.items():
            calls.hold(calls.heap.objs[copied], frozenset(copies.get(o, o) for o in held), name)
        if blob is not None:
            calls.hold(calls.heap.objs[copied], frozenset((copies.get(blob, blob),)))
    return frozenset(copies.get(o, o) for o in args.all())


def _partial(calls: Calls, args: Args, node: object) -> Value:
    made = calls.new(node, "partial")
    made.data = args
    calls.hold(made, args.all())
    if not args.positional:
        return calls.havoc(args.all(), node)
    return frozenset((made.id,))


def _record(calls: Calls, args: Args, node: object) -> Value:
    calls.touch(args.all())
    return frozenset((calls.new(node, "record").id,))


def _defaultdict(calls: Calls, args: Args, node: object) -> Value:
    made = calls.new(node, "defaultdict")
    calls.touch(args.all())
    calls.hold(made, args.positional[0] if args.positional else NOTHING, "<factory>")
    calls.hold(
        made, calls.heap.inner(NOTHING.union(args.rest or NOTHING, *args.positional[1:], *args.keywords.values()))
    )
    return frozenset((made.id,))


def _subplots(calls: Calls, args: Args, node: object) -> Value:
    calls.touch(args.all())
    if "num" in args.keywords or args.rest is not None:
        calls.draw(args)
    else:
        calls.new_figure()
    figure, axes = calls.new(node, "figure"), calls.new(node, "axes")
    calls.hold(figure, frozenset((axes.id,)))
    calls.hold(axes, frozenset((figure.id,)))
    pair = calls.new(node, "tuple", "pair")
    calls.hold(pair, frozenset((figure.id,)), "[0]")
    calls.hold(pair, frozenset((axes.id,)), "[1]")
    return frozenset((pair.id,))


def _figure(calls: Calls, args: Args, node: object) -> Value:
    calls.touch(args.all())
    if args.positional or "num" in args.keywords or args.rest is not None:
        calls.draw(args)
    else:
        calls.new_figure()
    return frozenset((calls.new(node, "figure").id,))


def _grid(calls: Calls, path: str, args: Args, node: object) -> Value:
    calls.touch(args.all())
    calls.new_figure()
    made = calls.new(node, "axes")
    calls.hold(made, args.all())
    return frozenset((made.id,))


def _estimator(calls: Calls, path: str, args: Args, node: object) -> Value:
    calls.touch(args.all())
    made = calls.new(node, "estimator")
    seeded = "random_state" in args.keywords and args.constant(-1, "random_state") is not None
    seeded = seeded or ("random_state" in args.keywords and not calls._literal(args))
    plain = path.rpartition(".")[2] in DETERMINISTIC and not {"solver", "probability", "shuffle", "selection"} & set(
        args.keywords
    )
    made.data = (not (seeded or plain), path.startswith("sklearn.pipeline."))
    calls.hold(made, args.all() | calls.heap.inner(args.all()))
    return frozenset((made.id,))


def _split(calls: Calls, args: Args, node: object) -> Value:
    calls.touch(args.all())
    seeded = "random_state" in args.keywords and (
        args.constant(-1, "random_state") is not None or not calls._literal(args)
    )
    if not seeded and args.constant(-1, "shuffle") is not False:
        calls.resources.use(NUMPY_RANDOM)
    calls._write_out(args)
    made = calls.new(node, "list")
    for index, value in enumerate(args.positional):
        objs = calls.objects(value)
        kinds = {o.kind for o in objs} or {"ndarray"}
        for half in (0, 1):
            part = calls.new(node, kinds.pop() if len(kinds) == 1 else "unknown", index, half)
            kinds = {o.kind for o in objs} or {"ndarray"}
            calls.hold(part, calls.heap.inner(value))
            calls.hold(made, frozenset((part.id,)), f"[{2 * index + half}]")
    if args.rest:
        calls.hold(made, calls.havoc(args.rest, node))
    return frozenset((made.id,))


def _wrap(calls: Calls, path: str, args: Args, node: object) -> Value:
    if not args.positional:
        return calls.lazy(node, "wrap", None, [args.all()])
    made = calls.new(node, "iterator")
    made.data = ("some", NOTHING, [args.positional[0]], node)
    calls.hold(made, args.all())
    return frozenset((made.id,))


def _next_frames(path: str, calls: Calls, args: Args, node: object) -> Value:
    known = function_effect(path)
    assert known is not None
    if {"chunksize", "iterator"} & set(args.keywords):
        calls.apply(known, NOTHING, args, node, name=path)
        made = calls.new(node, "iterator", "chunks")
        made.touches = frozenset((FILES,))
        part = calls.new(node, "pandas", "chunk")
        calls.hold(made, frozenset((part.id,)))
        return frozenset((made.id,))
    return calls.apply(known, NOTHING, args, node, name=path)


Calls.SPECIAL.update(
    {
        "builtins.next": _next,
        "builtins.anext": _next,
        "builtins.iter": _iter,
        "builtins.aiter": _iter,
        "builtins.reversed": _iter,
        "builtins.enumerate": _zip,
        "builtins.zip": _zip,
        "builtins.map": _map,
        "builtins.filter": _filter,
        "builtins.getattr": _getattr,
        "builtins.setattr": _setattr,
        "builtins.type": _type,
        "builtins.open": _open,
        "copy.copy": _copy,
        "copy.deepcopy": _copy,
        "sklearn.base.clone": _copy,
        "functools.partial": _partial,
        "collections.namedtuple": _record,
        "typing.NewType": _record,
        "collections.defaultdict": _defaultdict,
        "matplotlib.pyplot.subplots": _subplots,
        "matplotlib.pyplot.subplot_mosaic": _subplots,
        "matplotlib.pyplot.figure": _figure,
        "sklearn.model_selection.train_test_split": _split,
        "pandas.read_csv": partial(_next_frames, "pandas.read_csv"),
        "pandas.read_table": partial(_next_frames, "pandas.read_table"),
        "pandas.read_json": partial(_next_frames, "pandas.read_json"),
    }
)
Calls.SHAPES.update({"estimator": _estimator, "wrap": _wrap, "grid": _grid})


def _configured(path: str, calls: Calls, args: Args, node: object) -> Value:
    """Give back what is decorated, or the decorator when it is only being set up."""
    calls.touch(args.all())
    return args.positional[0] if args.positional and args.positional[0] else calls.api(path)


Calls.SPECIAL.update(
    {
        path: partial(_configured, path)
        for path in ("dataclasses.dataclass", "functools.lru_cache", "functools.cache", "numba.jit", "numba.njit")
    }
)
expressions._VALUE[ast.Call] = Calls._call
