"""A notebook's findings, what keeps it from being a flow at all among them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import CaptureError, CheckError, DefinitionError, NotebookFileError

if TYPE_CHECKING:
    from jupyter_flows.capture.checks import Finding
    from jupyter_flows.capture.notebook import Notebook

#: How long one execution of a deep check may take, unless more is given.
DEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be checked, as a process is asked it."""

    #: The notebook as JSON, which may be newer than its file.
    text: str
    #: Where it is saved, "" if it is not.
    path: str
    folder: str
    name: str | None
    #: Names that a kernel has.
    alive: tuple[str, ...] = ()
    deep_seconds: float | None = None


def findings_of(path: Path) -> tuple[Finding, ...]:
    """Check a notebook; a mistake that stops the reading is the one finding then, coded by its error's name.

    A file that is no notebook raises `NotebookFileError`: there is nothing to check.
    """
    from jupyter_flows.cli.captured import read

    return _found(lambda: read(path).captured.findings)


def _found(look: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    from jupyter_flows.capture.checks import Finding

    try:
        return tuple(look())
    except NotebookFileError:
        raise
    except (CaptureError, DefinitionError) as error:
        cell, line = getattr(error, "ordinal", None), getattr(error, "line", None)
        return (Finding(type(error).__name__, "error", cell, line, str(error).rstrip(".")),)


def with_deep(
    found: tuple[Finding, ...], notebook: Notebook, *, seconds: float, say: Callable[[str], None]
) -> tuple[Finding, ...]:
    """Run a notebook both ways and add what that finds; a flow that would be refused is not run."""
    from jupyter_flows.capture.checks import in_order
    from jupyter_flows.comparison.deep import prove

    if any(f.level == "error" for f in found):
        say("Not run: first correct the errors, which would refuse the flow.")
        return found
    proof = prove(notebook, timeout_seconds=seconds, say=say)
    say(proof.summary)
    return in_order([*found, *proof.findings])


def found_apart(
    notebook: Notebook,
    *,
    folder: Path,
    name: str | None,
    alive: Iterable[str] = (),
    deep_seconds: float | None = None,
    say: Callable[[str], None],
) -> tuple[Finding, ...]:
    """Check a notebook in a process of its own, which knows nothing of what was done to this one."""
    from jupyter_flows.capture.checks import Finding

    path = str(notebook.path) if notebook.path else ""
    question = Question(notebook.text, path, str(folder), name, tuple(sorted(alive)), deep_seconds)
    command = [sys.executable, "-P", "-m", "jupyter_flows.cli.checked"]
    said = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as asked, tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        json.dump({slot: getattr(question, slot) for slot in question.__slots__}, asked)
        asked.seek(0)
        with subprocess.Popen(command, stdin=asked, stdout=out, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr or ():
                said.append(line.rstrip("\n"))
                if line.startswith(_SAID):
                    say(line.rstrip("\n").removeprefix(_SAID))
        if process.returncode:
            raise CheckError(f"The check ended with {process.returncode}: {said[-1] if said else 'it said nothing'}")
        out.seek(0)
        answer = json.load(out)
    if "error" in answer:
        raise CheckError(answer["error"])
    return tuple(Finding(**finding) for finding in answer["findings"])


#: Stands before a line for people, among what libraries may write.
_SAID = "jupyter-flows-says: "


def _answer(question: Question) -> dict[str, Any]:
    from jupyter_flows.capture.notebook import capture, read_notebook

    notebook = read_notebook(question.text)
    if question.path:
        notebook = replace(notebook, path=Path(question.path))

    def look() -> Iterable[Finding]:
        folder = Path(question.folder)
        return capture(notebook, name=question.name, folder=folder, alive=question.alive).findings

    def say(text: str) -> None:
        sys.stderr.write(f"{_SAID}{text}\n")
        sys.stderr.flush()

    try:
        found = _found(look)
        if question.deep_seconds:
            found = with_deep(found, notebook, seconds=question.deep_seconds, say=say)
    except (CheckError, NotebookFileError) as error:
        return {"error": str(error)}
    return {"findings": [finding.to_json() for finding in found]}


if __name__ == "__main__":
    json.dump(_answer(Question(**json.load(sys.stdin))), sys.stdout)
