"""How a notebook's names travel in a script: along edges, or in the module as they do in a kernel."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_flows.capture.definitions import evaluated_names
from jupyter_flows.capture.export.cell_names import CellNames, cell_names
from jupyter_flows.capture.export.translating import Plain
from jupyter_flows.capture.refs import CellRefs

#: Hidden state that importing a module neither reads nor changes.
_HARMLESS = frozenset({"<display history>", "<random>", "<numpy.random>", "<pyplot>", "<rcparams>"})
#: Arguments that a task's call takes for itself.
_RESERVED = frozenset({"self", "flow", "upstream_tasks", "task_args"})
_MENTIONED = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class Step:
    """One cell on its way to be a function, or a piece of the module."""

    index: int
    plain: Plain
    refs: CellRefs
    #: Whether the author marked it as a task: then it stays one.
    marked: bool = False
    parameters: bool = False
    may_fail: bool = False
    names: CellNames = field(default_factory=CellNames)
    #: Whether it stands at the top of the file: definitions, and the imports of a cell that does more.
    hoisted: bool = False
    #: Names that it takes, by the step that gives them.
    takes: dict[str, int] = field(default_factory=dict)
    gives: list[str] = field(default_factory=list)
    globals: list[str] = field(default_factory=list)
    #: Steps that it waits for without taking anything from them.
    after: list[int] = field(default_factory=list)

    @property
    def draws(self) -> bool:
        """Whether it uses the current figure, which ends with the cell."""
        return "<pyplot>" in self.refs.resources


def plan(
    steps: Sequence[Step], edges: Iterable[tuple[int, int]], *, dropped: frozenset[int], given: frozenset[str]
) -> None:
    """Decide for each step what it takes, gives and keeps in the module.

    `dropped` are the steps that need no function: parameters that are mere values, whose names are `given`.
    """
    for step in steps:
        step.names = cell_names(step.plain.tree.body)
        step.hoisted = False
    _hoist(steps, edges, dropped)
    work = [s for s in steps if not s.hoisted and s.index not in dropped]
    shared = shared_names(steps, dropped, given)
    _route(work, shared, {name: min(dropped) for name in given} if dropped else {})
    _order(work, edges, {s.index for s in steps} - {s.index for s in work}, dropped)


# -- what stands at the top of the file ----------------------------------------------------------------


def _hoist(steps: Sequence[Step], edges: Iterable[tuple[int, int]], dropped: frozenset[int]) -> None:
    """Put definition cells at the top of the file where nothing can tell that they ran earlier."""
    upstream: dict[int, set[int]] = {}
    for u, d in edges:
        upstream.setdefault(d, set()).add(u)
    binders = _binders(steps)
    late_binds = {name for s in steps for name in s.names.late_binds | s.names.deletes}
    everywhere = any(s.names.dynamic for s in steps)
    known: set[str] = set()
    passed: list[Step] = []
    for step in steps:
        if step.index in dropped:
            continue
        stays = step.marked or step.parameters or step.may_fail
        names = None if stays else evaluated_names(step.plain.tree if passed else without_stars(step.plain.tree))
        fine = names is not None and all(n in known or n not in binders for n in names)
        if fine and passed:
            waits = upstream.get(step.index, set()) - {s.index for s in steps if s.hoisted}
            fine = not waits and not everywhere and _goes_first(step, passed, binders, late_binds)
        if fine:
            step.hoisted = True
            known |= step.names.binds
        else:
            passed.append(step)
    for step in steps:
        step.hoisted = step.hoisted and bool(step.plain.tree.body)


def without_stars(tree: ast.Module) -> ast.Module:
    """Return a cell without ``import *``, which changes nothing for cells below as long as it goes first."""
    return ast.Module([node for node in tree.body if not is_star(node)] or [ast.Pass()], [])


def is_star(node: ast.stmt) -> bool:
    """Tell ``from module import *``."""
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _goes_first(step: Step, passed: Sequence[Step], binders: Mapping[str, set[str]], late_binds: set[str]) -> bool:
    """Tell whether a definition cell may run before the cells above it that do something."""
    names = step.names.binds
    alone = all(len(binders[n]) == 1 and n not in late_binds and not hasattr(builtins, n) for n in names)
    unread = not any(names & (s.names.needs | s.names.late) - s.names.sure for s in passed)
    if step.names.imports:
        quiet = all(s.refs.resources <= _HARMLESS and s.refs.barrier is None for s in passed)
        return alone and unread and quiet
    return alone and unread


def _binders(steps: Sequence[Step]) -> dict[str, set[str]]:
    """Return for each name what binds it; imports that say the same are one."""
    found: dict[str, set[str]] = {}
    for step in steps:
        for name in step.names.binds:
            found.setdefault(name, set()).add(step.names.imports.get(name, f"cell {step.index}"))
    return found


# -- which names live in the module ----------------------------------------------------------------------


def shared_names(steps: Sequence[Step], dropped: frozenset[int], given: frozenset[str]) -> set[str]:
    """Return the names that must be the module's, as code looks them up there late or by text."""
    bound = {name for s in steps for name in s.names.binds | s.names.late_binds} | given
    if any(s.names.dynamic for s in steps):
        return bound
    shared = set(_RESERVED)
    for step in steps:
        names = step.names
        shared |= names.late | names.late_binds | names.deletes | set(_mentioned(step.plain.tree))
        if step.hoisted or step.may_fail:
            shared |= names.binds
        elif step.index not in dropped:
            shared |= set(names.imports) | names.defines
    return shared & bound


