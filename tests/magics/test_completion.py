from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from jupyter_flows.magics.completion import words_for


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%flow_run --w", ["--wait"]),
        ("%flow_run --wait --", ["--agent", "--help", "--here", "--strict", "--version"]),
        ("%flow_run -", ["--agent", "--help", "--here", "--strict", "--version", "--wait", "-h", "-p"]),
        ("%%task load --re", ["--reads", "--requires", "--retries", "--retry-delay", "--retry-jitter", "--retry-on"]),
        ("  %flow_agent st", ["start", "stop", "status"]),
        ("%flow_agent ", ["start", "stop", "status"]),
        ("%flow_agent start s", []),
        ("%flow_agent start --la", ["--label"]),
        ("%flow_register sal", []),
        ("%flow", []),
        ("%flowers --", []),
        ("x = '%flow_run --w", []),
        ("", []),
    ],
)
def test_words_that_may_follow(line, words):
    """Options that are not given yet, and fixed words where they may stand; elsewhere nothing."""
    assert words_for(line) == words


@pytest.mark.parametrize("code", ["%flow_run --wa", "x = 1\n%flow_run --wa", "%%task load --time"])
def test_the_shell_offers_options(shell, code):
    """IPython's own completer, as front ends ask it, has our options."""
    with provisionalcompleter():
        offered = [c.text for c in shell.Completer.completions(code, len(code))]
    assert offered in (["--wait"], ["--timeout"])
