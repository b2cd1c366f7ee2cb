"""What registering to an image costs, without an engine; and with one, by a Dockerfile of the same content."""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.measure import Row, interleaved, medians
from tests.images.bases import layout_base
from tests.images.engine import import_base, running_engine
from tests.images.engine import why_not as no_engine
from tests.images.registry import running_registry
from tests.images.registry import why_not as no_registry

ROUNDS = 5
REQUIREMENTS = ["numpy==2.2.6", "pandas==2.2.3"]


def measure() -> list[Row]:
    """Return the rows of this page: registering from within a process, as a kernel does."""
    if no_registry():
        raise RuntimeError(f"images can't be measured: {no_registry()}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flows-bench-")))
        url = stack.enter_context(running_registry()).url
        kernel = stack.enter_context(_Kernel.running(folder, url))
        first = kernel.register(0)
        salts = itertools.count(1)
        ways = {"ours": lambda: kernel.register(next(salts))["ms"]}
        theirs: dict[str, float] = {}
        if not no_engine():
            engine = stack.enter_context(_by_dockerfile(folder / "docker", url))
            theirs["first"] = engine(0)
            ways["theirs"] = lambda: engine(next(salts))
        times = interleaved(ROUNDS, **ways)
        last = kernel.register(next(salts))
    middle = medians(times)
    name = "docker build + push" if theirs else ""
    sent = f"{last['bytes'] / 1e3:.1f} kB sent, peak {last['peak_mb']:.0f} MB"
    return [
        Row(
            f"NumPy + pandas to an image, the first time ({first['bytes'] / 1e6:.0f} MB sent)",
            first["ms"], name, theirs.get("first"), times_faster=2 if theirs else None,
        ),
        Row(
            f"the same with one cell changed ({sent})",
            middle["ours"], name, middle.get("theirs"), at_most=500, times_faster=10 if theirs else None, samples=times,
        ),
    ]  # fmt: skip


class _Kernel:
    """A process that registers when it is told to, as a kernel does with ``%flow_register``."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    @classmethod
    @contextmanager
    def running(cls, folder: Path, url: str) -> Iterator[_Kernel]:
        """Start one, with places of its own."""
        environ = {**os.environ, "JUPYTER_FLOWS_HOME": str(folder / "home")}
        command = [sys.executable, "-m", "benchmarks.images", str(folder), url]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        ) as process:
            try:
                yield cls(process)
            finally:
                process.kill()

    def register(self, salt: int) -> dict[str, float]:
        """Register the notebook with a cell changed; return milliseconds, bytes sent and the peak of memory."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError(self._process)
        self._process.stdin.write(f"{salt}\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def _by_dockerfile(folder: Path, url: str) -> Iterator[object]:
    """Give a function that builds and pushes what a Dockerfile with the same packages makes."""
    folder.mkdir()
    text = "FROM flows-test/python:base\nCOPY site /opt/flow/site\nCOPY flow /opt/flow/bundle\nUSER 1000:0\n"
    (folder / "Dockerfile").write_text(text)
    with running_engine() as engine:
        client = engine.client()
        try:
            import_base(client)

            def build(salt: int) -> float:
                begin = time.perf_counter()
                if not (folder / "site").exists():
                    words = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(folder / "site")]
                    subprocess.run([*words, "--python", sys.executable, *REQUIREMENTS], check=True)
                (folder / "flow").mkdir(exist_ok=True)
                (folder / "flow" / "cells.py").write_text(f"start = {salt}\n" * 200)
                name = f"{url}/bench/dockerfile:{salt}"
                client.images.build(path=str(folder), tag=name)
                client.images.push(name)
                return (time.perf_counter() - begin) * 1000

            yield build
        finally:
            client.close()


def _serve(folder: Path, url: str) -> None:
    """Register the notebook once for each line of standard input."""
    import nbformat

    from jupyter_flows.cli.captured import Wishes, read
    from jupyter_flows.register import register

    base = layout_base(folder / "base")
    options = {
        "registry_url": f"{url}/bench",
        "base_image": base,
        "python_dependencies": REQUIREMENTS,
        "builder": "oci",
    }
    path = folder / "report.ipynb"
    for line in sys.stdin:
        cells = [f"start = {line.strip()}", *(f"part_{n} = [x + {n} + start for x in range(100)]" for n in range(20))]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(notebook, path)
        begin = time.perf_counter()
        reading = read(path, Wishes("bench", None, "docker", options, ()))
        register(reading.flow, reading.project, findings=reading.captured.findings)
        took = (time.perf_counter() - begin) * 1000
        image = reading.flow.storage.image
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"ms": took, "bytes": image.uploaded_bytes, "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2])
