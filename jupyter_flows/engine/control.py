"""The line from the launcher to its run process: first the job, then commands, and its end means stop."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable

#: How long a run whose launcher is gone may take to end.
ORPHAN_SECONDS = 10.0


class Control:
    """Reads the launcher's lines from what was standard input, which becomes empty."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(0), "rb")
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, by number
            os.dup2(nothing.fileno(), 0)

    def first_line(self) -> bytes:
        """Wait for the job; empty when the launcher has none any more."""
        return self._file.readline()

    def listen(self, cancel: Callable[[], None]) -> None:
        """Call `cancel` when told to, and when the launcher is gone, from a thread."""

        def read() -> None:
            for line in self._file:
                if json.loads(line).get("do") == "cancel":
                    cancel()
            cancel()
            threading.Event().wait(ORPHAN_SECONDS)
            os.killpg(os.getpgrp(), signal.SIGKILL)
            # The first process of a container is spared by its own signals.
            os._exit(os.EX_TEMPFAIL)

        threading.Thread(target=read, name="control", daemon=True).start()
