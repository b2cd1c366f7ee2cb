"""Launchers for tests: one a module for runs, whose spares make the tests quick."""

from __future__ import annotations

import pytest

from jupyter_flows.engine.launcher import Launcher
from tests.engine.runs import Runner


@pytest.fixture(scope="module")
def launcher():
    """Give one launcher; nothing it started outlives the module."""
    with Launcher() as made:
        yield made


@pytest.fixture
def runner(launcher, tmp_path):
    """Run flows in a folder of the test's own."""
    return Runner(tmp_path, launcher)
