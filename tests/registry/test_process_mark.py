"""A process is known again, also when its number has been given to another."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from jupyter_flows.registry.process_mark import ProcessMark


def test_this_process_lives():
    """The mark of a living process is not dead."""
    assert ProcessMark.current().dead() is False


def test_a_process_that_ended():
    """The mark of a process that was there and ended is dead, as is one whose number was given again."""
    code = "from jupyter_flows.registry.process_mark import ProcessMark as M; m = M.current(); print(m.pid, m.started)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    pid, started = map(int, done.stdout.split())
    here = ProcessMark.current()
    assert ProcessMark(here.machine, pid, started).dead() is True
    assert replace(here, started=here.started - 1).dead() is True


def test_a_zombie_is_dead():
    """A process that ended but was not waited for does nothing any more."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    here = ProcessMark.current()
    stat = Path(f"/proc/{child.pid}/stat")
    started = int(stat.read_text().rpartition(")")[2].split()[19])
    mark = ProcessMark(here.machine, child.pid, started)
    assert mark.dead() is False
    child.stdin.close()
    while stat.read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    assert mark.dead() is True
    child.wait()


def test_other_machines_are_not_judged():
    """Of a process on another machine, or in another container, nothing is known here."""
    assert ProcessMark("another boot", 1, 1).dead() is False


def test_without_a_start_time(tmp_path):
    """Where the system tells no start times, a number that answers lives."""
    here = ProcessMark.current(proc=tmp_path)
    assert here.started == 0
    assert here.dead(proc=tmp_path) is False
