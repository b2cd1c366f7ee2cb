from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jupyter_flows.cli.times import ago, moment

BERLIN = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 22, 0, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 21, 23, 10, tzinfo=UTC), "today 00:10"),
        (datetime(2026, 11, 21, 22, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 22, 23, 5, tzinfo=UTC), "tomorrow 00:05"),
        (datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "1 Mar 10:00"),
        (datetime(2025, 12, 31, 12, 0, tzinfo=UTC), "31 Dec 2025"),
    ],
)
def test_moments_are_local(at, shown):
    """A UTC moment is said in the reader's zone, whose midnight decides what today is."""
    assert moment(at, NOW) == shown


def test_no_moment_is_nothing():
    """What has not happened leaves its column empty."""
    assert moment(None, NOW) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "now"), (1, "now"), (40, "40 s ago"), (3 * 60, "3 min ago"), (3 * 3600, "yesterday 21:30")],
)
def test_how_long_ago(seconds, shown):
    """Seconds, then minutes, then the moment itself."""
    assert ago(NOW - timedelta(seconds=seconds), NOW) == shown


def test_never():
    """Something that was not heard of was so never."""
    assert ago(None, NOW) == "never"
