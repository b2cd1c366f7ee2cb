"""``python -m jupyter_flows.engine.health FOLDER REQUIREMENT...``: tell whether the flow of a bundle would run.

It prints ``{"failures": [...]}``, and exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jupyter_flows.core.bundle import Bundle, unpack_flow
from jupyter_flows.errors import FlowsError

if TYPE_CHECKING:
    from importlib.metadata import Distribution


def main(arguments: Sequence[str] | None = None) -> None:
    """Look, say what was found, and exit with 1 where the flow would not run."""
    parser = argparse.ArgumentParser(prog="python -m jupyter_flows.engine.health")
    parser.add_argument("folder")
    parser.add_argument("requirements", nargs="*")
    parser.add_argument("--quick", action="store_true", help="only parse and load the flow")
    options = parser.parse_args(arguments)
    failures = list(failures_of(options.folder, options.requirements, quick=options.quick))
    sys.stdout.write(json.dumps({"failures": failures}) + "\n")
    sys.stdout.flush()
    sys.exit(1 if failures else 0)


def failures_of(folder: str, requirements: Sequence[str], *, quick: bool) -> Iterator[str]:
    """Yield a sentence for each reason why the flow in a folder would not run in this interpreter."""
    try:
        bundle = Bundle.from_folder(folder)
        yield from _python(str(bundle.document["python"]))
        if not quick:
            yield from _versions(requirements)
            yield from _imports(requirements)
        yield from _loads(bundle)
    except FlowsError as error:
        yield str(error)


def _python(wanted: str) -> Iterator[str]:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != wanted:
        yield f"Python {here} instead of {wanted}"


def _versions(requirements: Sequence[str]) -> Iterator[str]:
    from jupyter_flows.engine.versions import version_differences

    yield from version_differences(requirements)


def _loads(bundle: Bundle) -> Iterator[str]:
    """Bring the flow back, as its run will."""
    from jupyter_flows.environments.execution import environment_from_json

    unpacked = unpack_flow(bundle)
    for task in unpacked.flow.cell_tasks:
        if not task.needs_shell:
            try:
                compile(task.code, task.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            except SyntaxError as error:
                yield f"task {task.name!r} can't be compiled: {error}"
    if bundle.document["environment"]:
        environment_from_json(bundle.document["environment"], unpacked.callbacks)


def _imports(requirements: Iterable[str]) -> Iterator[str]:
    """Import what each requirement is there for: of several modules, one that can be imported is enough."""
    from importlib import metadata

    for requirement in requirements:
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        if match is None:
            continue
        try:
            distribution = metadata.distribution(match[0])
        except metadata.PackageNotFoundError:
            continue
        failures = [_failure(module) for module in _modules(distribution)]
        if failures and None not in failures:
            yield f"{match[0]} can't be imported: {failures[0]}"


def _modules(distribution: Distribution) -> list[str]:
    """Return the importable names at the top of a distribution, those that are nobody's business left out."""
    listed = (distribution.read_text("top_level.txt") or "").split()
    tops = {path.parts[0] for path in distribution.files or () if len(path.parts) > 1 and path.suffix == ".py"}
    singles = {path.stem for path in distribution.files or () if len(path.parts) == 1 and path.suffix == ".py"}
    return sorted(n for n in {*listed, *tops, *singles} if n.isidentifier() and not n.startswith("_"))


def _failure(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - whatever a package does when it is imported
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    main()
