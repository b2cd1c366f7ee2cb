"""Deadlines stop what takes too long, and nothing else."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager

import pytest

from jupyter_flows.engine.deadline import OutOfTime, deadline


def on_thread(work):
    """Call a function on a thread that is not the main one and return what it returned or raised."""
    found = []

    def run():
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - what it raises is what is tested
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def spin():
    with deadline(0.02):
        while True:
            pass


def test_a_busy_loop_is_stopped():
    """On the main thread."""
    with pytest.raises(OutOfTime, match=r"longer than 0\.02 s"):
        spin()


def test_a_busy_loop_on_a_thread_is_stopped():
    """On any other thread, by another way."""
    error = on_thread(spin)
    assert (type(error).__name__, isinstance(error, OutOfTime)) == ("OutOfTime", True)


def test_waiting_is_stopped():
    """Waiting for a lock that nobody opens ends."""
    with pytest.raises(OutOfTime), deadline(0.02):
        threading.Event().wait()


def stubborn():
    with deadline(0.02):
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001 - as such code does
                continue


def test_catching_exceptions_does_not_help():
    """Code that retries on every Exception is stopped too."""
    with pytest.raises(OutOfTime):
        stubborn()


def test_time_enough_is_no_limit():
    """What is done in time is not disturbed, and the alarm is off."""
    with alarm_of_others(0):
        with deadline(60):
            result = 1
        assert result == 1
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@contextmanager
def alarm_of_others(seconds):
    """Set an alarm, instead of the one that the test runner has set for its own purpose."""
    handler = signal.getsignal(signal.SIGALRM)
    kept = signal.setitimer(signal.ITIMER_REAL, seconds, 3)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *kept)


def test_alarms_of_others_go_on():
    """A limit that was not reached gives the alarm back, with its handler and what was left of its time."""
    handler = signal.getsignal(signal.SIGALRM)
    with alarm_of_others(1000):
        with deadline(60):
            pass
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 1000
        assert interval == 3
        assert signal.getsignal(signal.SIGALRM) is handler


def test_no_limit_sets_no_alarm():
    """None costs nothing."""
    with alarm_of_others(0), deadline(None):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_error_in_time_is_its_own():
    """The limit does not hide what else goes wrong."""
    with pytest.raises(ValueError, match="own"), deadline(60):
        raise ValueError("own")
