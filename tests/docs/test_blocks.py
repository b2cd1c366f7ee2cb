"""The pages' examples are found where they stand."""

from __future__ import annotations

from tests.docs.blocks import Block, Command, as_script, blocks_of, commands_of, links_of

PAGE = """# A page

```python
x = 1
```

Text with a [link](other.md#part) and [another](https://example.org/x.md).

```console
$ pip install jupyter_flows
$ jupyter flows list --project "my own"   # a remark
flow  version
...
$ jupyter flows where
```

```python
assert x == 1
```
"""


def test_blocks_know_their_line():
    """A block is found with its language and first line."""
    assert blocks_of(PAGE, "python") == [Block("python", "x = 1\n", 4), Block("python", "assert x == 1\n", 18)]


def test_a_script_keeps_the_pages_lines():
    """A traceback of the script points at the page's own line."""
    lines = as_script(PAGE).splitlines()
    assert (lines[3], lines[17], len(lines)) == ("x = 1", "assert x == 1", 18)


def test_only_our_commands_are_run():
    """Commands of other programs are skipped; output belongs to the command above it; remarks are dropped."""
    assert list(commands_of(PAGE)) == [
        Command(("list", "--project", "my own"), "flow  version\n...\n"),
        Command(("where",), ""),
    ]


def test_links_to_files_are_found():
    """Links lose their anchors; addresses on the web are left out."""
    assert links_of(PAGE) == ["other.md"]
