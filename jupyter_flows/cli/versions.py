"""The two sides of a comparison: a registered version, or a notebook as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import NoSuchError

if TYPE_CHECKING:
    from jupyter_flows.cli.captured import Reading
    from jupyter_flows.registry import Version
    from jupyter_flows.widgets.differences import Differences


@dataclass(frozen=True, slots=True)
class Side:
    """One flow, as it was or as it would be."""

    project: str
    flow: str
    document: Mapping[str, Any]
    #: Its cells' code, by slug.
    code: Mapping[str, str]
    #: None for a notebook.
    version: int | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"v{self.version}" if self.version else "the notebook"


def notebook_side(reading: Reading, *, labels: tuple[str, ...] | None = None) -> Side:
    """Return a captured notebook; with other labels than it chooses, where it was registered with these."""
    from jupyter_flows.core.code_diff import code_of
    from jupyter_flows.core.document import to_document

    document = to_document(reading.flow, labels=reading.labels if labels is None else labels)
    return Side(reading.project, reading.flow.name, document, code_of(reading.flow))


def version_side(version: Version) -> Side:
    """Return a registered version with the code that its storage keeps, where that can be read here."""
    from jupyter_flows.register import stored_code

    return Side(version.project, version.flow, version.document, stored_code(version), version.version)


def side_of(what: str, project: str | None) -> Side:
    """Return the notebook at a path, or the latest version of a flow."""
    from jupyter_flows.cli.captured import Wishes, is_path, read
    from jupyter_flows.registry import open_registry

    if is_path(what):
        return notebook_side(read(Path(what), Wishes(project=project)))
    with open_registry() as registry:
        return version_side(registry.flows.find(what, project=project))


def before(new: Side, version: int | None) -> Side | None:
    """Return the version to compare with: the one asked for, else a notebook's latest or a version's last one.

    None where there is none yet; raises `NoSuchError` for a version that was asked for.
    """
    from jupyter_flows.registry import open_registry

    if version is None and new.version == 1:
        return None
    wanted = version or (new.version - 1 if new.version else None)
    with open_registry() as registry:
        try:
            return version_side(registry.flows.get(new.project, new.flow, wanted))
        except NoSuchError:
            if version is not None:
                raise
            return None


def differences(old: Side | None, new: Side) -> Differences:
    """Compare two sides."""
    from jupyter_flows.core.changes import changes
    from jupyter_flows.widgets.differences import Differences

    found = changes(old.document if old else None, new.document, old_code=old.code if old else {}, new_code=new.code)
    elsewhere = () if old else _other_projects(new)
    return Differences(f"{new.project}/{new.flow}", old.name if old else None, new.name, tuple(found), elsewhere)


def _other_projects(side: Side) -> tuple[str, ...]:
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        return tuple(v.project for v in registry.flows.list() if v.flow == side.flow and v.project != side.project)
