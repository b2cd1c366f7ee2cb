"""One container from its image to its end, on a real engine and with programs that do what runs rarely do."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from jupyter_flows.agent.container import Container
from jupyter_flows.core.events import Event
from jupyter_flows.errors import AgentError
from tests.images.engine import BASE

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

#: No container of a test takes longer, however loaded the machine is.
PATIENCE_SECONDS = 120


class Run:
    """A container that runs a program of ours in the place of a flow's, and what it reported."""

    def __init__(self, client, code, *, fetch=None, grace_seconds=60.0, **options):
        self.events: list[Event] = []
        self.seen = threading.Condition()
        options = {"stdin_open": True, "network_mode": "none", "init": True, **options}
        self.container = Container(
            "the job\n",
            self._take,
            name="flows-test",
            fetch=fetch or (lambda _: BASE),
            make=lambda image: client.containers.create(image, ["python", "-uc", code], **options),
            grace_seconds=grace_seconds,
        )

    def _take(self, event):
        with self.seen:
            self.events.append(event)
            self.seen.notify_all()

    def wait_for(self, kind):
        """Wait until an event of this kind was reported."""
        with self.seen:
            assert self.seen.wait_for(lambda: any(e.kind == kind for e in self.events), PATIENCE_SECONDS)

    def end(self):
        """Wait for the end, and return its state and message."""
        assert self.container.finished or self.container.wait(PATIENCE_SECONDS) is not None or self.container.finished
        assert [e.seq for e in self.events] == list(range(1, len(self.events) + 1))
        body = self.events[-1].body
        return body["state"], body["message"]

    def started(self):
        """Begin, and return itself."""
        self.container.start()
        return self


@pytest.fixture
def run(docker_engine):
    with closing(docker_engine.client()) as client:
        before = {c.id for c in client.containers.list(all=True)}
        yield lambda code, **options: Run(client, code, **options)
        left = [c for c in client.containers.list(all=True) if c.id not in before]
        assert left == []


def test_its_job_goes_in_and_its_events_come_out(run):
    """The program reads the job on its standard input; what it writes is handed on, as soon as it is written."""
    said = """
import sys
job = sys.stdin.readline().strip()
print('{"seq": 1, "at": 1.0, "kind": "notice", "message": "%s"}' % job)
sys.stdin.readline()
print('{"seq": 2, "at": 1.0, "kind": "run", "state": "Cancelled", "message": "as told"}')
"""
    one = run(said).started()
    one.wait_for("notice")
    assert one.events[0].body["message"] == "the job"
    one.container.cancel()
    assert one.end() == ("Cancelled", "as told")
    assert one.container.wait() == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(3)", "the run's container ended early, with exit code 3"),
        ("raise SystemExit('no such luck')", "the run's container ended early, with exit code 1: no such luck"),
        ("import os; os.kill(os.getpid(), 11)", "the run's container was killed by SIGSEGV"),
        ("", "the run's container ended early, with exit code 0"),
    ],
)
def test_a_silent_end_is_explained(run, code, message):
    """A container that ends without its run's last word fails the run, with its exit code or signal by name."""
    assert run(code).started().end() == ("Failed", message)


def test_what_was_under_way_is_named(run):
    """Tasks that were running when the container ended are Failed, and named with the reason."""
    rows = '{"seq": 1, "at": 1.0, "kind": "tasks", "rows": [["fit", null, "Running", 1.0, ""]]}'
    one = run(f"print('{rows}'); raise SystemExit(7)").started()
    assert one.end() == ("Failed", "fit: its container ended early, with exit code 7")
    assert one.events[1].body["rows"][0][:3] == ["fit", None, "Failed"]


def test_lack_of_memory_is_named(run):
    """A container that outgrew its limit says so, with the limit."""
    state, message = run("x = bytearray(300 << 20)", mem_limit="64m", memswap_limit="64m").started().end()
    assert state == "Failed"
    assert message.startswith("the run's container was killed for lack of memory (the limit is 64 MB)")


def test_what_does_not_stop_is_killed(run):
    """A cancel is first asked for, then the engine stops the container, which kills what ignores that too."""
    code = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"seq": 1, "at": 1.0, "kind": "notice", "message": "here"}')
while True: time.sleep(1)
"""
    one = run(code, grace_seconds=-4.9).started()
    one.wait_for("notice")
    one.container.cancel()
    assert one.end() == ("Cancelled", "cancelled; its container did not stop in time and was killed")


def test_killed(run):
    """A run that is another's by now is ended at once."""
    one = run("""print('{"seq": 1, "at": 1.0, "kind": "notice", "message": "here"}'); input(); input()""").started()
    one.wait_for("notice")
    one.container.kill()
    assert one.end()[0] == "Cancelled"


def test_cancelled_while_its_image_is_pulled(run):
    """A cancel ends the pull, and no container is made."""
    pulling, go = threading.Event(), threading.Event()

    def fetch(say):
        pulling.set()
        go.wait(PATIENCE_SECONDS)
        say("")
        raise AssertionError("the pull went on")

    one = run("", fetch=fetch).started()
    assert pulling.wait(PATIENCE_SECONDS)
    one.container.cancel()
    go.set()
    assert one.end() == ("Cancelled", "cancelled before its container started")


def test_an_image_that_is_not_to_be_had(run):
    """Why there is no image is why the run failed."""

    def fetch(_):
        raise AgentError("no such image")

    assert run("", fetch=fetch).started().end() == ("Failed", "no such image")


def test_what_an_engine_refuses(run):
    """What the engine says against the container is why the run failed."""
    state, message = run("", volumes=["not a place:/x:z:z"]).started().end()
    assert state == "Failed"
    assert message.startswith("The run's container could not be started: ")


def test_noise_is_left_out(run, caplog):
    """A line that is no event is noted in the agent's log and nowhere else."""
    code = """print("boo"); print('{"seq": 9, "at": 1.0, "kind": "run", "state": "Success", "message": ""}')"""
    one = run(code).started()
    assert one.end() == ("Success", "")
    assert len(one.events) == 1
    assert "boo" in caplog.text
