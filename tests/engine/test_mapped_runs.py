"""Mapped tasks in processes of their own: what is reported, and what a sudden death says."""

from __future__ import annotations

from jupyter_flows import Flow, task
from jupyter_flows.engine.apart import run_apart
from jupyter_flows.engine.board import Board, Seated, board_file, running_tasks


@task
def inc(x):
    return x + 1


@task(max_retries=1)
def shaky(x):
    return 1 // x


@task
def die(x):
    import os

    if x == 2:
        os._exit(3)
    return x


def told_of(flow):
    events = []
    state = run_apart(flow, on_event=events.append)
    rows = [row for event in events if event.kind == "tasks" for row in event.body["rows"]]
    return state, [(name, index, what) for name, index, what, _, _ in rows]


def test_rows_name_task_and_index():
    """The mapped task first, then each child, lane by lane."""
    with Flow("f") as flow:
        inc.map(inc.map([1, 2]))
    state, rows = told_of(flow)
    assert state.is_successful()
    assert [row for row in rows if row[2] != "Running"] == [
        ("inc", None, "Mapped"),
        ("inc-2", None, "Mapped"),
        ("inc", 0, "Success"),
        ("inc-2", 0, "Success"),
        ("inc", 1, "Success"),
        ("inc-2", 1, "Success"),
    ]
    assert [s.name.value for s in state.result[flow.tasks[1]].map_states] == ["Success", "Success"]


def test_tries_are_told_of_each_child():
    """And the flow's message names the one that failed."""
    with Flow("f") as flow:
        shaky.map([1, 0])
    state, rows = told_of(flow)
    assert [what for _, index, what in rows if index == 1] == ["Running", "Retrying", "Running", "Failed"]
    assert state.message.startswith("shaky[1]: ZeroDivisionError")


def test_a_sudden_death_names_the_child():
    """Its process is gone; which element it was at is known."""
    with Flow("f") as flow:
        die.map([1, 2, 3])
    state, rows = told_of(flow)
    assert state.message.startswith("die[1]: its process ended early, with exit code 3")
    last = {(name, index): what for name, index, what in rows}
    assert last["die", 1] == "Failed"
    assert last["die", None] in {"Mapped", "Failed"}  # The former if that was reported in time.


def test_the_board_tells_a_child_from_a_task():
    """Whoever holds the same memory reads both."""
    fd = board_file()
    board = Board(fd, slugs=("a", "b"))
    board.cell[0], board.index[0], board.cell[1] = 1, 7, 0
    assert running_tasks(fd) == [Seated("b", 7), Seated("a")]
    assert list(map(str, running_tasks(fd))) == ["b[7]", "a"]


@task
def speak(x):
    from jupyter_flows import context

    print("printed", x)
    context.logger.info("logged %s", x)
    return x


def test_what_a_child_says_has_its_index():
    """Printed and logged, as the task's, and as the child's."""
    events = []
    with Flow("f") as flow:
        speak(speak.map([5, 6]))
    run_apart(flow, on_event=events.append)
    said = [(e.kind, e.body["task"], e.body.get("map_index")) for e in events if e.kind in {"stream", "log"}]
    assert sorted(said, key=str) == [
        ("log", "speak", 0),
        ("log", "speak", 1),
        ("log", "speak-2", None),
        ("stream", "speak", 0),
        ("stream", "speak", 1),
        ("stream", "speak-2", None),
    ]


@task
def speak_from_a_thread(x):
    import threading

    thread = threading.Thread(target=print, args=["said", x])
    thread.start()
    thread.join()


def test_threads_of_a_child_speak_for_it():
    """What they print has its index."""
    events = []
    with Flow("f") as flow:
        speak_from_a_thread.map([5, 6])
    run_apart(flow, on_event=events.append)
    said = {(e.body["text"], e.body.get("map_index")) for e in events if e.kind == "stream"}
    assert said == {("said 5\n", 0), ("said 6\n", 1)}


@task
def fork(x):
    import os

    pid = os.fork()
    return x if pid == 0 else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_process_that_a_child_forks_goes_on_with_no_other():
    """Each element is called once."""
    with Flow("f") as flow:
        inc.map(fork.map([1, 2]))
    state, rows = told_of(flow)
    assert [row for row in rows if row[0] == "fork" and row[1] is not None and row[2] != "Running"] == [
        ("fork", 0, "Success"),
        ("fork", 1, "Success"),
    ]
    assert state.is_successful()
