"""Every magic, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_flows.magics import cell_magics as cells
from jupyter_flows.magics.agent_magics import AgentMagics
from jupyter_flows.magics.file_magics import FileMagics
from jupyter_flows.magics.flow_magics import FlowMagics
from jupyter_flows.magics.line import magics_in
from jupyter_flows.magics.register_magics import RegisterMagics
from jupyter_flows.magics.resume_magics import ResumeMagics
from jupyter_flows.magics.run_magics import RunMagics
from jupyter_flows.magics.session import NotebookSession


def line_magics(session: NotebookSession) -> dict[str, Callable[[str], None]]:
    """Return the line magics of a notebook."""
    found: dict[str, Callable[[str], None]] = {}
    for holder in (FlowMagics, RegisterMagics, FileMagics, RunMagics, ResumeMagics, AgentMagics):
        found |= magics_in(holder(session))
    return found


def cell_magics() -> dict[str, Callable[..., Any]]:
    """Return the cell magics; a cell with a marker that can be read never reaches them."""
    return {"task": cells.task, "parameters": cells.parameters}
