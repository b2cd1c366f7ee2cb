"""What this kernel knows of its notebook: where it is saved, which cells ran, what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.magics.recorder import Recorder
from jupyter_flows.magics.where import notebook_file

if TYPE_CHECKING:
    from subprocess import Popen

    from jupyter_flows.agent.base import BaseAgent
    from jupyter_flows.agent.local import LocalAgent
    from jupyter_flows.capture.notebook import Notebook
    from jupyter_flows.capture.session import Merged
    from jupyter_flows.cli.captured import Reading, Wishes
    from jupyter_flows.core.place import Place
    from jupyter_flows.magics.live import LiveCard


@dataclass
class NotebookSession:
    """The notebook in front of this kernel."""

    shell: Any
    #: Where the kernel started, which is the notebook's folder.
    folder: Path = field(default_factory=Path.cwd)
    #: What ``%flow`` said.
    name: str | None = None
    project: str | None = None
    notebook_path: str | None = None
    #: What ``%flow_config`` said, in the words of the notebook's metadata.
    choices: dict[str, Any] = field(default_factory=dict)
    #: An environment given as an object: its callbacks are functions, which metadata can't hold.
    environment: Any = None
    #: What the last registration of this kernel was told, and what it built.
    wishes: Wishes | None = None
    built: Any = None
    last_run: int | None = None
    cards: list[LiveCard] = field(default_factory=list)
    #: The agent that ``%flow_agent start`` started in this kernel.
    agent: BaseAgent | None = None
    #: Agents started as processes of their own, by name; kept so that an ended one leaves no zombie.
    background: dict[str, Popen[bytes]] = field(default_factory=dict)
    #: What runs single runs from this kernel, by whether they are strict.
    _own: dict[bool, LocalAgent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.shell)

    def file(self) -> Path | None:
        """Return the file that the notebook is saved in, if it can be found."""
        return notebook_file(self.shell.user_ns, folder=self.folder, given=self.notebook_path)

    def merged(self) -> Merged:
        """Return the notebook as it is: the saved document, with the newer text of cells that were run since."""
        from jupyter_flows.capture.notebook import read_notebook
        from jupyter_flows.capture.session import Execution, merge

        path = self.file()
        document = read_notebook(path) if path else None
        ran = [Execution(r.source, r.cell_id, r.at, r.ok) for r in self.recorder.ran]
        return merge(document, ran, deleted=self.recorder.deleted)

    def chosen(self, notebook: Notebook) -> dict[str, Any]:
        """Return what the notebook's metadata chooses, and over it what ``%flow_config`` did."""
        return {**notebook.chosen, **self.choices}

    def reading(self, wishes: Wishes | None = None) -> tuple[Reading, Sequence[str]]:
        """Capture the notebook, and return also what is to be said before it is registered."""
        from jupyter_flows.cli.captured import Wishes, reading

        merged = self.merged()
        notebook = replace(merged.notebook, chosen=self.chosen(merged.notebook))
        given = wishes or Wishes()
        wanted = replace(given, name=given.name or self.name, project=given.project or self.project)
        found = reading(notebook, notebook.path or self.folder, wanted)
        if self.environment is not None:
            found.flow.environment = self.environment
        return found, merged.differences

    def flow_name(self) -> tuple[str | None, str]:
        """Return the flow's name, if it has one, and its project, without reading the cells' code."""
        from jupyter_flows.settings import resolve

        notebook = self.merged().notebook
        project = resolve("project", option=self.project, line=notebook.project, metadata=self.chosen(notebook)).value
        return self.name or notebook.flow_name, project

    def remember(self, reading: Reading, wishes: Wishes | None = None) -> None:
        """Keep what was registered with which options, so that a later comparison asks the same."""
        self.wishes = wishes or self.wishes
        storage = reading.flow.storage
        self.built = (storage.built if storage else None) or self.built

    def place(self, reading: Reading) -> Place:
        """Return where runs of the flow run: this interpreter, in the notebook's folder, whatever `os.chdir` did."""
        from jupyter_flows.core.place import Place

        path = reading.captured.notebook.path
        return Place.here(notebook=path) if path else replace(Place.here(), folder=str(self.folder))

    def own_agent(self, *, strict: bool = False) -> LocalAgent:
        """Return what runs single runs from this kernel, keeping a process warm for the next."""
        from jupyter_flows.agent.local import LocalAgent

        if strict not in self._own:
            self._own[strict] = LocalAgent(strict=strict, say=lambda _: None)
        return self._own[strict]

    def close(self) -> None:
        """Stop the agents of this kernel and follow no run any more."""
        for card in self.cards:
            card.stop()
        for agent in (self.agent, *self._own.values()):
            if agent is not None:
                agent.stop(cancel=True, timeout=5.0)
        self.agent = None
        self._own.clear()
