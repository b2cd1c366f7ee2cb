"""Statements: binding, branching, looping, defining."""

# ruff: noqa: SLF001 -- the dispatch tables name methods of the class they belong to
from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from jupyter_flows.capture.calls import Calls
from jupyter_flows.capture.expressions import VIEWED, is_special, key_field
from jupyter_flows.capture.heap import ANY, NOTHING, Obj, Value
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import file_resource
from jupyter_flows.capture.scopes import Scope, class_names
from jupyter_flows.capture.trees import walk


@dataclass(frozen=True, slots=True)
class Import:
    """One name bound by an import statement."""

    #: The module imported or imported from, without leading dots.
    module: str
    #: What of it: None for the module itself.
    name: str | None
    #: The name bound in the notebook ("*" for all).
    bound: str
    #: Leading dots.
    level: int
    line: int


class Statements(Calls):
    """Run statements."""

    imports: list[Import]
    defines: set[str]

    def reset_cell(self, cell: int) -> None:
        """Start a cell."""
        super().reset_cell(cell)
        self.imports, self.defines = [], set()

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Run statements."""
        for statement in body:
            self.line = statement.lineno
            _RUN[type(statement)](self, statement)

    # ---- binding

    def _expression(self, node: ast.Expr) -> None:
        value = self.value(node.value)
        if self.scope.parent is None:  # perhaps displayed
            self.show(value)

    def _assignment(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if self.depth == 0 or self.scope.is_class:
            self.value(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.value(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            self.line = target.lineno
            old = self.load(target.id)
        elif isinstance(target, ast.Attribute):
            old = self.attribute(self.value(target.value), target.attr, target)
        else:
            old = self.item(self.value(target.value), None, target)
            self.touch(self.value(target.slice))
        added = self.value(node.value)
        self.change(old)
        for obj in self.objects(old):
            if obj.kind in ("list", "set", "dict", "defaultdict", "json"):
                self.iterate(added, node)
                self.hold(obj, added | self.heap.inner(added))
        self.assign(target, old | self.operate(node, type(node.op), old, added))

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind a target to a value."""
        if isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)
        elif isinstance(target, ast.Starred):
            made = self.new(target, "list")
            self.hold(made, value)
            self.assign(target.value, frozenset((made.id,)))
        elif isinstance(target, ast.Attribute):
            if target.attr in ("name", "names") and getattr(target.value, "attr", "") in ("index", "columns"):
                # What pandas computes may share the index of what it is computed from.
                self.change(frozenset(obj.id for obj in self.heap.objs if obj.kind == "pandas"))
            self.set_attribute(self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self.set_item(target, value)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value) -> None:
        plain = not any(isinstance(item, ast.Starred) for item in target.elts)
        fixed = plain and all(obj.kind in ("tuple", "list") for obj in self.objects(value))
        if not fixed:
            items = self.iterate(value, target)
            for item in target.elts:
                self.assign(item, items)
            return
        self.look(value)
        for index, item in enumerate(target.elts):
            self.assign(item, self.item(value, key_field(index), target))

    def set_attribute(self, target: Value, name: str, value: Value) -> None:
        """Set an attribute."""
        for obj in self.objects(target):
            if obj.kind == "api":
                self._set_in_library(obj, name)
                continue
            self.change(frozenset((obj.id,)))
            self.hold(obj, value, name if obj.kind in ("instance", "class", "function") else ANY)
            if obj.kind == "instance":
                self._setters(obj, name, value)
            elif obj.kind in VIEWED or obj.kind == "unknown":
                self.hold(obj, self.heap.inner(value))
                self.touches_of(obj)

    def _set_in_library(self, obj: Obj, name: str) -> None:
        setting = self.setting(f"{obj.data}.{name}")
        if setting:
            self.resources.use(setting)
        elif not obj.data.startswith("builtins."):
            self.barrier(f"changes {obj.data}.{name}" if name != ANY else f"changes the inside of {obj.data}")

    def _setters(self, obj: Obj, name: str, value: Value) -> None:
        this = frozenset((obj.id,))
        hooks = self.lookup(obj, "__setattr__")
        for function in self.objects(hooks | self.lookup(obj, name)):
            if function.kind == "function" and ("property" in function.data.marks or function.id in hooks):
                self.run(function, Args([this], rest=value), function)

    def set_item(self, target: ast.Subscript, value: Value) -> None:
        """Set an item or a slice."""
        holder, key = self.value(target.value), self.value(target.slice)
        self.touch(key)
        self.choose(holder, key, target)
        constant = isinstance(target.slice, ast.Constant)
        for obj in self.objects(holder):
            if obj.kind == "api":
                self._set_in_library(obj, ANY)
                continue
            this = frozenset((obj.id,))
            self.change(this)
            if obj.kind == "instance":
                self.call_method(this, "__setitem__", Args([key, value]), target)
            elif obj.kind == "unknown":
                self.havoc(this, target)
            if obj.kind == "dict" and isinstance(target.slice, ast.Constant):
                self.hold(obj, value, key_field(target.slice.value))
            else:
                self.hold(obj, value)
                self.hold(obj, key, "<keys>")
            if isinstance(target.slice, ast.Slice) or obj.kind in VIEWED:
                self.hold(obj, self.heap.inner(value))
            if obj.kind == "list" and not constant:
                self.heap.mix(obj.id)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete_target(target)

    def _delete_target(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.unbind(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for item in target.elts:
                self._delete_target(item)
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.value(target.value), target.attr, NOTHING)
        elif isinstance(target, ast.Subscript):
            holder = self.value(target.value)
            self.touch(self.value(target.slice))
            for obj in self.objects(holder):
                if obj.kind == "api":
                    self._set_in_library(obj, ANY)
                elif obj.kind in ("instance", "unknown"):
                    self.call_method(frozenset((obj.id,)), "__delitem__", Args(), target)
                if obj.kind == "list":
                    self.heap.mix(obj.id)
            self.change(holder)

    # ---- control flow

    def _if(self, node: ast.If) -> None:
        self.touch(self.value(node.test))
        self.alternatives(partial(self.block, node.body), partial(self.block, node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.value(node.iter)

        def turn() -> None:
            self.assign(node.target, self.iterate(source, node))
            self.block(node.body)

        self.repeat(turn, weak=self._jumps(node))
        if node.orelse:
            self.alternatives(partial(self.block, node.orelse), _pass)

    @staticmethod
    def _jumps(node: ast.AST) -> bool:
        """Tell whether a loop has ``break`` or ``continue``."""
        return any(isinstance(n, (ast.Break, ast.Continue)) for n in walk(node))

    def _while(self, node: ast.While) -> None:
        def turn() -> None:
            self.touch(self.value(node.test))
            self.block(node.body)

        self.touch(self.value(node.test))
        self.repeat(turn, weak=self._jumps(node))
        if node.orelse:
            self.alternatives(partial(self.block, node.orelse), _pass)

    def _try(self, node: ast.Try) -> None:
        if node.handlers:
            self.weak += 1
            try:
                self.block(node.body)
            finally:
                self.weak -= 1
        else:
            self.block(node.body)
        otherwise: list[Callable[[], None]] = [partial(self._handle, handler) for handler in node.handlers]
        if otherwise:
            self.alternatives(partial(self.block, node.orelse), *otherwise)
        else:
            self.block(node.orelse)
        self.block(node.finalbody)

    def _handle(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.value(node.type)
        if node.name:
            caught = self.new(node, "unknown")  # the exception, which may hold what the body used
            self.bind(node.name, frozenset((caught.id,)))
        self.block(node.body)
        if node.name:
            self.unbind(node.name)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        managers: list[Value] = []
        for item in node.items:
            manager = self.value(item.context_expr)
            managers.append(manager)
            entered = self._enter_manager(manager, node)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        self.block(node.body)
        for manager in reversed(managers):
            self._leave_manager(manager, node)

    def _enter_manager(self, manager: Value, node: ast.With | ast.AsyncWith) -> Value:
        found = NOTHING
        for obj in self.objects(manager):
            this = frozenset((obj.id,))
            if obj.kind == "iterator":  # @contextmanager
                found |= self.resume(obj)
            elif obj.kind in ("file", "context", "figure", "axes", "pandas", "set", "list", "tuple"):
                self.change(this)
                found |= this | self.heap.load_all(obj.id)
            elif obj.kind == "instance":
                found |= self.call_method(this, "__enter__", Args(), node)
                found |= self.call_method(this, "__aenter__", Args(), node)
            else:
                found |= this | self.havoc(this, node)
        return found

    def _leave_manager(self, manager: Value, node: ast.With | ast.AsyncWith) -> None:
        for obj in self.objects(manager):
            this = frozenset((obj.id,))
            if obj.kind == "iterator":
                self.resume(obj)
            elif obj.kind == "instance":
                self.call_method(this, "__exit__", Args(rest=NOTHING), node)
                self.call_method(this, "__aexit__", Args(rest=NOTHING), node)
            elif obj.kind in ("file", "context"):
                self.change(this)
            elif obj.kind == "unknown":
                self.havoc(this, node)

    def _match(self, node: ast.Match) -> None:
        subject = self.value(node.subject)
        self.touch(subject)
        cases = [partial(self._case, case, subject) for case in node.cases]
        self.alternatives(*cases, _pass)

    def _case(self, case: ast.match_case, subject: Value) -> None:
        parts = subject | self.heap.inner(subject)
        for pattern in walk(case.pattern):
            if isinstance(pattern, (ast.MatchValue, ast.MatchClass)):
                self.value(pattern.value if isinstance(pattern, ast.MatchValue) else pattern.cls)
            name = pattern.rest if isinstance(pattern, ast.MatchMapping) else getattr(pattern, "name", None)
            if isinstance(name, str):
                self.bind(name, self._matched(pattern, parts))
        if case.guard is not None:
            self.touch(self.value(case.guard))
        self.block(case.body)

    def _matched(self, pattern: ast.AST, parts: Value) -> Value:
        if isinstance(pattern, ast.MatchAs):
            return parts
        made = self.new(pattern, "list" if isinstance(pattern, ast.MatchStar) else "dict")
        self.hold(made, parts)
        return frozenset((made.id,))

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.scope.returns |= self.value(node.value)

    def _raise(self, node: ast.Raise) -> None:
        for part in (node.exc, node.cause):
            if part is not None:
                self.value(part)

    def _assert(self, node: ast.Assert) -> None:
        self.touch(self.value(node.test))
        if node.msg is not None:
            self.touch(self.value(node.msg))

    def _nothing(self, node: ast.stmt) -> None:
        """Do nothing: ``pass``, ``break``, ``continue``, declarations."""

    # ---- definitions

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.value(d) for d in node.decorator_list if not _accessor(d)]
        owner = self.owner if self.scope.is_class else None
        value = self.function(node, owner)
        for arg in walk(node.args):
            if isinstance(arg, ast.arg) and arg.annotation is not None:
                self.value(arg.annotation)
        if node.returns is not None:
            self.value(node.returns)
        for decorator in reversed(decorators):
            value = self._decorate(decorator, value, node)
        if any(_accessor(d) for d in node.decorator_list):
            self._mark(value, "property")
            value |= self.load(node.name)
        if self.scope.parent is None:
            self.defines.add(node.name)
        self.bind(node.name, value)

    def _mark(self, value: Value, mark: str) -> None:
        for obj in self.objects(value):
            if obj.kind == "function" and mark:
                obj.data.marks |= {mark}

    def _decorate(self, decorator: Value, value: Value, node: ast.AST) -> Value:
        objs = self.objects(decorator)
        paths = {obj.data for obj in objs if obj.kind == "api"}
        mark = _MARKS.get(next(iter(paths))) if len(paths) == 1 and len(objs) == 1 else None
        if not objs:  # a decorator that is not followed gives the function back
            return value
        if mark is None:
            return self.call(decorator, Args([value]), node)
        self._mark(value, mark)
        return value

    def _class(self, node: ast.ClassDef) -> None:
        decorators = [self.value(d) for d in node.decorator_list]
        bases = [self.value(base) for base in (*node.bases, *(word.value for word in node.keywords))]
        made = self.new(node, "class")
        self.hold(made, NOTHING.union(*bases), "<bases>")
        outer, outer_owner = self.scope, self.owner
        self.scope, self.owner = Scope(class_names(node), outer, is_class=True), made.id
        self.scope.base = len(self.logs)
        try:
            self.block(node.body)
            attributes = self.scope.vars
        finally:
            self.scope, self.owner = outer, outer_owner
        for name, value in attributes.items():
            self.heap.store(made.id, name, value)
            if is_special(name) and name not in ("__slots__", "__doc__"):
                self.has_special = True
            if name == "__del__":
                self.barrier("defines __del__, which runs when nobody knows")
        value = frozenset((made.id,))
        for decorator in reversed(decorators):
            value = self._decorate(decorator, value, node)
        self._subclass_hook(made)
        if self.scope.parent is None:
            self.defines.add(node.name)
        self.bind(node.name, value)

    def _subclass_hook(self, made: Obj) -> None:
        for owner in self.classes(made)[1:]:
            for function in self.objects(owner.fields.get("__init_subclass__", NOTHING)):
                if function.kind == "function":
                    self.run(function, Args([frozenset((made.id,))]), function)

    # ---- import statements

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.split(".")[0]
            self._bind_import(
                Import(alias.name, None, alias.asname or top, 0, node.lineno), alias.name if alias.asname else top
            )

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self.imports.append(Import(module, "*", "*", node.level, node.lineno))
                self._import_all(module)
            else:
                path = f"{module}.{alias.name}" if module else alias.name
                self._bind_import(Import(module, alias.name, alias.asname or alias.name, node.level, node.lineno), path)

    def _bind_import(self, found: Import, path: str) -> None:
        if self.scope.parent is None:
            self.imports.append(found)
        self.import_reads(found.module, path)
        if found.module == "__main__":
            self.reach_own_module()
        self.bind(found.bound, self.api(_ALIASES.get(path, path)))

    def import_reads(self, module: str, path: str) -> None:
        """Record what decides which module an import finds."""
        self.resources.read("<sys.path>", certain=False)
        self.resources.read("<environ>", certain=False)
        if module.partition(".")[0] not in sys.stdlib_module_names:
            # A cell above may have written the module, or a command installed it.
            for part in sorted({*module.split("."), *path.split(".")} - {""}):
                self.resources.read(file_resource(f"{part}.py"), certain=False)

    def _import_all(self, module: str) -> None:
        if module in _LISTED:
            for name in _public(module):
                self.bind(name, self.api(f"{module}.{name}"))
            return
        self.barrier(f"imports all names of {module}, whatever they are")
        self.stars.append(module)
        for name, value in list(self.module.vars.items()):
            self.module.vars[name] = value | self.api(f"{module}.{name}")


#: Modules of the standard library whose names are looked up, as importing them does nothing else.
_LISTED = frozenset(
    {
        "bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "fractions", "functools",
        "heapq", "itertools", "json", "math", "operator", "random", "re", "statistics", "string", "time", "typing",
    }
)  # fmt: skip


@cache
def _public(module: str) -> tuple[str, ...]:
    """Return the names that ``from module import *`` binds."""
    found = importlib.import_module(module)
    return tuple(getattr(found, "__all__", [name for name in vars(found) if not name.startswith("_")]))


def _accessor(node: ast.expr) -> bool:
    """Tell ``@x.setter`` and its like."""
    return isinstance(node, ast.Attribute) and node.attr in ("setter", "deleter", "getter")


def _pass() -> None:
    """Do nothing: the loop was left early."""


#: Decorators that return what they are given, and what they say of it.
_MARKS = {
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "builtins.property": "property",
    "functools.cached_property": "property",
    "abc.abstractmethod": "",
    "dataclasses.dataclass": "",
    "functools.lru_cache": "cached",
    "functools.cache": "cached",
    "functools.total_ordering": "",
    "typing.overload": "",
    "typing.final": "",
    "typing.no_type_check": "",
    "contextlib.contextmanager": "",
    "contextlib.asynccontextmanager": "",
    "numba.jit": "",
    "numba.njit": "",
    "enum.unique": "",
}

#: Other names of the same thing.
_ALIASES = {
    "pylab": "matplotlib.pyplot",
    "matplotlib.pylab": "matplotlib.pyplot",
    "keras": "tensorflow.keras",
}

_RUN: dict[type, Callable[[Any, Any], None]] = {
    ast.Expr: Statements._expression,
    ast.Assign: Statements._assignment,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.Delete: Statements._delete,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.AsyncFor: Statements._for,
    ast.While: Statements._while,
    ast.Try: Statements._try,
    ast.TryStar: Statements._try,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Match: Statements._match,
    ast.Return: Statements._return,
    ast.Raise: Statements._raise,
    ast.Assert: Statements._assert,
    ast.FunctionDef: Statements._function,
    ast.AsyncFunctionDef: Statements._function,
    ast.ClassDef: Statements._class,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
    ast.Pass: Statements._nothing,
    ast.Break: Statements._nothing,
    ast.Continue: Statements._nothing,
    ast.Global: Statements._nothing,
    ast.Nonlocal: Statements._nothing,
}
if hasattr(ast, "TypeAlias"):
    _RUN[ast.TypeAlias] = Statements._nothing
