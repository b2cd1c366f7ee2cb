"""``%flow``, ``%flow_show``, ``%flow_check`` and ``%flow_config``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from jupyter_flows.errors import NoSuchError
from jupyter_flows.magics.line import line_magic_of, short_path
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession
from jupyter_flows.widgets.words import counted, joined

if TYPE_CHECKING:
    from jupyter_flows.capture.checks import Finding
    from jupyter_flows.capture.notebook import Notebook


class FlowMagics:
    """The magics that say what the notebook's flow is."""

    def __init__(self, session: NotebookSession):
        self.session = session

    @line_magic_of("flow")
    def flow(self, given: Namespace) -> None:
        """Start or select the notebook's flow; without a name, show it."""
        session = self.session
        if given.reset:
            session.recorder.forget()
        if given.notebook:
            self._take_notebook(given.notebook)
        session.name = given.name or session.name
        session.project = given.project or session.project
        name, project = session.flow_name()
        if name is None:
            raise Mistake("This notebook has no flow yet: %flow NAME starts one.")
        say(joined([f"{project}/{name}", self._version(project, name), self._tasks(), self._saved()]))

    def _take_notebook(self, path: str) -> None:
        before, self.session.notebook_path = self.session.notebook_path, path
        file = self.session.file()
        if file is None or not file.is_file():
            self.session.notebook_path = before
            raise Mistake(f"There is no notebook {path}: --notebook takes the file that this notebook is saved in.")

    def _version(self, project: str, name: str) -> str:
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            try:
                return f"v{registry.flows.get(project, name).version}"
            except NoSuchError:
                return "new"

    def _tasks(self) -> str:
        """Count the cells that are marked; the analysis is left to the magics that need it."""
        from jupyter_flows.capture.markers import read_marker
        from jupyter_flows.errors import MarkerError

        kinds = []
        for cell in self.session.merged().notebook.cells:
            try:
                kinds.append(read_marker(cell).kind)
            except MarkerError:
                kinds.append("task")
        marked = kinds.count("task")
        if marked or not kinds.count("plain"):
            return counted(marked, "task") + ("" if marked else " yet")
        return f"no cell is marked: {counted(kinds.count('plain'), 'cell')} take part"

    def _saved(self) -> str:
        file = self.session.file()
        return short_path(file) if file else "no saved notebook found"

    @line_magic_of("flow_show")
    def flow_show(self, given: Namespace) -> None:
        """Draw the flow's graph."""
        from IPython.display import display

        from jupyter_flows.widgets.graph import FlowGraph

        reading, _ = self.session.reading()
        graph = FlowGraph.of(reading.flow, definitions=given.definitions, why=given.why)
        display(graph)
        if given.why and hasattr(self.session.shell, "kernel"):
            say(graph.text())

    @line_magic_of("flow_check")
    def flow_check(self, given: Namespace) -> None:
        """Say what would keep the flow from being registered or from running as you see it."""
        from jupyter_flows.capture.checks import grouped

        name, project = self.session.flow_name()
        merged = self.session.merged()
        for line in merged.differences:
            say(line)
        groups = grouped(self._found(merged.notebook, name, deep=given.deep))
        for group in groups:
            say(f"{group.level}: {group}")
        errors = sum(g.level == "error" for g in groups)
        if errors:
            raise Mistake(f"{counted(errors, 'error')}: %flow_register would refuse this flow.")
        say(f"{project}/{name}: ready to be registered")

    def _found(self, notebook: Notebook, name: str | None, *, deep: bool) -> tuple[Finding, ...]:
        """Check in a fresh process: of this one it is told the names that are alive, and nothing more."""
        from jupyter_flows.cli.captured import chosen_environment, chosen_storage
        from jupyter_flows.cli.checked import DEEP_SECONDS, found_apart

        chosen = self.session.chosen(notebook)
        chosen_storage(chosen)
        chosen_environment(chosen)
        return found_apart(
            notebook,
            folder=notebook.folder or self.session.folder,
            name=name,
            alive=[n for n in self.session.shell.user_ns if not n.startswith("_")],
            deep_seconds=DEEP_SECONDS if deep else None,
            say=say,
        )

    @line_magic_of("flow_config")
    def flow_config(self, given: Namespace) -> None:
        """Choose storage, environment, executor and labels."""
        from jupyter_flows.magics.configuring import configure

        configure(self.session, given)
