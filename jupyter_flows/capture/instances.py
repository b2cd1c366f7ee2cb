"""Classes and instances of the notebook: methods, properties, special methods."""

from __future__ import annotations

import ast
from collections.abc import Callable

from jupyter_flows.capture.expressions import is_shown, is_special
from jupyter_flows.capture.heap import NOTHING, Obj, Value
from jupyter_flows.capture.iteration import Iteration
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.scopes import Code


class Instances(Iteration):
    """Classes and instances of the notebook: methods, properties, special methods."""

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

    def special_results(self) -> Value:
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

    def instantiate(self, owner: Obj, args: Args, node: object) -> Value:
        """Make an instance of a class of the notebook."""
        self.look(frozenset((owner.id,)))
        made = self.new(node, "instance", owner.id)
        this = frozenset((made.id,))
        self.heap.store(made.id, "<class>", frozenset((owner.id,)))
        started = False
        for name in ("__new__", "__init__", "__post_init__"):
            functions = self.lookup(owner, name)
            for function in self.objects(functions):
                if function.kind == "function":
                    started = started or name == "__init__"
                    given = args if name != "__post_init__" else Args()
                    first = frozenset((owner.id,)) if name == "__new__" else this
                    self.run(function, given.bound_to(first), node)
        if not started:
            self._generated_init(made, args)
        if self.foreign(owner):
            self.havoc(this | args.all(), node)
        return this

    def _generated_init(self, made: Obj, args: Args) -> None:
        """Keep the arguments, as a dataclass does; its fields may hold the class's defaults."""
        for name, value in args.keywords.items():
            self.hold(made, value, name)
        self.hold(made, NOTHING.union(args.rest or NOTHING, *args.positional))

    def lookup(self, owner: Obj, name: str) -> Value:
        """Find a name on an instance's class or a class, bases included."""
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
        for value in self.objects(self.lookup(obj, name)):
            if value.kind == "function":
                found |= self._bind_method(obj, value, node)
            else:
                found |= frozenset((value.id,))
        getter = self.lookup(obj, "__getattr__") | self.lookup(obj, "__getattribute__")
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
        for value in self.objects(self.lookup(obj, name)):
            if value.kind == "function" and "class" in value.data.marks:
                found |= self._bind_method(obj, value, node)
            else:
                found |= frozenset((value.id,))
        return found | frozenset((obj.id,)) if not found and self.foreign(obj) else found

    def call_super(self, node: ast.Call) -> Value:
        """Evaluate ``super()``."""
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
            return frozenset(this)
        return self.api("builtins.object." + name) if name.startswith("__") else NOTHING
