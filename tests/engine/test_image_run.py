"""The entry point of images, started as a container starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.bundle import pack_flow
from jupyter_flows.engine.job import Job
from tests.engine.runs import PATIENCE_SECONDS, flow_of_cells

COMMAND = [sys.executable, "-c", "from jupyter_flows.engine.image_run import main; main()"]
FOREVER = "import time\nwhile True: time.sleep(0.01)"


@pytest.fixture
def folder(tmp_path):
    """Return a function that lays the bundle of some cells out as an image has it."""

    def lay_out(*cells, **options):
        root = tmp_path / "bundle"
        for name, data in pack_flow(flow_of_cells(cells, **options)).files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return root

    return lay_out


@contextmanager
def started(*words, cwd):
    """Start the entry point as a container of its own would."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                stream.close()


def job_of(folder):
    """Describe a run of a bundle's flow."""
    return Job(1, "cells", {}, Artifact("", "", 0), bundle_folder=str(folder)).to_line()


def events(process):
    """Yield the events that come up its output."""
    for line in process.stdout:
        yield json.loads(line)


def last_state(process):
    """Return the state and message that a run ends with, and how it ended."""
    end = [event for event in events(process) if event["kind"] == "run"][-1]
    return end["state"], end["message"], process.wait(PATIENCE_SECONDS)


def test_a_job_comes_in_and_events_go_out(folder, tmp_path):
    """The run happens in the folder where it was started; nothing else is on its output."""
    cells = ["import os\nprint(os.getcwd())", "os.write(1, b'past Python\\n')\ndone = 1"]
    with started("--job", cwd=tmp_path) as process:
        process.stdin.write(job_of(folder(*cells)))
        process.stdin.flush()
        found = list(events(process))
    assert [e["text"] for e in found if e["kind"] == "stream"] == [f"{tmp_path}\n", "past Python\n"]
    assert (found[-1]["state"], process.wait()) == ("Success", 0)


def when_running(process):
    """Wait until the run has begun."""
    next(event for event in events(process) if event["kind"] == "run" and event["state"] == "Running")


@pytest.mark.parametrize(
    "stop",
    [
        lambda p: (p.stdin.write('{"do":"cancel"}\n'), p.stdin.flush()),
        lambda p: p.stdin.close(),
        lambda p: p.send_signal(signal.SIGTERM),
    ],
    ids=["told", "alone", "signalled"],
)
def test_it_can_be_stopped(folder, tmp_path, stop):
    """A cancel, the end of who started it, and an engine's signal interrupt the task; the end is still reported."""
    with started("--job", cwd=tmp_path) as process:
        process.stdin.write(job_of(folder(FOREVER)))
        process.stdin.flush()
        when_running(process)
        stop(process)
        assert last_state(process) == ("Cancelled", "cancelled", 0)


def test_a_death_is_explained(folder, tmp_path):
    """The watcher outlives the run's process, and says which task it was."""
    with started("--job", cwd=tmp_path) as process:
        process.stdin.write(job_of(folder("import os\nos._exit(3)")))
        process.stdin.flush()
        assert last_state(process) == ("Failed", "cell_1: its process ended early, with exit code 3", 0)


def test_nothing_to_do(tmp_path):
    """Whoever starts it and leaves gets no run."""
    with started("--job", cwd=tmp_path) as process:
        assert process.communicate(timeout=PATIENCE_SECONDS) == ("", "")
        assert process.returncode == 0


def by_hand(folder, *words):
    """Run it as a person does, and return output, words and exit code."""
    done = subprocess.run(
        [*COMMAND, "--bundle", str(folder), *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        cwd=folder.parent,
    )  # fmt: skip
    return done.stdout, done.stderr, done.returncode


def test_for_a_person(folder):
    """It prints what the flow prints, and says how it ended."""
    assert by_hand(folder("print('hello')\nx = 1")) == ("hello\n", "Running\nSuccess\n", 0)


def test_a_failure_for_a_person(folder):
    """The traceback is shown, the last line says what, the exit code is 1."""
    shown, said, code = by_hand(folder("1 / 0"))
    assert "ZeroDivisionError" in shown
    assert said.splitlines()[-1].startswith("Failed: cell_1")
    assert code == 1


def test_mistakes_of_a_person(folder, tmp_path):
    """A parameter that is none, and a folder without a flow, are one line each."""
    there = folder("x = 1")
    _, said, code = by_hand(there, "-p", "n")
    assert (said, code) == ("jupyter-flows-run: -p takes NAME=VALUE, not 'n'.\n", 1)
    _, said, code = by_hand(tmp_path / "bundle" / "cells")
    assert "There is no flow in" in said
    assert code == 1
