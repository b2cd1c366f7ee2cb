"""Expressions: what they may give, read and change."""

# ruff: noqa: SLF001 -- the dispatch tables name methods of the class they belong to
from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from jupyter_flows.capture.heap import ANY, NOTHING, Obj, Value
from jupyter_flows.capture.knowledge.functions import CONSTANTS, SETTINGS
from jupyter_flows.capture.machine import Machine
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.scopes import Code, Names, Scope, function_names
from jupyter_flows.capture.trees import walk

#: Kinds on which operators compute something new of the same kind, strongest first.
ARRAYS = ("pandas", "ndarray")
#: Kinds whose items and attributes share data with them.
VIEWED = frozenset({"pandas", "ndarray", "items"})
#: Special methods that run when an instance is looked at or computed with.
NOT_IMPLICIT = frozenset({"__init__", "__new__", "__init_subclass__", "__class_getitem__", "__post_init__"})
#: Of these, the ones that run when it is only shown.
_SHOWING = frozenset(
    [
        "__repr__",
        "__str__",
        "__format__",
        "__len__",
        "__bool__",
        "__iter__",
        "__next__",
        "__getitem__",
        "__getattr__",
        "__getattribute__",
        "__hash__",
        "__eq__",
        "__contains__",
    ]
)
#: Items of a list or tuple that are told apart.
_NAMED_ITEMS = 64
#: Attributes that are immutable facts about an object.
_FACTS = frozenset({"shape", "size", "ndim", "dtype", "dtypes", "empty", "nbytes", "name", "__name__", "__doc__"})
_PATH_FACTS = frozenset({"name", "stem", "suffix", "suffixes", "parts", "anchor", "drive", "root"})


