"""Processes that tests of faults start, kill and count."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: An agent without a launcher: it claims, reports a run from start to end, and goes on until nothing waits.
CLAIMER = """
import sys, time
from jupyter_flows.core.events import Event
from jupyter_flows.registry import open_registry
name, labels = sys.argv[1], sys.argv[2:]
with open_registry() as registry:
    me = registry.agents.start(name, "local", labels)
    print("ready", flush=True)
    sys.stdin.readline()
    while registry.runs.waits(labels):
        claim = registry.runs.claim(me.id, labels, lease_seconds=60)
        if claim is None:
            continue
        for seq, state in enumerate(("Running", "Success"), 1):
            registry.runs.report(claim.run.id, claim.token, [Event(seq, time.time(), "run", {"state": state})])
        print(claim.run.id, flush=True)
    registry.agents.stop(me.id)
"""

AGENT = """
import sys
from jupyter_flows.agent.local import LocalAgent
agent = LocalAgent(name=sys.argv[1], max_runs=1)
agent.start(once=len(sys.argv) > 2)
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python process with this code, its input and output in our hands."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str]) -> str:
    """Kill a process if it is still there, and return what it had printed."""
    process.kill()
    return process.communicate()[0]


def gone(pid: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
