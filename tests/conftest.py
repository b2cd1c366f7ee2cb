"""What every test gets: places of its own, and hypothesis as patient as the occasion asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Fixtures of several folders' tests: one engine a session, wherever it is asked for.
from tests.images.engine import docker_engine, engine, image_cache  # noqa: F401

# A loaded machine is slow, not wrong: no deadlines, anywhere.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("default"), max_examples=20)
settings.register_profile("patient", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

PLACES = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")


def point_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point Jupyter, IPython and the registry at a folder."""
    for name in PLACES:
        place = folder / name.lower()
        place.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(place))
    for name in [name for name in os.environ if name.startswith("JUPYTER_FLOWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


@pytest.fixture(scope="session", autouse=True)
def matplotlib_cache(request: pytest.FixtureRequest) -> None:
    """Keep matplotlib's list of fonts, which takes seconds to make, out of the user's home and from run to run."""
    os.environ["MPLCONFIGDIR"] = str(request.config.rootpath / ".pytest_cache" / "matplotlib")


@pytest.fixture(autouse=True)
def private_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test places of its own, so that none reads or writes the user's."""
    folder = tmp_path_factory.mktemp("places")
    point_at(folder, monkeypatch)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, bool, bool]:
    """Let processes be spawned in every order of tests: shells in this process put modules of theirs in main's place.

    Before any fixture, for those of a module start processes too.
    """
    main = sys.modules["__main__"]
    lacks = not hasattr(main, "__spec__")
    if lacks:
        main.__spec__ = None
    try:
        return (yield)
    finally:
        if lacks:
            vars(main).pop("__spec__", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an engine as such: by what they ask for."""
    for item in items:
        if "docker_engine" in getattr(item, "fixturenames", ()):
            item.add_marker("docker")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail in CI where a test would be skipped because a library is missing: there everything is installed."""
    report = yield
    if os.environ.get("CI") and report.skipped and "could not import" in str(report.longrepr):
        report.outcome = "failed"
    return report
