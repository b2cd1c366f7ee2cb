from __future__ import annotations

import pytest

from jupyter_flows.capture.script_metadata import declared_requirements
from jupyter_flows.core.cell import Cell

BLOCK = """# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "pandas[parquet]>=2,<4",
#
#   "rich; sys_platform == 'linux'",
# ]
# [tool.other]
# x = 1
# ///"""


def declared(*sources, python=(3, 11, 7)):
    return declared_requirements([Cell(s, n) for n, s in enumerate(sources, 1)], python=python)


@pytest.mark.parametrize("text", [BLOCK, "import x\n\n" + BLOCK + "\nx = 1\n"])
def test_dependencies_are_read(text):
    """The block may stand alone in a cell or among code; other tables of it are others' business."""
    found = declared("y = 1", text)
    assert [str(r) for r in found.requirements] == ["pandas[parquet]<4,>=2", 'rich; sys_platform == "linux"']
    assert found.findings == ()


@pytest.mark.parametrize(
    "text", ["", "# /// script", "# /// other\n# dependencies = ['x']\n# ///", "s = '''\n /// script\n'''"]
)
def test_what_is_no_block(text):
    """Only a closed block of the type script counts."""
    assert declared(text).requirements == declared(text).findings == ()


def test_another_python_is_said():
    """A Python that the block does not allow is a warning that names both."""
    (finding,) = declared(BLOCK, python=(3, 10, 1)).findings
    assert (finding.code, finding.level, finding.cell) == ("F023", "warning", 1)
    assert finding.message == "the script block asks for Python >=3.11, and this is 3.10.1"


BROKEN = {
    "no TOML": '# /// script\n# dependencies = ["x"\n# ///',
    "no requirement": '# /// script\n# dependencies = ["x y"]\n# ///',
    "no list": '# /// script\n# dependencies = "x"\n# ///',
    "no version": '# /// script\n# requires-python = "three"\n# ///',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_block_that_can_t_be_read_is_an_error(text):
    """A mistake in the block is named with its cell."""
    (finding,) = declared("x = 1", text).findings
    assert (finding.code, finding.level, finding.cell) == ("F021", "error", 2)
    assert finding.message.startswith("the script block can't be read (")


def test_two_blocks_are_an_error():
    """Which of two would count is nobody's guess."""
    (finding,) = declared(BLOCK, BLOCK).findings
    assert (finding.code, finding.cell, finding.message) == ("F021", 2, "cells 1 and 2 both have a script block")
