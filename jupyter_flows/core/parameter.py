"""Parameters: the values a flow is run with."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.task import Task
from jupyter_flows.errors import ParameterError, listed

#: Type names as flow.json has them, and what they accept. "any" takes every JSON value.
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list, tuple),
    "dict": (dict,),
}
_NO_DEFAULT: Any = object()


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter as flow.json has it: a name, a type, and perhaps a default."""

    name: str
    #: "int", "float", "str", "bool", "list", "dict" or "any".
    type: str = "any"
    default: Any = None
    required: bool = False
    #: Whether the default is made by code and so known only in a run.
    computed: bool = False

    def check(self, value: Any) -> Any:
        """Return `value`, or raise `ParameterError` when it is of another type."""
        if self.type == "any" or (value is None and self.default is None and not self.required):
            return value
        kind: type = type(value)
        if not issubclass(kind, _TYPES[self.type]) or (kind is bool and self.type != "bool"):
            raise ParameterError(f"Parameter {self.name!r} takes {self.type}, not {value!r} ({kind.__name__}).")
        return float(value) if self.type == "float" else value

    def parse(self, text: str) -> Any:
        """Read a value written on a command line; raise `ParameterError` when it is of another type.

        >>> ParameterSpec("n", "int").parse("3"), ParameterSpec("region", "str").parse("3")
        (3, '3')
        """
        if self.type == "str":
            return text
        value = _literal(text)
        if self.type == "bool" and not isinstance(value, bool):
            value = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
                str(value).lower(), value
            )
        return self.check(value)

    def over(self, declared: ParameterSpec) -> ParameterSpec:
        """Return the parameter as it was declared, with this one's default.

        >>> ParameterSpec("n", "int", 5).over(ParameterSpec("n", "float", 0.5))
        ParameterSpec(name='n', type='float', default=5.0, required=False, computed=False)
        """
        if declared.type == "float" and self.type == "int":
            return ParameterSpec(self.name, "float", float(self.default), computed=self.computed)
        same = declared.type == self.type or self.default is None
        return ParameterSpec(self.name, declared.type if same else "any", self.default, computed=self.computed)

    def to_json(self) -> dict[str, Any]:
        """Return the parameter as JSON values; a default that is none is written as its repr."""
        try:
            json.dumps(self.default)
            default = self.default
        except (TypeError, ValueError):
            default = repr(self.default)
        data = {"name": self.name, "type": self.type, "default": default, "required": self.required}
        return data | ({"computed": True} if self.computed else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ParameterSpec:
        """Read what `to_json` wrote."""
        return cls(data["name"], data["type"], data["default"], data["required"], data.get("computed", False))

    @classmethod
    def infer(cls, name: str, default: Any) -> ParameterSpec:
        """Take the type from the default's."""
        known = next((t for t, types in _TYPES.items() if type(default) is types[0]), "any")
        return cls(name, known, default, required=False)


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def resolve(specs: Iterable[ParameterSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value: the given one, else the default where it is not computed in the run.

    Raises `ParameterError` for an unknown name, a missing required one, or a wrong type.
    """
    by_name = {s.name: s for s in specs}
    unknown = set(given) - set(by_name)
    if unknown:
        raise ParameterError(f"This flow has no parameter {listed(unknown)}; it has {listed(by_name)}.")
    missing = {s.name for s in by_name.values() if s.required} - set(given)
    if missing:
        raise ParameterError(f"Parameter {listed(missing)} needs a value: give it with -p NAME=VALUE or parameters=.")
    known = (s for s in by_name.values() if s.name in given or not s.computed)
    return {s.name: s.check(given[s.name]) if s.name in given else s.default for s in known}


class Parameter(Task):
    """A task whose result is the value that the run was given under its name.

    Without a default the parameter is required; with one, its type is the default's.
    """

    def __init__(self, name: str, default: Any = _NO_DEFAULT, *, required: bool | None = None, type: str | None = None):  # noqa: A002 - the field's name
        super().__init__(name=name)
        has_default = default is not _NO_DEFAULT
        value = default if has_default else None
        needed = not has_default if required is None else required
        self.spec = ParameterSpec(
            name, type or (ParameterSpec.infer(name, value).type if has_default else "any"), value, needed
        )

    @property
    def default(self) -> Any:
        """What the parameter is when a run gives nothing."""
        return self.spec.default

    @property
    def required(self) -> bool:
        """Whether every run must give it."""
        return self.spec.required
