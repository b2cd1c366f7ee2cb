"""Schema 2: runs that go on from an earlier one."""

from __future__ import annotations

STATEMENTS = ("ALTER TABLE runs ADD COLUMN resume TEXT",)
