"""How much memory this machine's or container's group of processes may take, and whether that was exceeded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: Where Linux shows the control group of a container's processes: version 2, then version 1.
CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory"))
#: What version 1 says where there is no limit is about this, rounded to pages.
_NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Memory:
    """What the system says of a container's memory."""

    #: How many processes were killed for lack of it so far; None where that is not told.
    kills: int | None
    limit_bytes: int | None

    @classmethod
    def look(cls, groups: Iterable[Path] = CGROUPS) -> Memory:
        """Read it; outside of a container, and on other systems, nothing is told."""
        for group in groups:
            kills = _count(group / "memory.events")
            if kills is not None:
                return cls(kills, _number(group / "memory.max"))
            kills = _count(group / "memory.oom_control")
            if kills is not None:
                return cls(kills, _number(group / "memory.limit_in_bytes"))
        return cls(None, None)

    def exceeded_since(self, before: Memory) -> str:
        """Say in words that a process was killed for lack of memory since `before`; empty when none was."""
        if self.kills is None or before.kills is None or self.kills <= before.kills:
            return ""
        return "for lack of memory" + (f" (the limit is {size(self.limit_bytes)})" if self.limit_bytes else "")


def size(count: int) -> str:
    """Write a number of bytes as people set limits.

    >>> size(100 * 2**20), size(3 * 2**29)
    ('100 MB', '1.5 GB')
    """
    megabytes = count / 2**20
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1024:.1f} GB"  # noqa: PLR2004 - a unit's


def _count(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def _number(path: Path) -> int | None:
    try:
        found = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return found if found < _NO_LIMIT else None
