"""An agent's heartbeat: a thread that tells the registry that the agent is there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from jupyter_flows.errors import ClashError, RegistryError
from jupyter_flows.registry import Registry
from jupyter_flows.registry.agents import BEAT_SECONDS

logger = logging.getLogger("jupyter_flows.agent")


class Heartbeat:
    """Beats until the ``with`` block is left; calls `lost` when another agent took the name."""

    def __init__(
        self,
        registry: Registry,
        agent_id: int,
        load: Callable[[], int],
        *,
        lost: Callable[[], None],
        seconds: float = BEAT_SECONDS,
    ):
        self._registry, self._agent_id, self._load, self._lost, self._seconds = registry, agent_id, load, lost, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="flows-heartbeat", daemon=True)

    def _beat(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self._registry.agents.beat(self._agent_id, self._load())
                # Runs of agents that died are noticed by those that live.
                self._registry.runs.expire()
            except ClashError as error:
                logger.warning(str(error))
                self._lost()
                return
            except RegistryError as error:
                logger.warning("No heartbeat this time: %s", error)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
