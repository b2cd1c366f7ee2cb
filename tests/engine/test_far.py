"""Far from home: what a desk reports, and how reports travel."""

import queue
import socket

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.far.desk import Absent, Desk
from jupyter_flows.engine.far.luggage import pack
from jupyter_flows.engine.far.mailbox import Mailbox
from jupyter_flows.engine.far.streams import LIMIT_CHARACTERS, Speech
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.engine.whole_text import WholeTexts


@task
def divide(a, b):
    return a / b


def desk_for(*bound):
    """Return a desk with one task, and the list of its reports."""
    with Flow("desk") as flow:
        divide(*bound)
    said = []
    work = TaskRunner(compile_plan(flow), RunInfo("desk"))
    return Desk(pack(work, set()), lambda *report: said.append(report), lambda value: (value, "sealed")), said


def test_a_call_is_reported_with_its_states():
    """Running, then Success, then what was sealed."""
    desk, said = desk_for(6, 3)
    assert desk.call(0, []) == 2
    desk.close()
    [(kind, number, account, error, more)] = said
    assert (kind, number, [row[0] for row in account], error, more) == ("end", 0, ["Running", "Success"], b"", "sealed")


def test_a_failure_gives_nothing_and_says_why():
    """What takes it is not called either, and reports nothing."""
    desk, said = desk_for(6, 0)
    gone = desk.call(0, [])
    assert isinstance(gone, Absent)
    assert said[0][2][-1][2].startswith("ZeroDivisionError division by zero")
    assert isinstance(desk.call(0, [gone]), Absent)
    desk.close()
    assert len(said) == 1


def test_luggage_that_cannot_be_unpacked_fails_its_task():
    """A worker without a module says so, under the task's name."""
    said = []
    desk = Desk(b"no pickle", lambda *report: said.append(report), lambda value: (value, None))
    assert isinstance(desk.call(4, []), Absent)
    desk.close()
    kind, number, account, *_ = said[0]
    assert (kind, number, [row[0] for row in account]) == ("end", 4, ["Running", "Failed"])
    assert account[1][2].startswith("UnpicklingError:")


def test_text_is_sent_in_order():
    """Streams keep their order, and nothing is left out where the way home is wide."""
    said = []
    speech = Speech(3, lambda *report: said.append(report))
    speech.write("stdout", "a")
    speech.write("stdout", "b")
    speech.write("stderr", "c")
    speech.flush()
    assert said == [("text", 3, "stdout", "ab"), ("text", 3, "stderr", "c")]
    speech.write("stdout", "x" * (2 * LIMIT_CHARACTERS))
    assert len(said[-1][3]) == 2 * LIMIT_CHARACTERS


def test_text_is_bounded_where_the_way_home_is_narrow(tmp_path):
    """Past the limit nothing is sent but a notice, which names the file that has all."""
    said = []
    speech = Speech(3, lambda *report: said.append(report), WholeTexts(str(tmp_path)))
    speech.write("stdout", "x" * (2 * LIMIT_CHARACTERS))
    speech.write("stdout", "y")
    speech.write("stderr", "short" * 20_000)
    speech.close()
    kept = tmp_path / "3.stdout.txt"
    notice = f"\n[more than 8,388,608 characters: all of it is in {kept} on {socket.gethostname()}]\n"
    assert "".join(report[3] for report in said if report[2] == "stdout") == "x" * LIMIT_CHARACTERS + notice
    assert kept.read_text() == "x" * (2 * LIMIT_CHARACTERS) + "y"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_mailbox_keeps_the_order_and_loses_nothing():
    """Reports arrive in batches; closing hands on the last."""
    posted = queue.SimpleQueue()
    mailbox = Mailbox(posted.put)
    for n in range(100):
        mailbox.send("end", n)
    mailbox.close()
    arrived = []
    while len(arrived) < 100:
        arrived += posted.get(timeout=30)
    assert arrived == [("end", n) for n in range(100)]
