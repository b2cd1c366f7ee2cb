from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_flows.magics.completion import options_of
from jupyter_flows.magics.mistake import HelpShown, Mistake
from jupyter_flows.magics.parsers import CELL, LINE, parser_of

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "magics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*LINE, *CELL])
def test_the_guide_has_every_magic(name):
    """Each magic has its row in the guide."""
    assert re.search(rf"^\| `%%?{name}\b", GUIDE, re.MULTILINE)


def test_the_guide_names_only_options_that_there_are():
    """Every option in the guide belongs to a magic."""
    known = {option for name in (*LINE, *CELL) for option in options_of(parser_of(name))}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", GUIDE)) <= known


@pytest.mark.parametrize("name", LINE)
def test_help_and_mistakes_never_end_the_kernel(name, capsys):
    """No parser exits: help and mistakes are exceptions of ours."""
    with pytest.raises(HelpShown):
        parser_of(name).parse_args(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: %{name}")
    with pytest.raises(Mistake, match=f"%{name}: .*--help shows what it takes"):
        parser_of(name).parse_args(["--nonsense"])


def test_options_are_not_guessed():
    """A shortened option is a mistake: it could mean another tomorrow."""
    with pytest.raises(Mistake, match="--wai"):
        parser_of("flow_run").parse_args(["--wai"])
