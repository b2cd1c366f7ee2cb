"""``%flow_diff``: the notebook beside its registered versions."""

from __future__ import annotations

from argparse import Namespace

from jupyter_flows.magics.line import line_magic_of
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession


class FileMagics:
    """The magics that compare, rewrite and export the notebook as it is."""

    def __init__(self, session: NotebookSession):
        self.session = session

    @line_magic_of("flow_diff")
    def flow_diff(self, given: Namespace) -> None:
        """Say what changed since the flow was registered, task by task."""
        from IPython.display import display

        from jupyter_flows.cli.versions import before, differences, notebook_side

        reading, said = self.session.reading(self.session.wishes)
        for line in said:
            say(line)
        new = notebook_side(reading)
        display(differences(before(new, given.version), new))
