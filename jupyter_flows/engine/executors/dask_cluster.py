"""The executor of a Dask cluster: one that runs already, or one made for the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_flows.engine.executors.base import Executor, Work, class_path, load_class
from jupyter_flows.engine.executors.local import LocalExecutor
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import EnvironmentOptionError


class DaskExecutor(Executor):
    """Call functions on a Dask cluster; what they give stays on the workers until a person wants it.

    `address` is that of a scheduler that runs. Without one a cluster is made for the run: ``dask.distributed``'s
    ``LocalCluster``, or `cluster_class` (the class or its import path), called with `cluster_kwargs`;
    `adapt_kwargs` are for its ``adapt``. `client_kwargs` are for ``distributed.Client``. A task tagged
    ``dask-resource:GPU=1`` runs on workers that offer the resource.

    Cells run at home, as by `LocalExecutor`: they share one module.

    >>> DaskExecutor(address="tcp://127.0.0.1:8786")
    DaskExecutor(address='tcp://127.0.0.1:8786')
    """

    def __init__(
        self,
        address: str | None = None,
        cluster_class: Callable[..., Any] | str | None = None,
        cluster_kwargs: Mapping[str, Any] | None = None,
        adapt_kwargs: Mapping[str, Any] | None = None,
        client_kwargs: Mapping[str, Any] | None = None,
    ):
        if address is not None and (cluster_class or cluster_kwargs or adapt_kwargs):
            raise EnvironmentOptionError(
                f"DaskExecutor takes the address of a cluster that runs ({address!r}), or cluster_class, "
                "cluster_kwargs and adapt_kwargs to make one, not both."
            )
        self.address, self.cluster_class = address, cluster_class
        self.cluster_kwargs, self.adapt_kwargs = dict(cluster_kwargs or {}), dict(adapt_kwargs or {})
        self.client_kwargs = dict(client_kwargs or {})
        if isinstance(cluster_class, type):
            self._options = {**self._options, "cluster_class": class_path(cluster_class)}

    def execute(self, work: Work) -> None:
        """Run every task: functions on the cluster, the rest at home."""
        if not isinstance(work, TaskRunner) or not work.packed:
            LocalExecutor().execute(work)
            return
        from jupyter_flows.engine.executors.dask_run import DaskRun

        cluster = None if self.address else self._make_cluster()
        try:
            DaskRun(work, self.address or cluster, self.client_kwargs).run()
        finally:
            if cluster is not None:
                cluster.close()

    def _make_cluster(self) -> Any:
        made_by = self.cluster_class
        if made_by is None:
            from distributed import LocalCluster

            # Its own port for the dashboard: the usual one may be another run's.
            cluster = LocalCluster(**{"dashboard_address": "127.0.0.1:0", **self.cluster_kwargs})
        else:
            made_by = load_class(made_by, "cluster_class") if isinstance(made_by, str) else made_by
            cluster = made_by(**self.cluster_kwargs)
        if self.adapt_kwargs:
            cluster.adapt(**self.adapt_kwargs)
        return cluster
