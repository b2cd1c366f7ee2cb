"""``python -m jupyter_flows.engine.run_process``: the process that a flow run has to itself.

It imports what every run needs, reads one job as a JSON line from standard input, runs it, and writes
events as JSON lines to the file descriptor that ``--events`` names. Standard input then takes
commands (``{"do": "cancel"}``); when it ends, so does the run.
"""

from __future__ import annotations

import argparse
import atexit
import faulthandler
import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_flows.core.bundle import Bundle, Unpacked, unpack_flow
from jupyter_flows.core.events import Event, EventLog
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import resolve
from jupyter_flows.core.state import State, StateName
from jupyter_flows.engine.context import RunInfo, own_process
from jupyter_flows.engine.control import Control
from jupyter_flows.engine.descriptors import Descriptors
from jupyter_flows.engine.home import Home, settle
from jupyter_flows.engine.interruption import Interruption
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.kept import Kept
from jupyter_flows.engine.masking import process_masker
from jupyter_flows.engine.namespace import Namespace
from jupyter_flows.engine.outputs import Outputs, install_streams
from jupyter_flows.engine.packed_modules import PackedModules
from jupyter_flows.engine.reporter import Reporter
from jupyter_flows.engine.run_log import RunHandler, install_log, take_the_rest
from jupyter_flows.engine.secrets import hide_environment, require_secrets
from jupyter_flows.engine.versions import version_differences
from jupyter_flows.errors import FlowsError, RunError


def main(arguments: Sequence[str] | None = None) -> None:
    """Be ready, wait for a job, run it, and leave."""
    parser = argparse.ArgumentParser(prog="python -m jupyter_flows.engine.run_process")
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--board", type=int)
    parser.add_argument("--shell", action="store_true")
    options = parser.parse_args(arguments)
    os.set_inheritable(options.events, False)
    # Where standard error went until now keeps the interpreter's last words, for the launcher.
    faulthandler.enable(os.dup(2), all_threads=False)
    control = Control()
    namespace = Namespace()
    _prepare(namespace, shell=options.shell)
    line = control.first_line()
    if line:
        _OneRun(Job.from_line(line), options.events, options.board, namespace).go(control)
    _leave()


def _prepare(namespace: Namespace, *, shell: bool) -> None:
    """Import, while there is time, what a run needs but a program that only looks at this module does not."""
    for module in ("engine.cell_runner", "engine.threads_of_tasks", "environments.execution", "environments.storage"):
        importlib.import_module(f"jupyter_flows.{module}")
    if shell:
        from jupyter_flows.engine.shell import warm_up

        warm_up(namespace)


def _leave() -> None:
    """End the process, its exit handlers called; threads that user code left behind don't hold it up."""
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter itself would call
    finally:
        os._exit(0)


