"""A run process as its parent holds it: started, ready, not yet given a job."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from jupyter_flows.engine.board import Seated, all_tasks, board_file, limit_of, running_tasks
from jupyter_flows.errors import RunError

TAIL_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Child:
    """One started process, its pipes, and the files that outlive it."""

    popen: subprocess.Popen[bytes]
    #: The end of the pipe on which its events arrive.
    events_fd: int
    board_fd: int
    #: Takes what the interpreter says before its streams are taken over, and its last words.
    errors: IO[bytes]
    #: The environment it was started with.
    environ: Mapping[str, str]

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None

    def send(self, line: str) -> None:
        """Write a line to its standard input; raise `OSError` when it is gone."""
        if self.popen.stdin is None:
            raise BrokenPipeError(line)
        self.popen.stdin.write(line.encode())
        self.popen.stdin.flush()

    def running_tasks(self) -> list[Seated]:
        """Return the tasks that run, or ran when it died; the main thread's first."""
        return running_tasks(self.board_fd)

    def all_tasks(self) -> list[str]:
        """Return all tasks of its run, once it has begun."""
        return all_tasks(self.board_fd)

    def overdue(self, seconds: float) -> bool:
        """Tell whether its task is past its limit by so much: it sits where nothing interrupts it."""
        limit = limit_of(self.board_fd)
        return limit > 0 and time.monotonic() > limit + seconds

    def last_words(self) -> str:
        """Return the end of what the interpreter itself wrote to standard error."""
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), TAIL_BYTES, max(0, size - TAIL_BYTES)).decode(errors="replace").strip()

    def close(self) -> None:
        """Let go of pipes and files; a process that still waits for a job ends."""
        if self.popen.stdin:
            with suppress(OSError):
                self.popen.stdin.close()
        os.close(self.events_fd)
        os.close(self.board_fd)
        self.errors.close()


def start_child(python: str, *, needs_shell: bool, env: Mapping[str, str] | None = None) -> Child:
    """Start a run process of its own session; raise `RunError` when the interpreter can't be started."""
    environ = {**os.environ, **(env or {})}
    read, write = os.pipe()
    board = board_file()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
    command = [python, "-P", "-m", "jupyter_flows.engine.run_process", "--events", str(write), "--board", str(board)]
    try:
        popen = subprocess.Popen(
            [*command, "--shell"] if needs_shell else command,
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            pass_fds=(write, board),
            close_fds=True,
            start_new_session=True,
            env=environ,
        )
    except OSError as error:
        os.close(read)
        os.close(board)
        errors.close()
        raise RunError(
            f"The flow's interpreter {python} can't be started ({error.strerror}): register the flow again from an "
            "environment that exists."
        ) from None
    finally:
        os.close(write)
    return Child(popen, read, board, errors, environ)
