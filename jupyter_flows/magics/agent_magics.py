"""``%flow_agent``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.errors import AgentError, NoSuchError
from jupyter_flows.magics.line import line_magic_of, short_path
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession

if TYPE_CHECKING:
    from jupyter_flows.agent.docker import DockerAgent
    from jupyter_flows.agent.local import LocalAgent
    from jupyter_flows.registry import Agent

#: How long a background agent may take to announce itself.
START_SECONDS = 20.0


class AgentMagics:
    """The magic that starts, stops and shows agents."""

    def __init__(self, session: NotebookSession):
        self.session = session

    @line_magic_of("flow_agent")
    def flow_agent(self, given: Namespace) -> None:
        """Start, stop or show an agent."""
        if given.do == "start":
            self._start_apart(given) if given.background else self._start(given)
        elif given.do == "stop":
            self._stop(given)
        else:
            self._status()

    def _start(self, given: Namespace) -> None:
        if self.session.agent is not None:
            raise AgentError(f"Agent {self.session.agent.name} runs already in this kernel: %flow_agent stop ends it.")
        options = {"max_runs": given.max_runs, "strict": given.strict, "say": say}
        agent = _class_of(given.kind)(given.label, given.name, **options)
        introduction = agent.introduction()
        agent.start_in_thread()
        self.session.agent = agent
        say(introduction)
        say("It stops with this kernel; %flow_agent start --background outlives it.")

    def _start_apart(self, given: Namespace) -> None:
        name = given.name or "-".join([socket.gethostname(), "background", *sorted(given.label or ())])
        log = _log_file(name)
        words = [sys.executable, "-m", "jupyter_flows", "agent", "start", given.kind, "--name", name]
        words += [word for label in given.label or () for word in ("--label", label)]
        words += ["--max-runs", str(given.max_runs)] if given.max_runs else []
        words += ["--strict"] if given.strict else []
        if _agent_named(name):
            raise AgentError(f"Agent {name} runs already: %flow_agent stop --name {name} ends it.")
        with log.open("wb") as out:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=Path.home(),
                start_new_session=True,
            )
        self.session.background[name] = process
        agent = _announced(name, process)
        if agent is None:
            raise AgentError(f"The agent did not start: {_last_line(log)} ({log} has all it said).")
        labels = ", ".join(agent.labels) or "runs without labels"
        say(f"Agent {name} takes {labels} as process {process.pid}; it outlives this kernel.")
        say(f"%flow_agent stop --name {name} ends it; it writes to {short_path(log)}.")

    def _stop(self, given: Namespace) -> None:
        own = self.session.agent
        if own is not None and given.name in (None, own.name):
            left = own.running
            own.stop(cancel=False, timeout=0.0 if left else None)
            self.session.agent = None
            more = f"; run {', '.join(map(str, left))} is let finish" if left else ""
            say(f"Agent {own.name} takes nothing any more{more}.")
            return
        if given.name is None:
            raise NoSuchError("No agent runs in this kernel; %flow_agent stop --name N stops one in the background.")
        agent = _agent_named(given.name)
        if agent is None or agent.host != socket.gethostname():
            raise NoSuchError(f"No agent named {given.name!r} runs on this machine; %flow_agent status lists them.")
        os.kill(agent.pid, signal.SIGTERM)
        say(f"Agent {agent.name} is told to stop; it lets its runs finish.")

    def _status(self) -> None:
        from jupyter_flows.magics.tables import agents_table
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            found = [agent for agent in registry.agents.list() if agent.kind != "once"]
        own = [self.session.agent.name] if self.session.agent else []
        say(agents_table(found, own) if found else "no agent is at work: %flow_agent start starts one in this kernel")


def _class_of(kind: str) -> type[LocalAgent | DockerAgent]:
    if kind == "docker":
        from jupyter_flows.agent.docker import DockerAgent

        return DockerAgent
    from jupyter_flows.agent.local import LocalAgent

    return LocalAgent


def _log_file(name: str) -> Path:
    from jupyter_flows.places import data_folder, private_folder

    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return private_folder(data_folder() / "agents") / f"{safe}.log"


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def _agent_named(name: str) -> Agent | None:
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        return next((agent for agent in registry.agents.list() if agent.name == name), None)


def _announced(
    name: str, process: subprocess.Popen[bytes], *, sleep: Callable[[float], None] = time.sleep
) -> Agent | None:
    """Wait until the registry knows the agent; None when its process has ended, or took too long and was ended."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        agent = _agent_named(name)
        if agent is not None:
            return agent
        sleep(0.1)
    if process.poll() is None:
        process.terminate()
    return None
