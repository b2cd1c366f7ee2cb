"""Run a flow: compile it, let an executor call its tasks, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import resolve
from jupyter_flows.core.state import FAILED, SUCCESSFUL, State, StateName
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.executors.base import Executor, executor_from
from jupyter_flows.engine.failure import LONGEST
from jupyter_flows.engine.handlers import tell
from jupyter_flows.engine.home import Home, current_home, home_of, leave_of
from jupyter_flows.engine.map_runner import task_runner
from jupyter_flows.engine.plan import Plan, compile_plan
from jupyter_flows.engine.plans import plan_of
from jupyter_flows.engine.resumption import Resumption, resumption
from jupyter_flows.engine.task_runner import TaskRunner, run_all
from jupyter_flows.engine.task_states import TaskStates
from jupyter_flows.errors import RunError

RunCell = Callable[[CellTask], None]


class FlowRunner:
    """Runs one flow, in this process.

    `cells` runs a cell in the run's namespace; a run process brings its own, so that only tests and
    tools give one. With ``keep_results=False`` a result is dropped once nothing downstream takes it.
    """

    def __init__(
        self,
        flow: Flow,
        *,
        executor: Executor | str | None = None,
        cells: RunCell | None = None,
        keep_results: bool = True,
    ):
        self.flow, self.executor = flow, executor_from(executor)
        self._cells, self._keep = cells, keep_results

    def run(self, parameters: Mapping[str, Any] | None = None, *, resume: State | None = None) -> State:
        """Run every task and return the flow's state; its ``result`` maps each task to its own.

        A failing task fails the flow, it does not raise. With `resume`, the state of an earlier run, what
        succeeded there is taken from it, what was paused goes on, and the rest runs. Raises `ParameterError`
        for parameters that the flow does not take, `CycleError`, and `KeyboardInterrupt` when a person
        interrupts.
        """
        home = home_of(self.flow)
        earlier = resumption(self.flow, resume, parameters) if resume is not None else None
        values = resolve(self.flow.parameters(), earlier.parameters if earlier else parameters or {})
        run_cell = self._cell_runner(home)
        plan = compile_plan(self.flow, run_cell) if run_cell else plan_of(self.flow)
        runner = home.runner(plan) if home else self._runner(plan, values, earlier)
        runner.set_parameters(values)
        if earlier:
            runner.settle({n: earlier.settled[t] for n, t in enumerate(plan.tasks) if t in earlier.settled})
        result = TaskStates(runner)
        running = self._tell(State(StateName.PENDING), State(StateName.RUNNING))
        try:
            if running.name is StateName.RUNNING:
                run_all(runner, self.executor.execute)
        finally:
            if home:
                home.finish()
        if running.name is not StateName.RUNNING:
            return State(running.name, running.message, result)
        name, message = flow_state(runner)
        return self._tell(running, State(name, message, result))

    def _tell(self, old: State, new: State) -> State:
        flow = self.flow
        if not flow.state_handlers and flow.on_failure is None:
            return new
        return tell(flow, flow.state_handlers, flow.on_failure, old, new)

    def _runner(self, plan: Plan, values: Mapping[str, Any], earlier: Resumption | None) -> TaskRunner:
        resumed = earlier.resumed if earlier else frozenset()
        run = RunInfo(self.flow.name, parameters=values, scheduled_start_time=datetime.now(UTC), resumed=resumed)
        return task_runner(plan, run, keep_results=self._keep, may_leave=leave_of(self._cells))

    def _cell_runner(self, home: Home | None) -> RunCell | None:
        run_cell = self._cells or (home.run_cell if home else None)
        if run_cell is None and self.flow.of_cells:
            raise RunError(
                f"Flow {self.flow.name!r} is made of cells, which run in a process of their own: use flow.run()."
            )
        return run_cell


def flow_state(runner: TaskRunner) -> tuple[StateName, str]:
    """Return the state that a flow has by its reference tasks, and why when it is no success."""
    plan = runner.plan
    if not runner.messages and len(runner.rows) == runner.total:
        return StateName.SUCCESS, ""
    last: dict[int, StateName] = {}
    for row in runner.rows:
        last[row[0]] = StateName.SUCCESS if len(row) == 3 else row[1]  # noqa: PLR2004 - the short row's length
    order = list(runner.with_children(plan.order))
    # The first by order, not by time: what runs at once fails at random times.
    first = next((n for n in order if last.get(n) in (StateName.FAILED, StateName.TIMED_OUT)), None)
    reference = list(runner.with_children(plan.reference))
    outcome = {last.get(n, StateName.PENDING) for n in reference}
    if outcome <= SUCCESSFUL:
        return StateName.SUCCESS, ""
    if StateName.CANCELLED in outcome:
        return StateName.CANCELLED, "cancelled"
    paused = [runner.name_of(n) for n in order if last.get(n) is StateName.PAUSED]
    if paused and not outcome & FAILED:
        return StateName.PAUSED, f"waiting for a person: {', '.join(paused[:5])}"
    if first is None:
        # What no failure explains: a trigger that asks for one, or a signal.
        first = next((n for n in reference if last.get(n) is StateName.TRIGGER_FAILED), None)
    if first is None:
        undone = [runner.name_of(n) for n in reference if last.get(n) not in SUCCESSFUL]
        return StateName.FAILED, f"the executor left tasks undone: {', '.join(undone[:5])}"
    return StateName.FAILED, f"{runner.name_of(first)}: {runner.messages.get(first, '')}"


def run_callback(name: str, callback: Callable[[], Any] | None) -> str:
    """Call an environment's callback and return what went wrong, or nothing; what it prints shows with the run."""
    if callback is None:
        return ""
    home = current_home()
    try:
        if home:
            home.call(name, callback)
        else:
            callback()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and home is None:
            raise
        text = " ".join(str(error).split())[:LONGEST]
        return f"{name}: {type(error).__name__} {text}".rstrip()
    return ""
