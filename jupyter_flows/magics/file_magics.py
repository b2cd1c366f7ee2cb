"""``%flow_diff``: the notebook beside its registered versions."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from jupyter_flows.magics.line import line_magic_of, short_path
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

    @line_magic_of("flow_export")
    def flow_export(self, given: Namespace) -> None:
        """Write the flow as a Python script of ``@task`` functions that runs by itself."""
        from jupyter_flows.capture.export.script import export_script
        from jupyter_flows.cli.commands.exporting import write_script

        reading, said = self.session.reading()
        for line in said:
            say(line)
        path = Path(given.file)
        write_script(path, export_script(reading.captured), force=given.force)
        say(f"{short_path(path.absolute())}: python {path.name} runs it")
