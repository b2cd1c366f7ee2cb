"""``%flow_diff``, ``%flow_export`` and ``%flow_convert``: the notebook beside its versions, and in other forms."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from jupyter_flows.magics.line import line_magic_of, short_path
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession
from jupyter_flows.widgets.words import counted


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

    @line_magic_of("flow_convert")
    def flow_convert(self, given: Namespace) -> None:
        """Spell the marks of the saved notebook in another way."""
        from jupyter_flows.cli.converting import convert_file

        file = self.session.file()
        merged = self.session.merged()
        if file is None:
            raise Mistake("This notebook is saved nowhere: save it first, or %flow --notebook PATH names its file.")
        if merged.differences:
            raise Mistake(
                "\n".join([*merged.differences, f"Save the notebook first: {file.name} is what is rewritten."])
            )
        done = convert_file(file, given.to)
        for cell, reason in done.kept:
            say(f"cell {cell}: {reason}")
        if done.converted:
            say(f"{file.name}: {counted(len(done.converted), 'mark')} spelt as {given.to}")
            say(
                "Now reload the notebook from disk (in JupyterLab: File, Reload Notebook from Disk) before you save it."
            )
        else:
            say(f"{file.name}: nothing to convert")
