"""What changed between two versions of a flow, task by task; formatting and comments are no change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.code_diff import body, code_diff, shortened
from jupyter_flows.core.document import Document
from jupyter_flows.core.pairing import Pairs, is_named, moved, pair
from jupyter_flows.core.rules import Rules

#: How many lines of an added task are shown.
_NEW_LINES = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    #: The task's slug, or None for the flow as a whole.
    task: str | None
    #: "added", "removed", "renamed", "moved", "code", "options", "inputs", "parameters", "requirements", ...
    what: str
    detail: str = ""
    #: The code that changed: lines that begin with ``+``, ``-`` or a space.
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        subject = f"task {self.task!r}: {self.what}" if self.task else self.what
        return f"{subject} ({self.detail})" if self.detail else subject


_OPTIONS = ("max_retries", "retry_delay_seconds", "timeout_seconds", "tags", "mapped", *Rules.__dataclass_fields__)
_CELL_OPTIONS = ("definition", "parameters", "after", "requires", "map")


def changes(
    old: Mapping[str, Any] | None,
    new: Document | Mapping[str, Any],
    *,
    old_code: Mapping[str, str] | None = None,
    new_code: Mapping[str, str] | None = None,
) -> list[Change]:
    """List what differs in meaning from `old` to `new`, tasks first in notebook order; no `old` is a new flow.

    The code of cells, by slug, lets a change of code be shown line by line.
    """
    if old is None:
        return [Change(None, "new flow", f"{len(new['tasks'])} tasks")]
    versions = _Versions(old, new, old_code or {}, new_code or {})
    found = [*versions.removed(), *versions.of_tasks(), *_of_flow(old, new)]
    if not found and old["digest"] != new["digest"]:
        found.append(Change(None, "callbacks or order"))
    return found


class _Versions:
    """Two versions whose tasks are matched."""

    def __init__(
        self, old: Mapping[str, Any], new: Mapping[str, Any], old_code: Mapping[str, str], new_code: Mapping[str, str]
    ):
        self.old, self.new = old["tasks"], new["tasks"]
        self.old_code, self.new_code = old_code, new_code
        self.pairs: Pairs = pair(self.old, self.new, old_code, new_code)
        self.moved = moved(self.pairs)
        self.before, self.after = _inputs(old), _inputs(new)

    def removed(self) -> Iterator[Change]:
        """Yield the old tasks that no new one is."""
        kept = set(self.pairs.values())
        for o, task in enumerate(self.old):
            if o not in kept:
                yield Change(task["slug"], "removed")

    def of_tasks(self) -> Iterator[Change]:
        """Yield what is new of each task, in notebook order."""
        for n, task in enumerate(self.new):
            if n in self.pairs:
                yield from self._of_task(n, task, self.old[self.pairs[n]])
            else:
                upstream = ", ".join(sorted(self.new[u]["slug"] for u in self.after[n]))
                lines = [f"+ {line}".rstrip() for line in body(self.new_code.get(task["slug"], ""))]
                yield Change(
                    task["slug"], "added", f"after {upstream}" if upstream else "", shortened(lines, limit=_NEW_LINES)
                )

    def _of_task(self, n: int, new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Change]:
        slug = new["slug"]
        if old["slug"] != slug and (is_named(old) or is_named(new)):
            yield Change(slug, "renamed", f"was {old['slug']}")
        if n in self.moved and "cell" in new:
            yield Change(slug, "moved", f"now after {self.new[n - 1]['slug']}" if n else "now the first")
        if old["meaning"] != new["meaning"]:
            yield Change(slug, "code", "", self._code(old["slug"], slug))
        differing = [f"{key} {_said(a)} -> {_said(b)}" for key, a, b in _differing_options(old, new)]
        if differing:
            yield Change(slug, "options", ", ".join(differing))
        if old.get("constants") != new.get("constants"):
            yield Change(slug, "arguments")
        inputs = list(self._inputs(n))
        if inputs:
            yield Change(slug, "inputs", ", ".join(inputs))

    def _code(self, old: str, new: str) -> tuple[str, ...]:
        if old not in self.old_code or new not in self.new_code:
            return ()
        return code_diff(self.old_code[old], self.new_code[new])

    def _inputs(self, n: int) -> Iterator[str]:
        """Say which tasks it waits for now and did not, and the other way round."""
        places = {o: m for m, o in self.pairs.items()}
        now = self.after[n]
        then = {places.get(u, -u - 1): names for u, names in self.before[self.pairs[n]].items()}
        for u in sorted(set(now) - set(then)):
            yield f"+ {self.new[u]['slug']}{_names(now[u])}"
        for u in sorted(set(then) - set(now)):
            slug = self.new[u]["slug"] if u >= 0 else self.old[-u - 1]["slug"]
            yield f"- {slug}{_names(then[u])}"
        for u in sorted(set(now) & set(then)):
            if now[u] != then[u]:
                yield f"{self.new[u]['slug']}:{_names(then[u]) or ' nothing'} ->{_names(now[u]) or ' nothing'}"


def _inputs(document: Mapping[str, Any]) -> list[dict[int, list[str]]]:
    """Return for each task the tasks it waits for, and the names that it takes from them."""
    found: list[dict[int, list[str]]] = [{} for _ in document["tasks"]]
    for u, d, key, names, _ in document["edges"]:
        known = found[d].setdefault(u, [])
        known += sorted(n for n in (*names, *([key] if key else [])) if n not in known)
    return found


def _names(names: list[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _differing_options(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    one, other = ({k: t.get(k) for k in _OPTIONS} | dict(t.get("cell") or {}) for t in (old, new))
    for key in (*_OPTIONS, *_CELL_OPTIONS):
        if one.get(key) != other.get(key):
            yield key, one.get(key), other.get(key)


def _said(value: Any) -> str:
    """Write an option's value: a list as its words."""
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def _of_flow(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """List what differs of the flow as a whole."""
    details = {
        "python": _plain(old.get("python"), new.get("python")),
        "requirements": _requirements(old["requirements"], new["requirements"]),
        "local module": [
            p for p in sorted({*old["modules"], *new["modules"]}) if _differ(old["modules"], new["modules"], p)
        ],
        "environment": _object(old.get("environment"), new.get("environment"), without={"labels"}),
        "labels": _set(old["labels"], new["labels"]),
        "schedule": _plain(old.get("schedule"), new.get("schedule")),
        "storage": _object(_storage(old), _storage(new)),
    }
    found = [Change(None, what, ", ".join(said)) for what, said in details.items() if said]
    return [*_parameter_changes(old["parameters"], new["parameters"]), *found]


def _parameter_changes(old: list[Any], new: list[Any]) -> list[Change]:
    before, after = ({p["name"]: p for p in side} for side in (old, new))
    names = [n for n in (*before, *(n for n in after if n not in before)) if before.get(n) != after.get(n)]
    return [Change(None, "parameters", f"{n}: {_default(before.get(n))} -> {_default(after.get(n))}") for n in names]


def _default(parameter: Mapping[str, Any] | None) -> str:
    if parameter is None:
        return "none"
    value = "required" if parameter["required"] else "computed" if parameter.get("computed") else None
    return f"{parameter['type']} {value or repr(parameter['default'])}"


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> bool:
    return old.get(key) != new.get(key)


def _plain(old: Any, new: Any) -> list[str]:
    return [f"{old} -> {new}"] if old != new else []


def _set(old: Iterable[str], new: Iterable[str]) -> list[str]:
    before, after = set(old), set(new)
    return [f"+ {n}" for n in sorted(after - before)] + [f"- {n}" for n in sorted(before - after)]


_PROJECT = re.compile(r"[A-Za-z0-9._-]+")


def _requirements(old: list[str], new: list[str]) -> list[str]:
    """Say ``pandas 2.1.0 -> 2.2.0`` of what stayed, and what came and went."""
    before, after = ({_project(r): r for r in side} for side in (old, new))
    found = []
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            found.append(f"+ {other}" if one is None else f"- {one}")
        elif one != other:
            found.append(f"{name} {_bare(one, name)} -> {_bare(other, name)}")
    return found


def _project(requirement: str) -> str:
    match = _PROJECT.match(requirement)
    return match[0] if match else requirement


def _bare(requirement: str, name: str) -> str:
    return requirement.removeprefix(name).strip().removeprefix("==") or "any"


def _storage(document: Mapping[str, Any]) -> Any:
    meaning = (document.get("storage") or {}).get("meaning")
    return meaning and {"class": meaning["class"], "options": {k: v for k, v in meaning.items() if k != "class"}}


def _object(old: Any, new: Any, *, without: Iterable[str] = ()) -> list[str]:
    """Say how two objects that are class and options differ; labels have a line of their own."""
    if old == new:
        return []
    one, other = ((o or {}).get("class", "none").rpartition(".")[2] for o in (old, new))
    if one != other:
        return [f"{one} -> {other}"]
    before, after = ((o or {}).get("options") or {} for o in (old, new))
    keys = sorted({*before, *after} - set(without))
    return [f"{key} {before.get(key)} -> {after.get(key)}" for key in keys if before.get(key) != after.get(key)]
