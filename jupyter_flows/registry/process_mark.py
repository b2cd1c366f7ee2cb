"""Know a process again, to tell whether the one that wrote a mark still lives."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process, named so that neither a reused pid nor a pid of another machine or container is taken for it."""

    #: The boot and the process namespace; pids mean the same only where it is equal.
    machine: str
    pid: int
    #: When the process started, in ticks since boot; 0 where that is unknown.
    started: int

    @classmethod
    def current(cls, *, proc: Path = PROC) -> Self:
        """Mark this process."""
        pid = os.getpid()
        return cls(_machine(proc), pid, _started(pid, proc) or 0)

    def dead(self, *, proc: Path = PROC) -> bool:
        """Tell whether the process is gone for certain; False where this machine can't know."""
        if self.machine != _machine(proc):
            return False
        if not self.started:
            return not _answers(self.pid)
        return _started(self.pid, proc) != self.started


def _machine(proc: Path) -> str:
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(proc / 'self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _started(pid: int, proc: Path) -> int | None:
    """Return when a process started, or None when there is none or it is only a zombie."""
    try:
        # The command's name, in brackets, may hold spaces and brackets itself.
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, start = fields[0], int(fields[19])
    return None if state in "ZX" else start


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