class _OneRun:
    """A job on its way to a final state."""

    def __init__(self, job: Job, events_fd: int, board_fd: int | None, namespace: Namespace):
        self.job, self._fd, self._board_fd, self._namespace = job, events_fd, board_fd, namespace
        self._lost = False
        self.events = EventLog(self._send)
        self.outputs = Outputs(self.events, folder=job.output_folder, masker=process_masker)
        self.interruption = Interruption()
        self._last: list[Callable[[], None]] = []
        self._hear: Callable[[Event], None] = lambda _: None

    def _send(self, event: Event) -> None:
        """Write an event; once nobody reads any more, the run is being ended anyway."""
        shown = process_masker.event(event)
        self._hear(shown)
        data = memoryview(shown.to_line().encode())
        try:
            while data and not self._lost:
                data = data[os.write(self._fd, data) :]
        except OSError:
            self._lost = True

    def go(self, control: Control) -> None:
        """Run the job; whatever happens, the last event is the run's final state."""
        install_streams(self.outputs)
        importlib.import_module("jupyter_flows.engine.threads_of_tasks").follow_threads()
        descriptors = Descriptors(self.outputs)
        descriptors.install()
        install_log(self.events, self.outputs.task)
        self.interruption.install()
        control.listen(self.interruption.cancel)
        try:
            state = self._run()
        except FlowsError as error:
            state = State(StateName.FAILED, str(error))
        except BaseException as error:  # noqa: BLE001 - the launcher must hear of anything
            state = State(StateName.FAILED, f"{type(error).__name__}: {error}")
        if self.interruption.requested.is_set() and not state.is_successful():
            state = State(StateName.CANCELLED, "cancelled")
        if not state.is_finished():
            # Nothing of this process is left for a person to go on with.
            state = State(StateName.FAILED, f"{state.message}: a run in a process of its own can't be paused")
        self.outputs.close()
        self.events.emit("run", state=state.name.value, message=state.message)
        for clean in self._last:
            clean()

    def _run(self) -> State:
        job = self.job
        os.environ.update(job.env)
        for name in job.unset:
            os.environ.pop(name, None)
        hide_environment()
        self._enter_folder()
        self._compare_versions()
        unpacked = self._load()
        require_secrets(self._document.get("secrets", ()))
        flow = unpacked.flow
        values = resolve(flow.parameters(), job.parameters)
        given = {name: values[name] for name in job.parameters}
        run = RunInfo(flow.name, job.run_id, values, self.events, scheduled_start_time=job.scheduled_start_time)
        own_process(run)
        self._namespace.install()
        self.events.emit("run", state="Running", message="")
        cells = self._cells(given)
        kept = self._kept(flow, given, cells)
        home = Home(
            flow,
            run,
            outputs=self.outputs,
            reporter=Reporter(self.events, self.outputs),
            interruption=self.interruption,
            run_cell=kept.run_cell,
            board_fd=self._board_fd,
            settled=kept.settled,
            holds_inputs=cells is None and self.job.results is not None,
        )
        settle(home)
        if given:
            shown = ", ".join(f"{name} = {value!r}" for name, value in given.items())
            self.events.emit("notice", message=f"parameters: {shown}", parameters=given)
        # What is loaded by now stays: the collector need not look at ten thousand tasks again and again.
        gc.freeze()
        state = self._execute(unpacked)
        kept.finish()
        return state

    def _kept(self, flow: Flow, given: dict[str, Any], cells: Any) -> Kept:
        """Take over what an earlier run has left, and let what this one leaves be kept."""
        job = self.job
        if job.results is None and job.resume is None:
            return Kept(cells)
        from jupyter_flows.engine.results.keeping import keep, keep_functions

        if cells is None:
            kept = keep_functions(self._document, given, job)
        else:
            kept = keep(flow, given, cells, self._namespace, self.outputs, job)
        self._hear = kept.hear
        for kind, body in kept.shown:
            self.events.emit(kind, **body)
        if kept.notice:
            self.events.emit("notice", message=kept.notice)
        return kept

    def _execute(self, unpacked: Unpacked) -> State:
        from jupyter_flows.environments.execution import environment_from_json

        data = self.job.environment or self._document["environment"] or _DEFAULT
        environment = environment_from_json(data, unpacked.callbacks)
        environment.setup(unpacked.flow)
        return environment.execute(unpacked.flow)

    def _enter_folder(self) -> None:
        folder = self.job.folder
        if folder is None:
            scratch = tempfile.TemporaryDirectory(prefix="jupyter_flows-run-", ignore_cleanup_errors=True)
            self._last.append(scratch.cleanup)
            folder = scratch.name
        try:
            os.chdir(folder)
        except OSError as error:
            raise RunError(
                f"The flow's folder {folder} can't be entered ({error.strerror}): register it again."
            ) from None
        sys.path.insert(0, folder)
        sys.argv[:] = [""]

    def _compare_versions(self) -> None:
        differences = version_differences(self.job.pins)
        if not differences:
            return
        message = f"versions differ from those registered: {', '.join(differences)}"
        if self.job.strict:
            raise RunError(f"{message}. The run is strict: install those versions, or register the flow again.")
        self.events.emit("notice", message=message)

    def _load(self) -> Unpacked:
        bundle = self._bundle()
        self._document: dict[str, Any] = bundle.document
        modules = {p.removeprefix("modules/"): s for p, s in bundle.files.items() if p.startswith("modules/")}
        if modules:
            packed = PackedModules(modules, Path(self.job.folder) if self.job.folder else None)
            packed.install()
            self._last.append(packed.clean)
        return unpack_flow(bundle)

    def _bundle(self) -> Bundle:
        if self.job.bundle_folder is not None:
            return Bundle.from_folder(self.job.bundle_folder)
        from jupyter_flows.environments.storage import storage_from_json

        return storage_from_json(self.job.storage).load(self.job.artifact)

    def _cells(self, given: dict[str, Any]) -> Any:
        if self._document["kind"] != "cells":
            take_the_rest(RunHandler(self.events, self.outputs.task))
            return None
        from jupyter_flows.engine.cell_runner import CellRunner

        shell = bool(self._document["shell"])
        cells = CellRunner(self._namespace, self.outputs.publish, shell=shell, parameters=given)
        self.outputs.divert = cells.divert
        return cells


_DEFAULT = {"class": "jupyter_flows.environments.RemoteEnvironment", "options": {}}


if __name__ == "__main__":
    # Under its own name, because `__main__` becomes the notebook.
    importlib.import_module("jupyter_flows.engine.run_process").main()
