"""``%flow_register``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.magics.line import line_magic_of, short_path
from jupyter_flows.magics.mistake import Mistake
from jupyter_flows.magics.saying import say
from jupyter_flows.magics.session import NotebookSession
from jupyter_flows.magics.words import pairs
from jupyter_flows.widgets.words import duration, joined

if TYPE_CHECKING:
    from jupyter_flows.cli.captured import Reading, Wishes
    from jupyter_flows.core.place import Place
    from jupyter_flows.register import Preview, Registration


class RegisterMagics:
    """The magic that makes versions."""

    def __init__(self, session: NotebookSession):
        self.session = session

    @line_magic_of("flow_register")
    def flow_register(self, given: Namespace) -> None:
        """Check the flow, build its storage and record a version."""
        from jupyter_flows.register import preview, register

        wishes = _wishes(given)
        if given.notebook and given.no_build:
            raise Mistake("%flow_register --no-build is about this notebook's flow: leave --notebook out.")
        if given.notebook:
            reading, source = _of_file(Path(given.notebook), wishes)
        else:
            reading, differences = self.session.reading(wishes)
            source = _source(self.session.file(), differences)
        for line in (source, _outline(reading), *_remarks(reading)):
            say(line)
        findings, labels = reading.captured.findings, reading.labels
        if given.dry_run:
            say(_previewed(preview(reading.flow, reading.project, labels=labels, findings=findings)))
            return
        storage = reading.flow.storage
        if given.no_build and storage is not None:
            storage.built = self.session.built
        place = self.session.place(reading)
        build = not given.no_build
        done = register(
            reading.flow, reading.project, build=build, labels=labels, findings=findings, place=place, say=say
        )
        if not given.notebook:
            self.session.remember(reading, wishes)
        say(_registered(done, reading, place))


def _wishes(given: Namespace) -> Wishes:
    from jupyter_flows.cli.captured import Wishes, option_value

    plain = [*([given.project] if given.project else []), *(word for word in given.words if "=" not in word)]
    if len(plain) > 1:
        raise Mistake(f"%flow_register takes one project, not {' and '.join(map(repr, plain))}; options are key=value.")
    options = {k: option_value(v) for k, v in pairs([w for w in given.words if "=" in w], "An option").items()}
    if given.registry_url:
        options["registry_url"] = given.registry_url
    return Wishes(
        project=plain[0] if plain else None,
        storage=given.storage,
        storage_options=options or None,
        labels=tuple(given.label or ()),
    )


def _of_file(path: Path, wishes: Wishes) -> tuple[Reading, str]:
    """Read a notebook's file as the command line does; say which text that is."""
    from jupyter_flows.cli.captured import read

    reading = read(path.expanduser(), wishes)
    return reading, _source(reading.path, ())


def _source(file: Path | None, differences: Sequence[str]) -> str:
    """Say what text is registered: the saved one, and what is newer in the kernel."""
    if file is None:
        return "; ".join(differences)
    saved = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    day = "" if saved.date() == datetime.now().astimezone().date() else f"{saved:%d %b} "
    return "; ".join([f"{file.name} as saved {day}{saved:%H:%M}", *differences])


def _outline(reading: Reading) -> str:
    from jupyter_flows.cli.outline import outline

    return outline(reading)


def _remarks(reading: Reading) -> list[str]:
    """Return the findings that do not refuse: errors are raised, each with its cell and line."""
    from jupyter_flows.capture.checks import remarks

    return remarks(reading.captured.findings, listed_by="%flow_check")


def _previewed(seen: Preview) -> str:
    from jupyter_flows.widgets.differences import lines_of

    name = f"{seen.project}/{seen.flow}"
    if not seen.created:
        return f"dry run: {name} means the same as v{seen.version}, nothing would be recorded"
    return "\n".join([f"dry run: {name} would be v{seen.version}", *lines_of(seen.changes)])


def _registered(done: Registration, reading: Reading, place: Place) -> str:
    from jupyter_flows.core.labels import normalize

    storage = reading.flow.storage
    labels = normalize([*reading.flow.environment.labels, *reading.labels])
    changes = [f"  {change}" for change in done.changes] if done.created and done.version > 1 else []
    line = joined(
        [
            f"v{done.version}" if done.created else f"v{done.version}, nothing has changed",
            storage.summary() if storage else "",
            f"labels {', '.join(labels)}" if labels else "",
            f"{short_path(place.python)} in {short_path(place.folder)}",
            duration(done.seconds),
        ]
    )
    return "\n".join([*changes, line])
