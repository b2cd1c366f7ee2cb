"""Code that nobody knows: it may change, link, keep and call all it is given."""

from __future__ import annotations

import ast

from jupyter_flows.capture.heap import NOTHING, Obj, Refused, Value
from jupyter_flows.capture.instances import Instances
from jupyter_flows.capture.passed import Args
from jupyter_flows.capture.resources import FILES, NUMPY_RANDOM, PYPLOT, RANDOM, file_resource


class Unknown(Instances):
    """Code that nobody knows: it may change, link, keep and call all it is given."""

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
        handed = self.handed = set(value)
        for _ in range(20):
            known, count = self.known(), len(handed)
            everything = frozenset(handed)
            given = self._hand_over(everything)
            self._run_reachable(self.heap.reach(everything)[0], given, handed)
            if known == self.known() and count == len(handed):
                return value | given
        raise Refused

    def _touches(self, value: Value) -> None:
        for obj in self.objects(value):
            self.touches_of(obj)

    def touches_of(self, obj: Obj) -> None:
        """Use the hidden state that an object stands for."""
        for resource in obj.touches:
            if resource.startswith("<module:"):
                self.package_state(resource[8:-1])
            else:
                self.resources.use(resource)

    def _run_reachable(self, objs: list[int], given: Value, handed: set[int]) -> None:
        """Run all code in reach, with anything, as often as it likes; add what it returns to what is handed over."""
        context, self.context = self.context, self.intern(("reached", self.cell))
        try:
            for number in objs:
                obj = self.heap.objs[number]
                if obj.kind == "function" and obj not in self.running:
                    result = self._follow(obj, Args(rest=given), obj)
                    self._keep_result(obj, result)
                    handed |= result  # whoever called it may call what it returned
                elif obj.kind == "api":
                    self.reached_api(obj.data)
                elif obj.kind == "iterator" and obj.data is not None and obj not in self.resuming:
                    self.resume_now(obj)
        finally:
            self.context = context

    def hand_function(self, function: Obj, args: Args, node: object) -> Value:
        """Have a function that is called by code in reach run as that code is: with anything, when its turn comes."""
        this = frozenset((function.id,))
        return self.havoc(this | args.all(), node) | self.returned.get(function.id, NOTHING)

    def _keep_result(self, function: Obj, result: Value) -> None:
        old = self.returned.get(function.id, NOTHING)
        if not result <= old:
            self.returned[function.id] = old | result
            self.bound_anew()

    def package_state(self, package: str) -> None:
        """Take it that a library's code uses what the library keeps, and perhaps the usual shared things."""
        if package in self.packages:
            return
        self.packages.add(package)
        self.resources.use(f"<module:{package}>")
        for resource in (RANDOM, NUMPY_RANDOM, PYPLOT):
            self.resources.use(resource, certain=False)
        self.resources.read("<environ>", certain=False)
        self.resources.read("<rcparams>", certain=False)

    def guess_files(self, args: Args) -> None:
        """Take it that a literal path given to unknown code is a file it uses."""
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