class Expressions(Machine):
    """Evaluate expressions."""

    def value(self, node: ast.expr) -> Value:
        """Evaluate an expression."""
        return VALUE[type(node)](self, node)

    def _constant(self, _node: ast.Constant) -> Value:
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        self.line = node.lineno
        return self.load(node.id)

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        kind = type(node).__name__.lower()
        if all(type(item) is ast.Constant for item in node.elts) and kind == "tuple":
            return NOTHING
        made = self.new(node, kind)
        named = kind != "set" and not any(isinstance(item, ast.Starred) for item in node.elts)
        for index, item in enumerate(node.elts):
            if isinstance(item, ast.Starred):
                self.hold(made, self.iterate(self.value(item.value), item))
            else:
                self.hold(made, self.value(item), key_field(index) if named and index < _NAMED_ITEMS else ANY)
        return frozenset((made.id,))

    def _dict(self, node: ast.Dict) -> Value:
        made = self.new(node, "dict")
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                merged = self.value(item)
                self.touch(merged)
                self.hold(made, self.heap.inner(merged))
                continue
            field = ANY
            if isinstance(key, ast.Constant):
                field = key_field(key.value)
            else:
                keys = self.value(key)
                self.touch(keys)
                self.hold(made, keys, "<keys>")
            self.hold(made, self.value(item), field)
        return frozenset((made.id,))

    def _operation(self, node: ast.BinOp) -> Value:
        return self.operate(node, type(node.op), self.value(node.left), self.value(node.right))

    def operate(self, node: ast.AST, operator: type, left: Value, right: Value) -> Value:
        """Compute with two values."""
        both = left | right
        if not both:
            return NOTHING
        self.touch(both)
        kinds = {obj.kind for obj in self.objects(both)}
        for kind in ARRAYS:
            if kind in kinds and kinds <= {"pandas", "ndarray", "list", "tuple", "api"}:
                made = self.new(node, kind)
                self.hold(made, self.heap.inner(both))
                return frozenset((made.id,))
        if len(kinds) == 1 and kinds <= {"list", "tuple", "set", "dict", "path"}:
            made = self.new(node, next(iter(kinds)))
            self.hold(made, self.heap.inner(both))
            return frozenset((made.id,))
        if operator in (ast.RShift, ast.LShift) and "unknown" in kinds:
            return self.havoc(both, node)
        made = self.new(node, "unknown")
        self.hold(made, both | self.special_results())
        return frozenset((made.id,)) | both | self.special_results()

    def special_results(self) -> Value:
        """Return what special methods that ran lately may have returned."""
        return NOTHING

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            self.touch(value)
            return NOTHING
        return self.operate(node, type(node.op), value, NOTHING)

    def _boolean(self, node: ast.BoolOp) -> Value:
        result = self.value(node.values[0])
        self.touch(result)
        found = [result]
        for item in node.values[1:]:
            self.alternatives(partial(self._append, found, item), _nothing)
        return NOTHING.union(*found)

    def _append(self, found: list[Value], node: ast.expr) -> None:
        found.append(self.value(node))
        self.touch(found[-1])

    def _choice(self, node: ast.IfExp) -> Value:
        self.touch(self.value(node.test))
        found: list[Value] = []
        self.alternatives(partial(self._append, found, node.body), partial(self._append, found, node.orelse))
        return NOTHING.union(*found)

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.value(node.left), *(self.value(c) for c in node.comparators)]
        both = NOTHING.union(*values)
        if not both:
            return NOTHING
        if any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            self.iterate(NOTHING.union(*values[1:]), node)
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            return NOTHING
        self.touch(both)
        for kind in ARRAYS:
            if any(obj.kind == kind for obj in self.objects(both)):
                return frozenset((self.new(node, kind).id,))
        if any(obj.kind in ("unknown", "instance") for obj in self.objects(both)):
            made = self.new(node, "unknown")
            self.hold(made, both)
            return frozenset((made.id,))
        return NOTHING

    def _text(self, node: ast.JoinedStr) -> Value:
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                self.show(self.value(item.value))
                if item.format_spec is not None:
                    self.value(item.format_spec)
        return NOTHING

    def _formatted(self, node: ast.FormattedValue) -> Value:
        self.show(self.value(node.value))
        return NOTHING

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target.id, value)
        return value

    def _starred(self, node: ast.Starred) -> Value:
        return self.iterate(self.value(node.value), node)

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.touch(self.value(part))
        return NOTHING

    def _await(self, node: ast.Await) -> Value:
        return self.iterate(self.value(node.value), node)

    def _yield(self, node: ast.Yield) -> Value:
        scope = self._function_scope()
        if node.value is not None:
            scope.yields |= self.value(node.value)
        made = self.new(node, "unknown")  # whatever send() passes
        return frozenset((made.id,))

    def _yield_from(self, node: ast.YieldFrom) -> Value:
        value = self.iterate(self.value(node.value), node)
        self._function_scope().yields |= value
        return value

    def _function_scope(self) -> Scope:
        scope = self.scope
        while scope.parent is not None and (scope.is_comprehension or scope.is_class):
            scope = scope.parent
        return scope

    # ---- attributes and items

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.value(node.value), node.attr, node)

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """Read an attribute."""
        found = [self._attribute_of(obj, name, node) for obj in self.objects(value)]
        return NOTHING.union(*found) if len(found) != 1 else found[0]

    def _attribute_of(self, obj: Obj, name: str, node: ast.AST) -> Value:
        kind = obj.kind
        this = frozenset((obj.id,))
        if kind == "api":
            return self._api_attribute(obj, name)
        self.look(this)
        if kind == "instance":
            return self.instance_attribute(obj, name, node)
        if kind in ("class", "super"):
            return self.class_attribute(obj, name, node)
        if (name in _FACTS and kind in ARRAYS) or (kind == "path" and name in _PATH_FACTS):
            return NOTHING
        if kind in VIEWED:
            view = self.view(obj.id, "ndarray" if name == "values" else kind, "." + name)
            return frozenset((view.id,)) | self.heap.load(obj.id, name)
        if kind == "path":
            return frozenset((self.new(node, "path").id,))
        return this | self.heap.load(obj.id, name)

    def _api_attribute(self, obj: Obj, name: str) -> Value:
        path = f"{obj.data}.{name}"
        if obj.data == "__main__":
            self.reach_own_module()
        if path in CONSTANTS:
            return NOTHING
        setting = self.setting(path)
        if setting:
            self.resources.read(setting)
        return self.api(path)

    @staticmethod
    def setting(path: str) -> str:
        """Return the hidden resource that a library's attribute belongs to, if any."""
        for prefix, resource in SETTINGS.items():
            if path == prefix or path.startswith(prefix + "."):
                return resource
        return ""

    def instance_attribute(self, obj: Obj, name: str, node: ast.AST) -> Value:
        """Read an attribute of an instance of a class of the notebook."""
        raise NotImplementedError

    def class_attribute(self, obj: Obj, name: str, node: ast.AST) -> Value:
        """Read an attribute of a class of the notebook."""
        raise NotImplementedError

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.value(node.value)
        key = self.value(node.slice)
        self.touch(key)
        self.choose(value, key, node)
        constant = key_field(node.slice.value) if isinstance(node.slice, ast.Constant) else None
        return self.item(value, constant, node, sliced=isinstance(node.slice, ast.Slice))

    def choose(self, value: Value, key: Value, node: ast.AST) -> None:
        """Run the functions that choose items: ``df[lambda d: ...]``."""
        for obj in self.objects(key):
            if obj.kind in ("function", "bound", "partial"):
                self.call_object(obj, Args(rest=value), node)

    def item(self, value: Value, constant: str | None, node: ast.AST, *, sliced: bool = False) -> Value:
        """Read an item."""
        found = NOTHING
        for obj in self.objects(value):
            found |= self._item_of(obj, constant, node, sliced=sliced)
        return found

    def _item_of(self, obj: Obj, constant: str | None, node: ast.AST, *, sliced: bool) -> Value:
        this = frozenset((obj.id,))
        if obj.kind == "api":
            setting = self.setting(obj.data)
            if setting:
                self.resources.read(setting)
            return this if not setting else NOTHING
        self.look(this)
        if obj.kind in VIEWED:
            return frozenset((self.view(obj.id, obj.kind, "[]").id,)) | self.heap.load_all(obj.id)
        if sliced and obj.kind in ("list", "tuple"):
            made = self.new(node, obj.kind)
            self.hold(made, self.heap.load_all(obj.id))
            return frozenset((made.id,))
        if obj.kind in ("list", "tuple", "dict"):
            return self.heap.load_all(obj.id) if constant is None else self.heap.load(obj.id, constant)
        if obj.kind == "defaultdict":
            self.change(this)
            produced = self.call(self.heap.load(obj.id, "<factory>"), Args(), node)
            self.hold(obj, produced)
            return self.heap.load_all(obj.id)
        self.touch(this)
        if obj.kind == "axes":  # an array of axes, or a container of artists
            return this | self.heap.load_all(obj.id)
        return this | self.heap.load_all(obj.id) | self.special_results()

    # ---- functions and comprehensions

    def _lambda(self, node: ast.Lambda) -> Value:
        return self.function(node)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, owner: int | None = None) -> Value:
        """Make a function object, with its defaults and the variables it shares with the scopes around it."""
        parent = self.scope
        while parent.is_class and parent.parent is not None:
            parent = parent.parent
        self.made_functions = True
        made = self.new(node, "function")
        if made.data is None:
            made.data = Code(node, function_names(node), parent, owner)
        made.data.parent = parent
        arguments = node.args
        for arg, default in zip(made.data.parameters[::-1], arguments.defaults[::-1], strict=False):
            self.hold_default(made, arg.arg, self.value(default))
        for arg, extra in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if extra is not None:
                self.hold_default(made, arg.arg, self.value(extra))
        if self.rules.closures:
            self._share(made, parent)
        return frozenset((made.id,))

    def hold_default(self, function: Obj, name: str, value: Value) -> None:
        """Keep a parameter's default."""
        if self.rules.defaults:
            self.hold(function, value, "<default>" + name)

    def _share(self, made: Obj, parent: Scope) -> None:
        scope: Scope | None = parent
        while scope is not None and scope.parent is not None:
            if scope.cell is None:
                cell = self.heap.make(("scope", id(scope)), "closure")
                cell.data = scope
                scope.cell = cell.id
            cell = self.heap.objs[scope.cell]
            for name in scope.names.captured or scope.vars:
                if name in scope.vars:
                    self.hold(cell, scope.vars[name], name)
            self.hold(made, frozenset((cell.id,)), "<closure>")
            scope = scope.parent

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Value:
        kind = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}[type(node)]
        made = self.new(node, kind)
        self._through(node, node.generators, partial(self._collect, node, made))
        return frozenset((made.id,))

    def _collect(self, node: ast.ListComp | ast.SetComp | ast.DictComp, made: Obj) -> None:
        if isinstance(node, ast.DictComp):
            keys = self.value(node.key)
            self.touch(keys)
            self.hold(made, keys, "<keys>")
            self.hold(made, self.value(node.value))
        else:
            self.hold(made, self.value(node.elt))

    def _generator(self, node: ast.GeneratorExp) -> Value:
        made = self.new(node, "iterator")
        first = self.value(node.generators[0].iter)
        self.hold(made, first)
        if self.rules.lazy_code:
            made.data = ("genexp", node, self.scope, first)
            self._share(made, self.scope)
        else:
            self._through(node, node.generators, lambda: self.hold(made, self.value(node.elt)), first)
        return frozenset((made.id,))

    def _through(
        self, node: ast.AST, generators: list[ast.comprehension], last: Callable[[], None], first: Value | None = None
    ) -> None:
        """Run the clauses of a comprehension, the innermost action within them."""
        names = Names(own={n.id for g in generators for n in walk(g.target) if isinstance(n, ast.Name)})
        outer, source = self.scope, first if first is not None else self.value(generators[0].iter)
        key = ("comprehension", id(node), self.context)
        self.scope = self.inner_scope(key, names, outer)
        try:
            self._clauses(generators, source, last)
        finally:
            self.scope = outer

    def inner_scope(self, key: Any, names: Names, parent: Scope) -> Scope:
        """Return the scope of a comprehension, the same one each time round."""
        scope = parent.inner.get(key)
        if scope is None:
            scope = parent.inner[key] = Scope(names, parent, is_comprehension=True)
            scope.accumulate = True
        scope.base = len(self.logs)
        return scope

    def _clauses(self, generators: list[ast.comprehension], source: Value, last: Callable[[], None]) -> None:
        clause, rest = generators[0], generators[1:]

        def turn() -> None:
            self.assign(clause.target, self.iterate(source, clause))
            for condition in clause.ifs:
                self.touch(self.value(condition))
            if rest:
                self._clauses(rest, self.value(rest[0].iter), last)
            else:
                last()

        self.repeat(turn, weak=False)