def _mentioned(tree: ast.Module) -> Iterable[str]:
    """Yield the names in texts that libraries look up where they are called: ``query("a > @limit")``, formulas."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ("@" in node.value or "~" in node.value):
            yield from _MENTIONED.findall(node.value)


# -- how the others travel ---------------------------------------------------------------------------------


def _route(work: Sequence[Step], shared: set[str], source: dict[str, int]) -> None:
    """Find which step takes each name from which; a name that a step can't be sure of joins the shared ones."""
    while True:
        unsure = _unsure(work, shared, set(source))
        if not unsure:
            break
        shared |= unsure
    source = {name: at for name, at in source.items() if name not in shared}
    by_index = {s.index: s for s in work}
    for step in work:
        names = step.names
        wanted = (names.needs | (names.binds - names.sure)) - shared
        step.takes = {name: source[name] for name in sorted(wanted) if name in source}
        step.globals = sorted((names.binds | names.deletes) & shared)
        for name, at in step.takes.items():
            if at in by_index and name not in by_index[at].gives:
                by_index[at].gives.append(name)
        for name in (names.binds - shared) | (step.refs.mutates & set(step.takes)):
            if name in names.sure or name in step.takes:
                source[name] = step.index
    for step in work:
        if not step.gives:
            last = [name for name in _assigned(step.plain.tree) if name in step.names.sure - shared and name[0] != "_"]
            step.gives = list(dict.fromkeys(last))


def _unsure(work: Sequence[Step], shared: set[str], known: set[str]) -> set[str]:
    """Return the names that a step may find unbound: in the module it would find a builtin, or an error."""
    found: set[str] = set()
    bound, loose = set(known), set[str]()
    for step in work:
        names = step.names
        wanted = names.needs - shared - bound
        found |= wanted & (names.binds | loose)
        loose |= names.binds - names.sure - bound - shared
        bound |= names.sure
    return found


def _assigned(tree: ast.Module) -> Iterable[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from (
                n.id
                for t in node.targets
                for n in ast.walk(t)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )


# -- edges that no value makes ------------------------------------------------------------------------------


def _order(work: Sequence[Step], edges: Iterable[tuple[int, int]], gone: set[int], values: frozenset[int]) -> None:
    """Draw the edges that taking values does not draw; cells without a function hand theirs on."""
    upstream: dict[int, set[int]] = {}
    for u, d in sorted(edges, key=lambda e: e[1]):
        # Whatever waited for a cell that is gone waits for what that cell waited for.
        upstream.setdefault(d, set()).update(upstream.get(u, set()) if u in gone else {u})
    before: dict[int, set[int]] = {}
    for step in work:
        sources = {at for at in step.takes.values() if at not in values}
        found = set().union(*({at} | before[at] for at in sources))
        for u in sorted(upstream.get(step.index, ()), reverse=True):
            if u not in found:
                step.after.append(u)
                found |= {u} | before[u]
        step.after.reverse()
        before[step.index] = found
