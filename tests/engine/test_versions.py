"""Pins are compared with what is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from jupyter_flows.engine.versions import version_differences

HERE = {"pandas": "3.1.1", "my_pkg": "1.0"}


def installed(name):
    try:
        return HERE[name]
    except KeyError:
        raise PackageNotFoundError(name) from None


@pytest.mark.parametrize(
    ("pin", "differences"),
    [
        ("pandas==3.1.1", []),
        ("pandas==3.0.1", ["pandas 3.1.1 instead of 3.0.1"]),
        ("pandas[excel]==3.1.1", []),
        ("pandas==3.1.1; python_version > '3'", []),
        ("pandas", []),
        ("pandas>=2", []),
        ("pandas>=2; python_version == '3.11'", []),
        ("pandas[excel]==3.0.1 ; sys_platform == 'linux'", ["pandas 3.1.1 instead of 3.0.1"]),
        ("pandas @ https://example.org/pandas.whl#sha256==1", []),
        ("pandas==3.*", []),
        ("absent==1", ["absent is not installed (1 was)"]),
    ],
)
def test_a_pin(pin, differences):
    """Only exact pins say what was installed at registration."""
    assert version_differences([pin], installed=installed) == differences