def key_field(value: object) -> str:
    """Name the field of a constant key, one name for keys that are equal (1, 1.0 and True)."""
    if isinstance(value, (bool, float, complex)):
        value = complex(value).real
        value = int(value) if value.is_integer() else value
    return f"[{value!r}]"


def is_special(name: str) -> bool:
    """Tell methods that run without being named: operators, printing, rich display."""
    if name.startswith("__"):
        return name.endswith("__") and name not in NOT_IMPLICIT
    return name.startswith(("_repr_", "_ipython_"))


def is_shown(name: str) -> bool:
    """Tell special methods that showing a value runs."""
    return name in _SHOWING or not name.startswith("__")


def _nothing() -> None:
    """Do nothing: the other branch."""


VALUE: dict[type, Callable[[Any, Any], Value]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.List: Expressions._display,
    ast.Tuple: Expressions._display,
    ast.Set: Expressions._display,
    ast.Dict: Expressions._dict,
    ast.BinOp: Expressions._operation,
    ast.UnaryOp: Expressions._unary,
    ast.BoolOp: Expressions._boolean,
    ast.IfExp: Expressions._choice,
    ast.Compare: Expressions._compare,
    ast.JoinedStr: Expressions._text,
    ast.FormattedValue: Expressions._formatted,
    ast.NamedExpr: Expressions._walrus,
    ast.Starred: Expressions._starred,
    ast.Slice: Expressions._slice,
    ast.Await: Expressions._await,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield_from,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.Lambda: Expressions._lambda,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._generator,
}
