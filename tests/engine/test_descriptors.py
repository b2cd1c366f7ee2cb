"""Text that is written past Python, and its place among what Python writes."""

from __future__ import annotations

import os
import threading

from jupyter_flows.engine.descriptors import Descriptors


class SlowOutputs:
    """Take text only when told to, as a thread does that has just read it."""

    def __init__(self):
        self.taken, self.begun, self.go_on = [], threading.Event(), threading.Event()

    def take_past_python(self, _, text):
        self.begun.set()
        self.go_on.wait(30)
        self.taken.append(text)


def test_draining_waits_for_what_another_thread_has_read():
    """Text that left the pipe but is not handed over yet still comes before what is written next."""
    outputs = SlowOutputs()
    descriptors = Descriptors(outputs)
    read, write = os.pipe()
    descriptors._ends = {1: read}
    os.write(write, b"first")
    reader = threading.Thread(target=descriptors.drain)
    reader.start()
    outputs.begun.wait(30)

    def write_next():
        descriptors.drain()
        outputs.taken.append("second")

    writer = threading.Thread(target=write_next)
    writer.start()
    writer.join(0.2)
    outputs.go_on.set()
    reader.join(30)
    writer.join(30)
    os.close(read)
    os.close(write)
    assert outputs.taken == ["first", "second"]
