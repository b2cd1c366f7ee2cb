"""Which cell of a flow is which cell of an earlier version of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from jupyter_flows.core.artifact import sha256
from jupyter_flows.core.flow import Flow
from jupyter_flows.engine.results.choice import CellFacts
from jupyter_flows.engine.results.groups import is_kept
from jupyter_flows.engine.results.journal import Step


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier run's cells, seen from the flow of today."""

    #: Earlier name to today's; of cells that are gone, to a name that none has today.
    names: Mapping[str, str]
    #: Today's cells that must run, with why; cells that are gone among them.
    again: Mapping[str, str]
    #: The earlier edges, in today's names.
    edges: tuple[tuple[str, str], ...]

    def step(self, step: Step) -> Step:
        """Return an earlier step in today's names."""
        return Step(
            {self.names[n]: well for n, well in step.ended.items()},
            [replace(h, by=frozenset(self.names[n] for n in h.by)) for h in step.holdings],
        )


def describe(flow: Flow, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells, when a run is resumed, whether its cells are those of the flow of then."""
    origin = flow.origin
    return {
        "python": list(sys.version_info[:3]),
        "requirements": list(origin.requirements) if origin else [],
        "modules": {path: sha256(text) for path, text in sorted(origin.modules.items())} if origin else {},
        "parameters": dict(parameters),
        "cells": [[t.name, _signature(t), t.cell.ordinal] for t in flow.cell_tasks],
        "edges": [[e.upstream.name, e.downstream.name] for e in flow.edges],
    }


def _signature(task: Any) -> str:
    marks = (task.definition, task.parameters, task.needs_shell, task.may_fail)
    return f"{task.meaning} {''.join('-+'[bool(mark)] for mark in marks)}"


def definition_keys(flow: Flow) -> dict[str, str]:
    """Return by what definition cells are known from run to run: meaning, and how many before mean the same."""
    seen: dict[str, int] = {}
    found = {}
    for task in flow.cell_tasks:
        seen[task.meaning] = number = seen.get(task.meaning, 0) + 1
        found[task.name] = f"{task.meaning}#{number}"
    return found


def facts(flow: Flow) -> list[CellFacts]:
    """Return what choosing needs to know of a flow's cells."""
    return [
        CellFacts(
            t.name,
            t.definition,
            t.reads,
            t.reads | t.writes | t.touches,
            t.hidden,
            frozenset(u.name for u in flow.upstream_tasks(t)),
            frozenset(n for n in t.writes if not is_kept(n)),
        )
        for t in flow.cell_tasks
    ]


def match(earlier: Mapping[str, Any], now: Mapping[str, Any], steps: Sequence[Step]) -> Match:
    """Compare what `describe` said of an earlier run with what it says now."""
    old, new = earlier["cells"], now["cells"]
    pairs = SequenceMatcher(None, [c[1] for c in old], [c[1] for c in new], autojunk=False).get_matching_blocks()
    names = {f"{c[0]}": f"\0{c[0]}" for c in old}
    names |= {old[b.a + n][0]: new[b.b + n][0] for b in pairs for n in range(b.size)}
    ended = {names[n]: well for step in steps for n, well in step.ended.items()}
    matched = set(names.values())
    again = {name: "it is gone" for name in matched if name[0] == "\0"}
    everything = _reason(earlier, now)
    for name, *_ in new:
        if everything:
            again[name] = everything
        elif name not in matched:
            again[name] = "it is new or changed"
        elif not ended.get(name):
            again[name] = "it failed" if name in ended else "it did not run"
    return Match(names, again, tuple((names[u], names[d]) for u, d in earlier["edges"]))


def _reason(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return why nothing of an earlier run can be used; empty where something can."""
    for what, words in (
        ("python", "Python is another version"),
        ("requirements", "the requirements changed"),
        ("modules", "local modules changed"),
        ("parameters", "the parameters are others"),
    ):
        if earlier[what] != now[what]:
            return words
    return ""
