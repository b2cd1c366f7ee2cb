from __future__ import annotations

import io
import json

import pytest

from jupyter_flows.cli.app import run
from jupyter_flows.engine.secrets import find_secret


@pytest.mark.parametrize("given", ["opensesame", "opensesame\n", "opensesame\r\n"])
def test_a_secret_is_kept_from_standard_input(given, monkeypatch, capsys):
    """What is piped in is kept without its last line end, and not shown."""
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert run(["secret", "set", "API_KEY"]) == 0
    assert find_secret("API_KEY") == "opensesame"
    assert "opensesame" not in "".join(capsys.readouterr())


def test_names_are_listed_and_values_are_not(monkeypatch, capsys):
    """The list says where each secret comes from."""
    monkeypatch.setattr("sys.stdin", io.StringIO("opensesame"))
    monkeypatch.setenv("JUPYTER_FLOWS_SECRET_DB", "opensesame")
    run(["secret", "set", "API_KEY"])
    capsys.readouterr()
    assert run(["secret", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "API_KEY", "from": "kept"},
        {"name": "DB", "from": "JUPYTER_FLOWS_SECRET_DB"},
    ]


def test_a_secret_is_removed(monkeypatch, capsys):
    """A removed secret is gone; removing it again says so."""
    monkeypatch.setattr("sys.stdin", io.StringIO("opensesame"))
    run(["secret", "set", "API_KEY"])
    assert (run(["secret", "delete", "API_KEY"]), run(["secret", "delete", "API_KEY"])) == (0, 4)
    assert find_secret("API_KEY") is None


def test_reset_removes_secrets_too(monkeypatch, capsys):
    """After a reset nothing is kept."""
    monkeypatch.setattr("sys.stdin", io.StringIO("opensesame"))
    run(["secret", "set", "API_KEY"])
    assert run(["reset", "--yes"]) == 0
    assert find_secret("API_KEY") is None
