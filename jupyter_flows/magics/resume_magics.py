"""``%flow_resume``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from jupyter_flows.magics.line import line_magic_of
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.run_magics import RunMagics
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run, Version


class ResumeMagics:
    """The magic that goes on from an earlier run."""

    def __init__(self, session: NotebookSession):
        self.session = session
        self._runs = RunMagics(session)

    @line_magic_of("flow_resume")
    def flow_resume(self, given: Namespace) -> None:
        """Run again what failed or changed since a run, or load a task's inputs."""
        from jupyter_flows.agent.results import require_results
        from jupyter_flows.registry import open_registry

        with open_registry() as registry:
            earlier = registry.runs.get(self._runs.run_meant(registry, given))
            require_results(earlier)
            if given.here and given.task:
                self._load(registry, earlier, given.task)
                return
            self._resume(registry, earlier, given)

    def _resume(self, registry: Registry, earlier: Run, given: Namespace) -> None:
        from jupyter_flows.cli.commands.resuming import check_tasks
        from jupyter_flows.magics.running import run_here, show
        from jupyter_flows.registry import Resume

        again = tuple(given.task or ())
        version = self._runs.draft(registry) if given.here else self._version(registry, earlier)
        check_tasks(version, again)
        at_home = given.here or self._runs.falls_to_us(registry, version)
        resume = Resume(earlier.id, again)
        run = registry.runs.create(version, parameters=earlier.parameters, labels=earlier.labels, resume=resume)
        self.session.last_run = run.id
        if at_home:
            run_here(self.session, run.id)
        card = show(self.session, version, run, cancel_button=not given.wait)
        if given.wait:
            self._runs.wait_for(card, run)

    @staticmethod
    def _version(registry: Registry, earlier: Run) -> Version:
        """Return the flow's latest version; what was run without being registered goes on as it was."""
        drawn = registry.runs.version(earlier.id)
        return drawn if drawn.version is None else registry.flows.get(earlier.project, earlier.flow)

    def _load(self, registry: Registry, earlier: Run, names: list[str]) -> None:
        """Bind a task's inputs in this kernel."""
        from jupyter_flows.agent.job import local_storage
        from jupyter_flows.agent.results import results_path
        from jupyter_flows.cli.commands.resuming import check_tasks
        from jupyter_flows.core.document import cells_flow
        from jupyter_flows.engine.results.inputs import load_inputs
        from jupyter_flows.engine.results.journal import Journal

        if len(names) > 1:
            raise Mistake("--here loads the inputs of one task: give --task once.")
        version, shell = registry.runs.version(earlier.id), self.session.shell
        check_tasks(version, tuple(names))
        bundle = local_storage(version).load(version.artifact)
        flow = cells_flow(bundle.document, bundle.files)
        task = next(t for t in flow.cell_tasks if t.name == names[0])
        journal = Journal(results_path(earlier.project, earlier.flow, earlier.id))
        main = shell.user_ns
        bound = load_inputs(
            flow,
            task,
            journal,
            main,
            lambda code: exec(compile(shell.transform_cell(code), "<definition>", "exec"), main),  # noqa: S102 - the author's own
        )
        what = ", ".join(bound) or "nothing"
        say(
            f"{task.name} (cell {task.cell.ordinal}) of run {earlier.id} took {what}: bound here, run its cell to go on"
        )
