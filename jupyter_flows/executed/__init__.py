"""The executed notebook: a run's notebook, each output in its own cell, as if a kernel had run it there."""

from jupyter_flows.executed.kept import executed_path, keep_executed
from jupyter_flows.executed.replay import Kept, executed_notebook
from jupyter_flows.executed.trust import is_own, sign

__all__ = ["Kept", "executed_notebook", "executed_path", "is_own", "keep_executed", "sign"]
