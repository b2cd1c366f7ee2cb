"""What changed between two versions of a flow, task by task; formatting and comments are no change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.document import Document


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    #: The task's slug, or None for the flow as a whole.
    task: str | None
    #: "added", "removed", "code", "options", "edges", "parameters", "requirements", "environment", ...
    what: str
    detail: str = ""

    def __str__(self) -> str:
        subject = f"task {self.task!r}: {self.what}" if self.task else self.what
        return f"{subject} ({self.detail})" if self.detail else subject


_OPTIONS = ("max_retries", "retry_delay_seconds", "timeout_seconds", "tags")
_WHOLE = ("python", "environment", "labels")


def changes(old: Mapping[str, Any] | None, new: Document | Mapping[str, Any]) -> list[Change]:
    """List what differs in meaning from `old` to `new`, tasks first in notebook order; no `old` is a new flow."""
    if old is None:
        return [Change(None, "new flow", f"{len(new['tasks'])} tasks")]
    before = {t["slug"]: t for t in old["tasks"]}
    after = {t["slug"]: t for t in new["tasks"]}
    found = [Change(slug, "removed") for slug in before if slug not in after]
    for slug, task in after.items():
        found += _task_changes(slug, before.get(slug), task)
    found += _edge_changes(old, new)
    found += _parameter_changes(old["parameters"], new["parameters"])
    found += _set_changes("requirements", old["requirements"], new["requirements"])
    found += _module_changes(old["modules"], new["modules"])
    found += [Change(None, key, f"{_short(old[key])} -> {_short(new[key])}") for key in _WHOLE if old[key] != new[key]]
    if _storage(old) != _storage(new):
        found.append(Change(None, "storage", f"{_storage(old)} -> {_storage(new)}"))
    if not found and old["digest"] != new["digest"]:
        found.append(Change(None, "callbacks or order"))
    return found


def _task_changes(slug: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Iterable[Change]:
    if old is None:
        yield Change(slug, "added")
        return
    if old["meaning"] != new["meaning"]:
        yield Change(slug, "code")
    differing = [f"{key} {old[key]} -> {new[key]}" for key in _OPTIONS if old[key] != new[key]]
    if differing:
        yield Change(slug, "options", ", ".join(differing))
    if old.get("constants") != new.get("constants"):
        yield Change(slug, "arguments")


def _edge_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    before, after = _edges(old), _edges(new)
    found = [Change(None, "edge added", f"{u} -> {d}") for u, d in sorted(after - before)]
    return found + [Change(None, "edge removed", f"{u} -> {d}") for u, d in sorted(before - after)]


def _edges(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    slugs = [t["slug"] for t in document["tasks"]]
    return {(slugs[e[0]], slugs[e[1]]) for e in document["edges"]}


def _parameter_changes(old: list[Any], new: list[Any]) -> list[Change]:
    before, after = ({p["name"]: p for p in side} for side in (old, new))
    names = [n for n in (*before, *(n for n in after if n not in before)) if before.get(n) != after.get(n)]
    return [Change(None, "parameters", f"{n}: {_default(before.get(n))} -> {_default(after.get(n))}") for n in names]


def _default(parameter: Mapping[str, Any] | None) -> str:
    return "none" if parameter is None else f"{parameter['type']} {parameter['default']!r}"


def _set_changes(what: str, old: list[str], new: list[str]) -> list[Change]:
    if old == new:
        return []
    marks = [f"+{n}" for n in new if n not in old] + [f"-{n}" for n in old if n not in new]
    return [Change(None, what, ", ".join(marks))]


def _module_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    paths = sorted(p for p in {*old, *new} if old.get(p) != new.get(p))
    return [Change(None, "local module", path) for path in paths]


def _storage(document: Mapping[str, Any]) -> Any:
    return (document.get("storage") or {}).get("meaning")


def _short(value: Any) -> str:
    if isinstance(value, Mapping) and "class" in value:
        return str(value["class"]).rpartition(".")[2] + f" {value.get('options', {})}"
    return str(value)
