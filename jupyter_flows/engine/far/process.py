"""``python -m jupyter_flows.engine.far.process``: a process that calls a run's functions, one at a time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import cloudpickle

from jupyter_flows.engine.far.desk import Desk, unsendable


def seal(value: Any) -> tuple[None, bytes]:
    """Pickle a result, once for all that take it; it goes with the report."""
    try:
        return None, cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - whatever a value's own pickling raises
        raise unsendable(value, error) from None


def main() -> None:
    """Take luggage, then tasks, until the other end is closed."""
    connection = Connection(int(sys.argv[1]))
    lock = threading.Lock()

    def send(*message: Any) -> None:
        with lock:
            connection.send(message)

    try:
        sys.path[:], packed = connection.recv()
        desk = Desk(packed, send, seal, read=cloudpickle.loads)
        signal.signal(signal.SIGINT, lambda *_: _interrupt(desk, *_))
        while True:
            number, parent, index, blobs = connection.recv()
            desk.call(number, blobs, parent=parent, index=index)
    except (EOFError, OSError):  # Home is gone, or has no more.
        os._exit(0)


def _interrupt(desk: Desk, _: int, __: FrameType | None) -> None:
    if desk.busy:
        raise KeyboardInterrupt


if __name__ == "__main__":
    main()
