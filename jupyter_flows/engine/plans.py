"""Plans that were made before, for flows that are run again unchanged."""

from __future__ import annotations

from types import FunctionType

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.rules import USUAL
from jupyter_flows.core.task import FunctionTask, Task
from jupyter_flows.engine.lanes import Call
from jupyter_flows.engine.plan import Plan, compile_plan

_PLAN = "plan"


class _Made:
    """A plan, and what it was made of that may have changed since."""

    def __init__(self, flow: Flow, plan: Plan):
        self.plan, self._revision, self._result = plan, flow.revision, flow.result
        functions = {id(fn): fn for fn, *_ in plan.calls if type(fn) is FunctionType}
        #: Reloading a module puts new code into its functions, perhaps with other arguments.
        self._code = [(fn, fn.__code__) for fn in functions.values()]

    def is_of(self, flow: Flow) -> bool:
        """Tell whether compiling the flow would give the same plan."""
        return (
            self._revision == flow.revision
            and self.plan.name == flow.name
            and self._result is flow.result
            and all(fn.__code__ is code for fn, code in self._code)
            and not any(map(_is_other, self.plan.tasks, self.plan.calls))
        )


def _is_other(task: Task, call: Call) -> bool:
    """Tell whether a task is called by something else by now, as one whose result is kept is in each run."""
    if task.rules is not USUAL and task.rules.is_stored:
        return True
    if type(task) is FunctionTask:
        return task.fn is not call[0]
    return not isinstance(task, Parameter) and task.run != call[0]


def plan_of(flow: Flow) -> Plan:
    """Return the plan of a functional flow, compiled where it is new or has changed; raise as `compile_plan` does.

    Runs share it, also such as go on at once: no run may change it.
    """
    made = flow.memory.get(_PLAN)
    if made is None or not made.is_of(flow):
        made = flow.memory[_PLAN] = _Made(flow, compile_plan(flow))
    plan: Plan = made.plan
    return plan
