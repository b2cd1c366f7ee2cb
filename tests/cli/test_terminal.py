"""What a person sees on a terminal, which a pipe does not."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios

import pytest

from jupyter_flows.cli.app import run as run_command
from tests.command_line import EXECUTABLE

LINES, COLUMNS = 30, 90


def on_terminal(*words, cwd, answer="", **environ):
    """Run a command on a terminal of its own and return everything written to it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment = {**inherited, "TERM": "xterm", **environ}
    with subprocess.Popen([EXECUTABLE, *words], cwd=cwd, stdin=slave, stdout=slave, stderr=slave, env=environment):
        os.close(slave)
        os.write(master, answer.encode())
        shown = b""
        while part := read_some(master):
            shown += part
        os.close(master)
    return shown.decode().replace("\r\n", "\n")


def read_some(master):
    """Read from a terminal; nothing once its other side is closed."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


@pytest.fixture
def registered(sales, capsys):
    """Register the notebook and return its folder."""
    assert run_command(["register", str(sales)]) == 0
    capsys.readouterr()
    return sales.parent


def test_the_card_is_drawn_over_and_stays_at_the_end(registered):
    """On a terminal the card replaces itself while the run goes on; its last state remains once, with the notebook."""
    shown = on_terminal("run", "sales-nightly", "--here", cwd=registered)
    assert "\x1b[2K" in shown
    live, _, last = shown.rpartition("\x1b[2K")
    assert "Scheduled" in live
    assert last.count("run 1 · sales/sales-nightly · v1") == 1
    assert "\x1b[32mSuccess" in last
    assert last.rstrip().endswith("/notebooks/sales/sales-nightly/1.ipynb")


def test_no_color_is_honoured(registered):
    """With NO_COLOR the card is drawn without colours."""
    shown = on_terminal("run", "sales-nightly", "--here", cwd=registered, NO_COLOR="1")
    assert "Success" in shown
    assert [code for code in ("\x1b[32m", "\x1b[34m", "\x1b[90m", "\x1b[31m") if code in shown] == []


def test_tables_are_coloured_and_fit(registered, capsys):
    """Headings are dim, and no line is longer than the terminal is wide."""
    run_command(["run", "sales-nightly", "--label", "a-label-of-many-characters " * 4, "--json"])
    capsys.readouterr()
    shown = on_terminal("list", cwd=registered)
    assert "\x1b[90mflow\x1b[0m" in shown
    plain = on_terminal("list", cwd=registered, NO_COLOR="1")
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= COLUMNS


def test_deleting_asks_first(registered, capsys):
    """On a terminal `delete` says what would go and asks; "n" leaves everything as it is."""
    shown = on_terminal("delete", "sales-nightly", cwd=registered, answer="n\n", NO_COLOR="1")
    assert "Delete sales/sales-nightly: 1 version, 0 runs? [y/N]" in shown
    assert "Error: Nothing was deleted." in shown
    assert run_command(["show", "sales-nightly"]) == 0
    on_terminal("delete", "sales-nightly", cwd=registered, answer="y\n")
    assert run_command(["show", "sales-nightly"]) == 4
