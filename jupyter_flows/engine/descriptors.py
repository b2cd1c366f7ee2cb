"""Take what is written past Python: to file descriptors 1 and 2, by C code and child processes."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import struct
import termios
import threading

from jupyter_flows.engine.outputs import Outputs

CHUNK_BYTES = 1 << 16
_NAMES = {1: "stdout", 2: "stderr"}


class Descriptors:
    """Pipes in place of file descriptors 1 and 2, read by a thread, or sooner by who wants order."""

    def __init__(self, outputs: Outputs):
        self._outputs = outputs
        self._lock = threading.RLock()
        self._ends: dict[int, int] = {}
        self._decoders = {fd: codecs.getincrementaldecoder("utf-8")("replace") for fd in _NAMES}

    def install(self) -> None:
        """Take the descriptors over, for the rest of the process's life."""
        for fd in _NAMES:
            read, write = os.pipe()
            os.dup2(write, fd)
            os.close(write)
            os.set_blocking(read, False)
            self._ends[fd] = read
        self._outputs.drain = self.drain
        threading.Thread(target=self._watch, name="descriptors", daemon=True).start()

    def drain(self) -> None:
        """Hand over what has been written so far, also what the thread has read and not yet handed over."""
        for fd, end in self._ends.items():
            self._read(fd, end)

    def _read(self, fd: int, end: int) -> None:
        with self._lock:
            while _waiting(end):
                try:
                    data = os.read(end, CHUNK_BYTES)
                except BlockingIOError:
                    return
                self._outputs.take_past_python(_NAMES[fd], self._decoders[fd].decode(data))

    def _watch(self) -> None:
        poll = select.poll()
        ends = {end: fd for fd, end in self._ends.items()}
        for end in ends:
            poll.register(end, select.POLLIN)
        while ends:
            for end, event in poll.poll():
                if event & select.POLLIN:
                    self._read(ends[end], end)
                else:
                    poll.unregister(end)
                    del ends[end]


def _waiting(end: int) -> int:
    """Return how many bytes a pipe holds."""
    return int(struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, b"\0\0\0\0"))[0])
