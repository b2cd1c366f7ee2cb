"""The crew: who runs what, in which order, and who waits for whom."""

from __future__ import annotations

import threading

import pytest

from jupyter_flows.engine.context import current_turn
from jupyter_flows.engine.executors.crew import Crew
from tests.contracts.executor import Recorder

PATIENCE_SECONDS = 20


class Work(Recorder):
    """Work whose tasks are functions, by number; what has none does nothing."""

    def __init__(self, upstream, portable=(), stays=(), **tasks):
        super().__init__(upstream, portable)
        self.tasks = {int(name.removeprefix("task_")): task for name, task in tasks.items()}
        self.stays, self.threads, self.asked = set(stays), {}, []

    def may_leave(self, number):
        self.asked.append(number)
        return number not in self.stays

    def run(self, number):
        self.threads[number] = threading.current_thread()
        self.tasks.get(number, lambda: None)()
        super().run(number)

    def at_home(self):
        return [n for n in self.calls if self.threads[n] is threading.current_thread()]


def meeting(parties):
    barrier = threading.Barrier(parties)
    return lambda: barrier.wait(PATIENCE_SECONDS)


def test_portable_tasks_meet():
    """Three tasks that wait for each other all end, two on workers beside home's."""
    meet = meeting(3)
    work = Work([[], [], []], {1, 2}, task_0=meet, task_1=meet, task_2=meet)
    Crew(work, 3).run()
    assert (sorted(work.calls), work.at_home()) == ([0, 1, 2], [0])


def test_no_more_run_at_once_than_are_asked_for():
    """With two workers a third task waits, whichever thread it would run on."""
    running, most, lock = [0], [0], threading.Lock()
    both = threading.Barrier(2)

    def count():
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        both.wait(PATIENCE_SECONDS)
        with lock:
            running[0] -= 1

    work = Work([[]] * 6, set(range(6)), **{f"task_{n}": count for n in range(6)})
    Crew(work, 2).run()
    assert (sorted(work.calls), most) == ([0, 1, 2, 3, 4, 5], [2])


def test_home_keeps_to_notebook_order():
    """What is not portable starts after all above it has started, even if it waits for nothing."""
    lower_ran = threading.Event()
    overtaken = []
    # 0 runs on a worker; 1 waits for it; 2 waits for nothing, but stands below 1.
    work = Work([[], [0], [], []], {0}, task_0=lambda: overtaken.append(lower_ran.wait(0.3)), task_2=lower_ran.set)
    Crew(work, 2).run()
    assert (overtaken, work.at_home()) == ([False], [1, 2, 3])


def test_a_task_alone_stays_home():
    """A chain has nothing to run beside: no thread is started, no value looked at."""
    work = Work([[], [0], [1]], {0, 1, 2})
    Crew(work, 4).run()
    assert (work.at_home(), work.asked) == ([0, 1, 2], [])


def test_a_task_that_may_not_leave_stays_home():
    """It is asked once, when it is ready, and runs in its place."""
    meet = meeting(2)
    work = Work([[], [], []], {0, 1, 2}, stays={1}, task_0=meet, task_1=meet)
    Crew(work, 2).run()
    assert (work.at_home(), work.asked.count(1)) == ([1], 1)


def test_a_turn_comes_when_all_above_have_ended():
    """A task that asks for its turn goes on last; those that wait leave their workers to others."""
    ended = []

    def turn(number):
        def run():
            current_turn.get()()
            ended.append(number)

        return run

    work = Work([[]] * 5, set(range(5)), **{f"task_{n}": turn(n) for n in range(5)})
    Crew(work, 2).run()
    assert ended == [0, 1, 2, 3, 4]


def test_home_waits_for_its_turn():
    """The main thread's task, too, lets those above it end first."""
    ended = []
    wait = threading.Event()

    def at_home():
        wait.set()
        current_turn.get()()
        ended.append("home")

    work = Work([[], []], {0}, task_0=lambda: (wait.wait(PATIENCE_SECONDS), ended.append("worker")), task_1=at_home)
    Crew(work, 2).run()
    assert ended == ["worker", "home"]


def test_what_a_worker_raises_is_raised_at_home():
    """An executor returns when all is done, or raises."""

    def fail():
        raise KeyboardInterrupt("on a worker")

    with pytest.raises(KeyboardInterrupt, match="on a worker"):
        Crew(Work([[], []], {0, 1}, task_0=fail), 2).run()


def test_a_task_that_is_given_up_holds_nothing_up():
    """Home goes on without it, and so does what waits for it."""
    stuck = threading.Event()
    work = Work([[], [], [0]], {0}, task_0=lambda: stuck.wait(PATIENCE_SECONDS))
    work.give_up = lambda number: number == 0
    Crew(work, 2).run()
    assert 2 in work.calls
    assert 0 not in work.calls
    stuck.set()
    work.threads[0].join(PATIENCE_SECONDS)
