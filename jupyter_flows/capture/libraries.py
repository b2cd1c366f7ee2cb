"""Calls into libraries, as the tables of `knowledge` tell them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, ClassVar

from jupyter_flows.capture.effects import Effect, function_effect
from jupyter_flows.capture.heap import NOTHING, Obj, Value
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import NUMPY_RANDOM, PYPLOT, file_resource
from jupyter_flows.capture.unknown import Unknown

_PRINTING = frozenset(
    {"builtins.print", "builtins.str", "builtins.repr", "builtins.display", "builtins.format", "builtins.len"}
)


_CALLABLE = frozenset({"function", "bound", "class", "partial", "api"})
_CONTAINERS = frozenset({"list", "tuple", "dict", "set", "defaultdict", "json"})

#: What looks like a file's name: an ending, and nothing that files are not called.
_FILE_NAME = re.compile(r"^[^\n:*?<>|]*\w\.\w{1,8}$")


class Libraries(Unknown):
    """Calls into libraries, as the tables of `knowledge` tell them."""

    #: Calls that need a hand of their own, by import path.
    SPECIAL: ClassVar[dict[str, Callable[[Any, Args, object], Value]]] = {}
    #: Those of them that look names up in the text that they run, wherever ``globals=`` says.
    RUNS_TEXT: ClassVar[set[str]] = set()
    #: Calls that need a hand of their own, by result.
    SHAPES: ClassVar[dict[str, Callable[[Any, str, Args, object], Value]]] = {}

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
            _, _, method = rest.partition(".")
            if method and args.positional:
                return self.call_method(args.positional[0], method, args.shifted(), node)
            self.touch(args.all())
            return self.havoc(args.all(), node)
        self.package_state(package)
        self.guess_files(args)
        made = self.new(node, "unknown")
        made.touches = frozenset((f"<module:{package}>",))
        # A library may keep what it is given, and change it whenever it is called again.
        kept = self.heap.make(("package", package), "unknown")
        self.havoc(args.all() | frozenset((made.id, kept.id)), node)
        return args.all() | frozenset((made.id,))

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
        if not receiver and self._not_copied(args):
            self._write(everything, known, name)
        self.write_out(args)
        if known.stores:
            self.store_into(receiver, everything)
        called = self._callbacks(receiver, args, node, self._callables(known, receiver | everything, name))
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

    @staticmethod
    def _not_copied(args: Args) -> bool:
        """Tell whether a call may work on what it is given, and return it: ``copy=False``, ``overwrite_a=True``."""
        return any(
            ((word.startswith("copy") or word == "deep") and args.constant(-1, word) is not True)
            or (word.startswith("overwrite") and args.constant(-1, word) is not False)
            for word in args.keywords
        )

    def write_out(self, args: Args) -> None:
        """Record changes of what results are written to: ``out=``, ``ax=``, a random generator."""
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
            write = mode == "writes" or args.constant(-1, "mmap_mode") == "r+"
            self.use_file(args.constant(index, "path"), write=write, args=args)
        else:
            self._perhaps_reads(args)
        if known.draws:
            self.draw(args)
        if known.random and self._draws_random(receiver, args):
            self.resources.use(NUMPY_RANDOM)

    def _perhaps_reads(self, args: Args) -> None:
        """Take a literal file name given to code that is known for something else as a file that it may read."""
        node = args.node
        for item in (*node.args, *(k.value for k in node.keywords)) if node is not None else ():
            if isinstance(item, ast.Constant) and isinstance(item.value, str) and _FILE_NAME.search(item.value):
                self.resources.read(file_resource(item.value), certain=False)

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
        if given is not None and (given or args.constant(-1, "random_state") is not None or not self.literal(args)):
            return False
        if not receiver or any(obj.kind == "pandas" for obj in self.objects(receiver)):
            return True
        return any(
            self.heap.objs[o].kind == "estimator" and self.heap.objs[o].data[0] for o in self.heap.reach(receiver)[0]
        )

    @staticmethod
    def literal(args: Args) -> bool:
        """Tell whether ``random_state=`` is a literal (a name is taken for a number)."""
        words = args.node.keywords if args.node else []
        return any(w.arg == "random_state" and isinstance(w.value, ast.Constant) for w in words)

    def _callables(self, known: Effect, value: Value, name: str) -> Value:
        """Return the functions that a known call runs: those it is given, in containers too, or that models keep."""
        opened = {"estimator", "unknown"} if name.startswith("sklearn.") else {"estimator"}
        if not known.calls and not any(obj.kind in opened for obj in self.objects(value)):
            return NOTHING
        found: set[int] = set()
        seen: set[int] = set(value)
        stack = [(obj, known.calls) for obj in self.objects(value)]
        while stack:
            obj, runs = stack.pop()
            if obj.kind in _CALLABLE or self._has_call(obj):
                if runs:
                    found.add(obj.id)
            elif obj.kind in _CONTAINERS or obj.kind in opened:
                held = self.heap.load_all(obj.id) - seen
                seen |= held
                stack += [(inner, runs or obj.kind in opened) for inner in self.objects(held)]
        return frozenset(found)

    def _callbacks(self, receiver: Value, args: Args, node: object, functions: Value) -> Value:
        """Run functions with anything that a call is about, any number of times."""
        if not functions:
            return NOTHING
        items = NOTHING
        for obj in self.objects(receiver):
            if obj.kind in ("pandas", "ndarray"):
                items |= frozenset((self.view(obj.id, obj.kind, "[]").id, obj.id))
            items |= self.heap.load_all(obj.id)
        items |= self.heap.inner(args.all() - functions) | (args.all() - functions)
        found = NOTHING

        def turn() -> None:
            nonlocal found
            for obj in self.objects(functions):
                found |= self.call_object(obj, Args(rest=items), node)

        self.repeat(turn, weak=False)
        return found

    def _has_call(self, obj: Obj) -> bool:
        return obj.kind == "instance" and bool(self.lookup(obj, "__call__"))

    def _result(self, known: Effect, receiver: Value, args: Args, called: Value, node: object) -> Value:
        kind, everything = known.kind, args.all()
        if known.result == "scalar":
            return NOTHING
        shared = NOTHING.union(
            args.keywords.get("out", NOTHING), *(v for n in known.mutates for v in args.positional[n : n + 1])
        )
        if self._not_copied(args):
            shared |= self._view_result(kind or "unknown", receiver | everything, node)
        return shared | self._new_result(known, receiver, args, called, node)

    def _new_result(self, known: Effect, receiver: Value, args: Args, called: Value, node: object) -> Value:
        result, kind = known.result, known.kind
        everything = args.all()
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
            return self._view_result(kind, receiver or everything, node) | called
        if result == "iter":
            return self.lazy(node, "iter", None, [receiver | everything])
        made = self.new(node, kind or "unknown", result)
        for obj in self.objects(receiver | everything):
            made.touches |= obj.touches
        if not receiver and kind in ("unknown", "context"):  # what is made stands for the hidden state
            made.touches |= {resource for mode, resource in known.resources if mode == "use"}
        self.hold(
            made, (everything | receiver if result == "hold" else self.heap.inner(everything | receiver)) | called
        )
        return frozenset((made.id,))

    def _view_result(self, kind: str, sources: Value, node: object) -> Value:
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

    def read_text(self, args: Args, keyword: str, names: re.Pattern[str], *, certain: bool) -> None:
        """Read the names in a literal text that a library evaluates; `certain` that it does, if the text is none."""
        given = [*args.node.args[:1], *(w.value for w in args.node.keywords if w.arg == keyword)] if args.node else []
        for part in given:
            texts = part.values if isinstance(part, ast.JoinedStr) else [part]
            literal = [t.value for t in texts if isinstance(t, ast.Constant) and isinstance(t.value, str)]
            for name in sorted({found for text in literal for found in names.findall(text)}):
                if self.is_bound(name):  # The others are columns, functions and options of the library's own language.
                    self.touch(self.load(name))
            if not literal and certain:
                self.lose_track("reads names by text")

    def reached_api(self, path: str) -> None:
        """Take it that a library's function in reach is called: what it is given is linked already."""
        known = function_effect(path)
        if known is not None and (known.resources or known.barrier):
            self._known_resources(known, NOTHING, Args())
            if known.barrier:
                self.barrier(known.barrier)
