"""Text and displays of a run become events, in order, bounded, each under its task."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest

from jupyter_flows.core.events import EventLog
from jupyter_flows.engine.context import Place, RunInfo, current_number, current_place, on_worker
from jupyter_flows.engine.outputs import Outputs, RunStream


class Heard:
    """Outputs, and the events that they made."""

    def __init__(self, **options):
        self.events = []
        self.outputs = Outputs(EventLog(self.events.append), **options)

    def bodies(self):
        self.outputs.flush()
        return [dict(e.body) for e in self.events]

    def texts(self):
        return [body["text"] for body in self.bodies() if "text" in body]


@pytest.fixture
def heard():
    made = Heard()
    yield made
    made.outputs.close()


def test_text_is_gathered(heard):
    """What follows on each other in one stream is one event."""
    for letter in "abc":
        heard.outputs.write("stdout", letter)
    assert heard.bodies() == [{"task": None, "name": "stdout", "text": "abc"}]


def test_streams_keep_their_order(heard):
    """A line of errors stands between the lines it was written between."""
    heard.outputs.write("stdout", "a")
    heard.outputs.write("stderr", "b")
    heard.outputs.write("stdout", "c")
    assert [(b["name"], b["text"]) for b in heard.bodies()] == [("stdout", "a"), ("stderr", "b"), ("stdout", "c")]


def test_a_display_comes_after_the_text_before_it(heard):
    """Gathered text is sent first."""
    heard.outputs.write("stdout", "before")
    heard.outputs.publish({"output_type": "display_data"})
    heard.outputs.write("stdout", "after")
    assert [body.get("text") or body["output"]["output_type"] for body in heard.bodies()] == [
        "before",
        "display_data",
        "after",
    ]


def test_text_past_python_comes_before_the_next_line(heard):
    """What went to the file descriptors until now is taken first."""
    heard.outputs.drain = lambda: heard.outputs.take("stdout", "by C, ")
    heard.outputs.write("stdout", "by Python")
    heard.outputs.publish({"output_type": "display_data"})
    assert heard.texts() == ["by C, by Pythonby C, "]


def test_text_belongs_to_the_running_task(heard):
    """Text whose thread does not say where it belongs goes to the task that runs."""
    heard.outputs.running = lambda: "load"
    thread = threading.Thread(target=heard.outputs.write, args=("stdout", "x"))
    thread.start()
    thread.join()
    assert heard.bodies() == [{"task": "load", "name": "stdout", "text": "x"}]


def test_a_worker_brings_in_what_others_wrote_past_python(heard, monkeypatch):
    """Its own text is its task's; what it finds at the file descriptors is the main thread's."""
    run = RunInfo("flow")
    monkeypatch.setattr("jupyter_flows.engine.context._process_run", [run])
    heard.outputs.running = lambda: "at home"
    heard.outputs.drain = lambda: heard.outputs.take_past_python("stdout", "by C")

    def work():
        on_worker.set(True)
        current_place.set(Place(run, ["at home", "away"]))
        current_number.set(1)
        heard.outputs.write("stdout", "by Python")

    copy_context().run(work)
    assert [(body["task"], body["text"]) for body in heard.bodies()] == [("at home", "by C"), ("away", "by Python")]


def test_a_callbacks_text_has_its_name(heard):
    """It belongs to no task, whichever ran last."""
    heard.outputs.running = lambda: "load"
    with heard.outputs.speaking("on_start"):
        heard.outputs.write("stdout", "x")
    assert heard.bodies() == [{"task": None, "name": "stdout", "text": "x", "source": "on_start"}]


def test_much_text_does_not_wait(heard):
    """Beyond what is worth gathering it is sent at once."""
    heard.outputs.write("stdout", "x" * 70_000)
    assert [len(e.body["text"]) for e in heard.events] == [70_000]


def test_too_much_text_goes_to_a_file(tmp_path):
    """The cut is where the limit is, said once; the file has all."""
    heard = Heard(folder=str(tmp_path / "texts"), limit=10)
    for _ in range(3):
        heard.outputs.write("stdout", "12345678")
        heard.outputs.flush()
    kept = tmp_path / "texts" / "run.stdout.txt"
    assert "".join(heard.texts()) == f"1234567812\n[more than 10 characters: all of it is in {kept}]\n"
    heard.outputs.close()
    assert kept.read_text() == "12345678" * 3
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_each_task_has_its_own_limit(tmp_path):
    """One that floods takes nothing from the others."""
    heard = Heard(folder=str(tmp_path), limit=4)
    heard.outputs.running = lambda: "flood/er"
    heard.outputs.write("stdout", "123456")
    heard.outputs.flush()
    heard.outputs.running = lambda: "quiet"
    heard.outputs.write("stdout", "7890")
    assert heard.texts()[-1] == "7890"
    heard.outputs.close()
    assert [p.name for p in tmp_path.iterdir()] == ["flood_er.stdout.txt"]


def test_a_run_that_has_said_much_says_less_of_each_task(tmp_path):
    """Many tasks that each write less than their limit are bounded together; each has its file."""
    heard = Heard(folder=str(tmp_path), limit=1 << 20, most=100)
    for name in ("first", "second"):
        heard.outputs.running = lambda name=name: name
        heard.outputs.write("stdout", "x" * 100_000)
        heard.outputs.flush()
    kept = tmp_path / "second.stdout.txt"
    notice = f"\n[more than 65,536 characters: all of it is in {kept}]\n"
    assert heard.texts() == ["x" * 100_000, "x" * 65_536 + notice]
    heard.outputs.close()
    assert list(tmp_path.iterdir()) == [kept]


def test_threads_lose_nothing(heard):
    """Many writers at once: every character arrives."""
    threads = [
        threading.Thread(target=lambda: [heard.outputs.write("stdout", "x") for _ in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(map(len, heard.texts())) == 4000


class TestStream:
    """sys.stdout of a run."""

    def test_it_writes(self, heard):
        """print() works on it, and the count is returned."""
        stream = RunStream(heard.outputs, "stderr", 2)
        assert stream.write("ab") == 2
        print("c", 1, file=stream)
        stream.writelines(["d", "e"])
        assert heard.bodies() == [{"task": None, "name": "stderr", "text": "abc 1\nde"}]

    def test_it_takes_text_only(self, heard):
        """Bytes are refused with the words that Python has for it."""
        with pytest.raises(TypeError, match=r"write\(\) argument must be str, not bytes"):
            RunStream(heard.outputs, "stdout", 1).write(b"x")

    def test_it_looks_like_a_kernels(self, heard):
        """Libraries ask it for these before they write."""
        stream = RunStream(heard.outputs, "stdout", 1)
        assert (stream.encoding, stream.errors, stream.isatty(), stream.writable()) == ("utf-8", "replace", False, True)
        assert (stream.fileno(), stream.name, stream.closed) == (1, "stdout", False)

    def test_it_stays_open(self, heard):
        """A cell that closes sys.stdout does not silence the next."""
        stream = RunStream(heard.outputs, "stdout", 1)
        stream.close()
        stream.write("x")
        assert heard.texts() == ["x"]
