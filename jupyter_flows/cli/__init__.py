"""The command line: ``jupyter flows COMMAND``, thin over the other rooms.

Importing it costs nothing; every command imports its rooms when it runs, so that ``--help`` is instant.
"""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    from jupyter_flows.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that has no "✓" gets a "?" and not a traceback.
    sys.exit(run(sys.argv[1:]))
