"""``%flow_run``, ``%flow_runs``, ``%flow_logs``, ``%flow_open`` and ``%flow_cancel``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import FlowsError, NoSuchError
from jupyter_flows.magics.line import line_magic_of
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession
from jupyter_flows.magics.words import pairs, values

if TYPE_CHECKING:
    from jupyter_flows.magics.live import LiveCard
    from jupyter_flows.registry import Registry, Run, Version


class RunMagics:
    """The magics that run flows and look at runs."""

    def __init__(self, session: NotebookSession):
        self.session = session

    @line_magic_of("flow_run")
    def flow_run(self, given: Namespace) -> None:
        """Run the latest registered version and show it live."""
        from jupyter_flows.magics.running import run_here, show
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            version = self._draft(registry, given) if given.here else self._version(registry, given)
            parameters = self._parameters(version, given.parameters)
            at_home = given.here or self._falls_to_us(registry, version, given)
            if not given.here and given.flow is None:
                self._say_if_changed(version)
            run = registry.runs.create(version, parameters=parameters)
        self.session.last_run = run.id
        if at_home:
            run_here(self.session, run.id, strict=given.strict)
        card = show(self.session, version, run, cancel_button=not given.wait)
        if given.wait:
            self.wait_for(card, run)

    def _falls_to_us(self, registry: Registry, version: Version, given: Namespace) -> bool:
        """Tell whether the run is to run here, and say so, because no agent takes it."""
        from jupyter_flows.magics.running import nobody_takes

        takers = registry.agents.would_take(version.labels)
        if given.strict and (takers or given.agent):
            raise Mistake("--strict is for runs that run here: add --here, or start the agents with --strict.")
        if given.agent and not takers:
            say(f"{nobody_takes(version.labels)}: the run waits for one")
        return not given.agent and self.falls_to_us(registry, version)

    @staticmethod
    def falls_to_us(registry: Registry, version: Version) -> bool:
        """Tell whether no agent takes a version's runs, and say so."""
        from jupyter_flows.magics.running import nobody_takes

        if registry.agents.would_take(version.labels):
            return False
        say(f"{nobody_takes(version.labels)}: running here, once")
        return True

    def _version(self, registry: Registry, given: Namespace) -> Version:
        if given.flow is not None:
            return registry.flows.find(given.flow, version=given.version)
        name, project = self.session.flow_name()
        if name is None:
            raise Mistake("This notebook has no flow yet: %flow NAME starts one, %flow_run NAME runs a registered one.")
        try:
            return registry.flows.get(project, name, given.version)
        except NoSuchError as error:
            if given.version is not None:
                raise
            raise Mistake(
                f"{project}/{name} is not registered yet: %flow_register does it, %flow_run --here runs what you see."
            ) from error

    def _draft(self, registry: Registry, given: Namespace) -> Version:
        """Pack the notebook as it is, for a run that is no version."""
        if given.flow is not None or given.version is not None:
            raise Mistake("%flow_run --here runs this notebook as you see it: leave the flow and the version out.")
        return self.draft(registry)

    def draft(self, registry: Registry) -> Version:
        """Record the notebook as it is, for a run that is no version."""
        from jupyter_flows.core.document import to_document
        from jupyter_flows.register import refuse_errors

        reading, differences = self.session.reading(self.session.wishes)
        refuse_errors(reading.captured.findings)
        for line in differences:
            say(line)
        storage = reading.flow.storage
        if storage is None or not storage.lasting:
            kind = storage.kind if storage else "No"
            raise Mistake(f"{kind} storage keeps nothing for another process: choose local.")
        artifact = storage.build()
        self.session.remember(reading)
        document = to_document(reading.flow, labels=reading.labels)
        return registry.flows.draft(reading.project, document, artifact, place=self.session.place(reading))

    def _parameters(self, version: Version, given: Sequence[str]) -> dict[str, Any]:
        from jupyter_flows.core.parameter import ParameterSpec

        specs = [ParameterSpec.from_json(data) for data in version.document["parameters"]]
        return values(pairs(given, "A parameter"), specs, self.session.shell.user_ns)

    def _say_if_changed(self, version: Version) -> None:
        """Say when the notebook is not what was registered: the registered version runs all the same."""
        from jupyter_flows.core.changes import changes
        from jupyter_flows.core.document import to_document

        try:
            reading, _ = self.session.reading(self.session.wishes)
            now = to_document(reading.flow, labels=version.labels)
        except FlowsError as error:
            say(f"running v{version.version}; the notebook as it is can't be read: {error}")
            return
        found = [str(c) for c in changes(version.document, now) if c.what not in ("storage", "labels")]
        if found and now["digest"] != version.digest:
            more = f", and {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004 - what fits a line
            say(f"running v{version.version}; the notebook differs by now: {'; '.join(found[:3])}{more}")

    @staticmethod
    def wait_for(card: LiveCard, run: Run) -> None:
        """Wait until a run has ended; raise `Mistake` if it failed."""
        try:
            card.wait()
        except KeyboardInterrupt:
            raise Mistake(f"Run {run.id} goes on; %flow_cancel {run.id} stops it.") from None
        view = card.view
        if view.finished and not view.successful:
            raise Mistake(f"Run {run.id} {view.state.value}: {view.message}".rstrip(": "))

    @line_magic_of("flow_runs")
    def flow_runs(self, given: Namespace) -> None:
        """List runs, newest first."""
        from jupyter_flows.cli.states import state_named
        from jupyter_flows.magics.tables import runs_table
        from jupyter_flows.registry import open_registry

        project, name = self._flow_meant(given)
        with open_registry() as registry:
            found = registry.runs.list(
                project=project,
                flow=name,
                state=state_named(given.state) if given.state else None,
                limit=given.limit,
            )
        what = f" of {name}" if name else ""
        say(runs_table(found) if found else f"no runs{what} yet: %flow_run makes one")

    def _flow_meant(self, given: Namespace) -> tuple[str | None, str | None]:
        if given.all:
            return None, None
        if given.flow is not None:
            project, _, name = given.flow.rpartition("/")
            return project or None, name
        name, project = self.session.flow_name()
        return (project, name) if name else (None, None)

    @line_magic_of("flow_logs")
    def flow_logs(self, given: Namespace) -> None:
        """Print what a run said."""
        from jupyter_flows.magics.tables import log_lines
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            run = registry.runs.get(self.run_meant(registry, given))
            names = {task.task for task in registry.runs.tasks(run.id)}
            if given.task and given.task not in names:
                raise Mistake(f"Run {run.id} has no task {given.task!r}; it has {', '.join(sorted(names))}.")
            lines = log_lines(registry.runs.events(run.id), given.task)
        said = "" if run.finished else " so far"
        say("\n".join(lines) or f"run {run.id} has said nothing{said}")

    @line_magic_of("flow_open")
    def flow_open(self, given: Namespace) -> None:
        """Write a run's executed notebook to where JupyterLab can open it, and show a link."""
        from jupyter_flows.cli.executed import left_behind
        from jupyter_flows.magics.links import show_link
        from jupyter_flows.registry import open_registry

        file = self.session.file()
        folder = file.parent if file else self.session.folder
        with open_registry() as registry:
            run_id = self.run_meant(registry, given)
        output = (folder / Path(given.output).expanduser()) if given.output else None
        left = left_behind(run_id, output, beside=folder)
        show_link(left.path, folder, in_kernel=hasattr(self.session.shell, "kernel"))

    @line_magic_of("flow_cancel")
    def flow_cancel(self, given: Namespace) -> None:
        """Ask for a run to be cancelled."""
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            run = registry.runs.cancel(self.run_meant(registry, given))
        say(f"run {run.id} · {run.project}/{run.flow} · {run.state.value}")

    def run_meant(self, registry: Registry, given: Namespace) -> int:
        """Return the run that is named, else this kernel's last, else the flow's last."""
        if given.run is not None:
            return int(given.run)
        if self.session.last_run is not None:
            return self.session.last_run
        name, project = self.session.flow_name()
        found = registry.runs.list(project=project, flow=name, limit=1) if name else []
        if not found:
            raise Mistake("This notebook has run nothing yet: give a run's number, %flow_runs --all lists them.")
        return found[0].id
