"""Run notebooks top to bottom, and as the scripts that they are exported to, in this process."""

from __future__ import annotations

import ast
import contextlib
import io
import random
import re
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from IPython.lib.pretty import pretty

from jupyter_flows.capture.code import ends_silent
from jupyter_flows.capture.export.script import export_script
from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.core.cell import Cell

sys.path.insert(0, str(Path(__file__).parent))

from adversary import OUTSIDE, canonical


@contextlib.contextmanager
def surroundings(name: str) -> Iterator[types.ModuleType]:
    """Give a fresh module, the strange library, and random numbers that are always the same."""
    module, outside = types.ModuleType(name), types.ModuleType("outside")
    exec(compile(OUTSIDE, "outside", "exec"), outside.__dict__)
    module.__dict__["REPORT"] = canonical
    saved, state = {n: sys.modules.get(n) for n in ("outside", name)}, random.getstate()
    sys.modules |= {"outside": outside, name: module}
    random.seed(12345)
    try:
        yield module
    finally:
        random.setstate(state)
        for n, before in saved.items():
            sys.modules.pop(n)
            if before is not None:
                sys.modules[n] = before


def top_to_bottom(sources: Sequence[str], name: str = "__main__") -> tuple[str, dict[str, Any]]:
    """Run cells as a kernel does, and return what they print and show, and their names; an error goes out."""
    stream = io.StringIO()
    with surroundings(name) as module, contextlib.redirect_stdout(stream):
        for number, source in enumerate(sources, start=1):
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, f"cell {number}", "exec"), module.__dict__)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), module.__dict__)
                if value is not None and not ends_silent(source):
                    print(pretty(value))
        return stream.getvalue(), dict(module.__dict__)


def script_of(sources: Sequence[str], *tags: tuple[str, ...]) -> str:
    """Export cells; tags are those of the first cells."""
    all_tags = [*tags, *[()] * (len(sources) - len(tags))]
    cells = [Cell(source, 1, None, frozenset(t)) for source, t in zip(sources, all_tags, strict=True)]
    return export_script(capture(from_sources(cells), name="made"))


def as_script(script: str, parameters: dict[str, Any] | None = None, name: str = "__main__") -> str:
    """Run a script's flow and return what it prints; a task's error goes out."""
    stream = io.StringIO()
    with surroundings(name) as module:
        module.__dict__["__name__"] = "exported"
        exec(compile(script, "script", "exec"), module.__dict__)
        module.__dict__["__name__"] = name
        flow = module.__dict__[re.findall(r"\((\w+)\(\)\)", script)[-1]]()
        with contextlib.redirect_stdout(stream):
            state = flow.run(parameters or {})
    for its in state.result.values():
        if isinstance(its.result, Exception):
            raise its.result
    assert state.is_successful()
    return stream.getvalue()
