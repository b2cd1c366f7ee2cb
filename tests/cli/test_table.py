from __future__ import annotations

from jupyter_flows.cli.table import size, table


def test_columns_align_with_numbers_to_the_right():
    """Text stands left, numbers right, and no line ends in blanks."""
    shown = table([["1", "load", "Success"], ["12", "clean", ""]], ["run", "task", "state"])
    assert shown == "run  task   state\n  1  load   Success\n 12  clean"


def test_columns_without_content_go():
    """A column that is empty in every row is not shown, its heading included."""
    assert table([["1", "", "x"], ["2", "", "y"]], ["run", "labels", "what"]) == "run  what\n  1  x\n  2  y"


def test_the_last_column_is_cut_to_the_width():
    """A long message ends in an ellipsis rather than in a second line."""
    assert table([["1", "a message of many words"]], width=20) == "1  a message of man…"


def test_colours_take_no_room():
    """Escape codes do not shift the columns."""
    shown = table([["\x1b[32mok\x1b[0m", "a"], ["worse", "b"]])
    assert shown == "\x1b[32mok\x1b[0m     a\nworse  b"


def test_no_rows_give_nothing():
    """A heading without rows says nothing; commands say in words what is missing."""
    assert table([], ["run", "task"]) == ""


def test_sizes_are_written_for_people():
    """Powers of a thousand, one decimal."""
    assert [size(n) for n in (0, 999, 1000, 1_234_567, 5_000_000_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "5000.0 TB",
    ]
