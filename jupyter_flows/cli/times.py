"""Moments as people say them, in their own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE, _HOUR = 60, 3600


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """Write a moment in local time, as short as it is clear.

    >>> from datetime import UTC
    >>> zone = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    >>> moment(datetime(2026, 11, 22, 9, 5, tzinfo=UTC), zone)
    'today 09:05'
    """
    if at is None:
        return ""
    today = _local(now)
    local = at.astimezone(today.tzinfo)
    days = (today.date() - local.date()) // timedelta(days=1)
    clock = f"{local:%H:%M}"
    if days in (0, 1, -1):
        return f"{ {0: 'today', 1: 'yesterday', -1: 'tomorrow'}[days] } {clock}"
    day = f"{local.day} {local:%b}"
    return f"{day} {clock}" if local.year == today.year else f"{day} {local.year}"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """Write how long ago a moment was, roughly.

    >>> from datetime import UTC
    >>> then = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    >>> ago(then, then + timedelta(minutes=3)), ago(then, then)
    ('3 min ago', 'now')
    """
    if at is None:
        return "never"
    seconds = int((_local(now) - at).total_seconds())
    if seconds < 2:  # noqa: PLR2004 - a beat or two is now
        return "now"
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    return f"{seconds // _MINUTE} min ago" if seconds < _HOUR else moment(at, now)


def _local(now: datetime | None) -> datetime:
    """Return `now` with its own zone; the machine's zone when it is the present that is meant."""
    return datetime.now().astimezone() if now is None else now
