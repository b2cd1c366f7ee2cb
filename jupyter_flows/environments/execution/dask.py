"""The Dask environment: the run's own process leads, a Dask cluster works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_flows.engine.executors import DaskExecutor
from jupyter_flows.environments.execution.base import Callback, Environment
from jupyter_flows.errors import EnvironmentOptionError


class RemoteDaskEnvironment(Environment):
    """Run the flow on the Dask cluster at `address`; `executor_kwargs` are further options of `DaskExecutor`.

    >>> RemoteDaskEnvironment(address="tcp://127.0.0.1:8786", labels=["cluster"]).executor
    DaskExecutor(address='tcp://127.0.0.1:8786')
    """

    def __init__(  # noqa: PLR0917 - the field's signature
        self,
        address: str,
        executor_kwargs: Mapping[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callback | None = None,
        on_exit: Callback | None = None,
        metadata: Mapping[str, Any] | None = None,
    ):
        if not isinstance(address, str) or not address:
            raise EnvironmentOptionError(
                f"RemoteDaskEnvironment's address is a scheduler's, such as 'tcp://10.0.0.1:8786', not {address!r}."
            )
        self.address = address
        executor = DaskExecutor(address=address, **(executor_kwargs or {}))
        super().__init__(executor, labels=labels, on_start=on_start, on_exit=on_exit, metadata=metadata)

    def options(self) -> dict[str, Any]:
        """Return the options other than callbacks, as JSON values."""
        options = super().options()
        del options["executor"]
        given = {name: value for name, value in options["executor_kwargs"].items() if name != "address"}
        return {**options, "address": self.address, "executor_kwargs": given}
