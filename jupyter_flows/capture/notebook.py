"""From a notebook to a Flow, without running a cell."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_flows.capture import code, source
from jupyter_flows.capture.checks import Finding, in_order
from jupyter_flows.capture.dataflow import Dataflow, connect
from jupyter_flows.capture.finders.look import Look
from jupyter_flows.capture.findings import (
    barrier_findings,
    import_findings,
    look_findings,
    no_tasks,
    tag_findings,
    undefined_findings,
)
from jupyter_flows.capture.imports import CellImport, Reach, cell_imports
from jupyter_flows.capture.mapped_cells import as_loop, whole_of, written_names
from jupyter_flows.capture.markers import Marker, read_marker
from jupyter_flows.capture.membership import Membership, candidates, choose
from jupyter_flows.capture.modules import Modules, resolve
from jupyter_flows.capture.naming import connect_after, names_of
from jupyter_flows.capture.notebook_file import Notebook, from_sources, read_notebook
from jupyter_flows.capture.parameters import declared
from jupyter_flows.capture.refs import CellRefs
from jupyter_flows.capture.requirements import Requirements, pin
from jupyter_flows.capture.script_metadata import declared_requirements
from jupyter_flows.capture.secrets import as_text, hide_secrets, leaks
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.flow import Flow, Origin
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.task import CellTask
from jupyter_flows.errors import CellSyntaxError, DefinitionError, MarkerError

__all__ = ["Captured", "Notebook", "capture", "from_sources", "read_notebook"]

#: Stands for the unknown value that ``--writes`` gives a name.
UNSEEN = "__jupyter_flows_unseen__"


@dataclass(frozen=True, slots=True)
class Captured:
    """A notebook's flow, and what there is to say about it."""

    flow: Flow
    notebook: Notebook
    #: What checks found, errors first; an error refuses registering.
    findings: tuple[Finding, ...] = ()
    #: Ordinals of unmarked cells that joined, because a task needs them.
    joined: tuple[int, ...] = ()
    #: Ordinals of unmarked cells that nothing needs.
    left_out: tuple[int, ...] = ()
    #: Sentences to be said before registering.
    notes: tuple[str, ...] = ()
    #: What each cell that takes part reads and changes, in their order.
    refs: tuple[CellRefs, ...] = ()

    @property
    def project(self) -> str | None:
        """The project that the notebook's ``%flow`` line names, else the one that its metadata choose."""
        chosen = self.notebook.chosen.get("project")
        return self.notebook.project or (chosen if isinstance(chosen, str) else None)


@dataclass(frozen=True, slots=True)
class _Read:
    """Cells with their marks, the analysis of those that take part, and who they are."""

    cells: tuple[Cell, ...]
    markers: tuple[Marker, ...]
    membership: Membership
    #: Of the members only, by their position among them.
    dataflow: Dataflow
    findings: tuple[Finding, ...]


def capture(
    notebook: Notebook,
    *,
    name: str | None = None,
    folder: Path | None = None,
    notes: Sequence[str] = (),
    alive: Collection[str] = (),
) -> Captured:
    """Build the flow of a notebook's cells.

    `name` goes before the notebook's own; `folder`, where local modules lie, is the notebook's own unless it is
    not saved; `alive` are names that a kernel has, which only tell more of those that no cell defines.
    Raises a `CaptureError` or `DefinitionError` that names the cell for a mark that can't be read, code that
    can't be parsed, an unknown ``--after``, a cycle and a name given twice; everything else that is wrong is a finding.
    """
    hidden = hide_secrets(notebook)
    notebook = hidden.notebook
    read = _read(notebook.cells)
    members = [read.cells[n] for n in read.membership.members]
    imports = [cell_imports(read.markers[n].code, ordinal=read.cells[n].ordinal) for n in read.membership.members]
    modules = resolve({d for cell in imports for i in cell for d in i.deepest}, notebook.folder or folder)
    tasks = _tasks(read, imports, outside=bool(modules.outside))
    script = declared_requirements(notebook.cells)
    requirements = pin(
        modules.outside,
        explicit=[r for t in tasks for r in t.options.requires],
        declared=script.requirements,
        shell=any(t.needs_shell for t in tasks),
    )
    _require(tasks, Reach(read.dataflow, imports), requirements, notebook.folder or folder if modules.files else None)
    flow = Flow(_flow_name(notebook, name), origin=_origin(notebook, read, modules, requirements))
    for task in tasks:
        flow.add_task(task)
    for edge in read.dataflow.edges:
        flow.add_edge(tasks[edge.upstream], tasks[edge.downstream], names=edge.names, why=edge.why)
    connect_after(flow)
    flow.validate()
    markers = [read.markers[n] for n in read.membership.members]
    look = Look(members, markers, read.dataflow, folder=notebook.folder or folder, alive=frozenset(alive))
    findings = [
        *hidden.findings,
        *leaks(hidden, modules.files),
        *script.findings,
        *([] if tasks else [no_tasks(notebook)]),
        *import_findings(members, [m.code for m in markers], modules, requirements),
        *_findings_of_cells(notebook, read, look),
    ]
    return Captured(
        flow,
        notebook,
        in_order(findings),
        tuple(notebook.cells[n].ordinal for n in read.membership.joined),
        tuple(notebook.cells[n].ordinal for n in read.membership.left_out),
        tuple(notes),
        read.dataflow.refs,
    )


def _findings_of_cells(notebook: Notebook, read: _Read, look: Look) -> Iterator[Finding]:
    members = [read.cells[n] for n in read.membership.members]
    yield from read.findings
    yield from undefined_findings(notebook.cells, look, ignored={UNSEEN})
    yield from barrier_findings(members, read.dataflow)
    yield from tag_findings(members, read.dataflow)
    yield from look_findings(look)


def _flow_name(notebook: Notebook, name: str | None) -> str:
    found = name or notebook.flow_name
    if not found:
        raise DefinitionError("The flow has no name: write %flow NAME in the notebook's first cell.")
    return found


def _read(cells: tuple[Cell, ...]) -> _Read:
    markers = [read_marker(c) for c in cells]
    markers, findings = _without_unreadable(cells, markers)
    considered = candidates(markers)
    dataflow = connect([_analysed(cells[n], markers[n]) for n in considered])
    membership = choose(markers, _needs(considered, dataflow))
    if membership.members != considered:
        dataflow = connect([_analysed(cells[n], markers[n]) for n in membership.members])
    declaring = [n for n in membership.members if markers[n].kind == "parameters"]
    for injected in (False, True):
        _check_parameters([cells[n] for n in declaring if markers[n].injected == injected])
    return _Read(cells, tuple(markers), membership, dataflow, tuple(findings))


def _without_unreadable(cells: Sequence[Cell], markers: list[Marker]) -> tuple[list[Marker], list[Finding]]:
    """Leave out unmarked cells that can't be parsed, where others are marked; elsewhere they are errors."""
    some_marked = any(m.kind == "task" for m in markers)
    kept, findings = [], []
    for cell, marker in zip(cells, markers, strict=True):
        kept.append(marker)
        if marker.kind not in ("task", "parameters", "plain"):
            continue
        try:
            source.parse(marker.code, ordinal=cell.ordinal)
        except CellSyntaxError as error:
            if marker.kind != "plain" or not some_marked:
                raise
            kept[-1] = replace(marker, kind="skip")
            message = f"this unmarked cell can't be parsed ({error.reason}) and is left out"
            findings.append(Finding("F008", "warning", cell.ordinal, error.line, message, "correct or delete it"))
    return kept, findings


def _analysed(cell: Cell, marker: Marker) -> Cell:
    """Return the cell as the analysis sees it: marks made plain, ``--reads`` and ``--writes`` written out."""
    options, code_read = marker.options, as_text(marker.code)
    tags = cell.tags | {"parameters"} if marker.kind == "parameters" else cell.tags - {"parameters"}
    # A parameter without a default (``n: int``) is written by the run alone.
    required = {p.name for p in declared(marker.code) if p.required} if marker.kind == "parameters" else set()
    if not options.reads and not options.writes and not required and not options.map:
        return replace(cell, source=code_read, tags=tags)
    unseen = [f"({', '.join(sorted(options.reads))},)"] if options.reads else []
    unseen += [f"{name} = {UNSEEN}" for name in sorted(options.writes)]
    unseen += [f"{name} = None" for name in sorted(required)]
    text = "\n".join([source.transform(code_read), *unseen])
    if options.map:
        text = as_loop(text, options.map, _gathers(marker), whole=whole_of(cell.ordinal))
    return replace(cell, source=text, tags=tags)


def _gathers(marker: Marker) -> tuple[str, ...]:
    """Return the names that become lists when a cell runs for each element; none of any other cell."""
    if not marker.options.map:
        return ()
    written = written_names(source.parse(marker.code))
    return tuple(sorted({*written, *marker.options.writes}))


def _needs(considered: Sequence[int], dataflow: Dataflow) -> Callable[[int], frozenset[int]]:
    position = {n: place for place, n in enumerate(considered)}
    return lambda n: frozenset(considered[place] for place in dataflow.needs(position[n]))


def _check_parameters(cells: Sequence[Cell]) -> None:
    if len(cells) > 1:
        first, second = cells[0].ordinal, cells[1].ordinal
        raise MarkerError(f"Cells {first} and {second} both declare parameters: put them into one cell.")


def _require(tasks: Sequence[CellTask], reach: Reach, requirements: Requirements, folder: Path | None) -> None:
    """Tell each task what of the flow's requirements its own code reaches, through local modules in `folder` too."""
    outside = functools.cache(lambda names: resolve(names, folder).outside)
    for position, task in enumerate(tasks):
        names = outside(reach.of(position)) | ({"IPython"} if task.needs_shell else set())
        pins = {pin for name in names for pin in requirements.by_module.get(name, ())}
        task.requirements = tuple(sorted(pins.union(task.options.requires)))


def _tasks(read: _Read, imports: Sequence[Sequence[CellImport]], *, outside: bool) -> list[CellTask]:
    members = read.membership.members
    names = names_of([read.cells[n] for n in members], [read.markers[n] for n in members])
    return [
        _task(read, position, name, outside=outside and any(i.is_outside for i in found))
        for position, (name, found) in enumerate(zip(names, imports, strict=True))
    ]


def _task(read: _Read, position: int, name: str, *, outside: bool) -> CellTask:
    index = read.membership.members[position]
    cell, marker = read.cells[index], read.markers[index]
    refs = read.dataflow.refs[position]
    text, ordinal = marker.code, cell.ordinal
    return CellTask(
        name,
        cell,
        code=text,
        meaning=code.cell_meaning(text, ordinal=ordinal),
        options=marker.options,
        reads=refs.reads | marker.options.reads,
        writes=(refs.writes | marker.options.writes) - {UNSEEN, whole_of(ordinal)},
        # What is marked as a task is shown, timed and retried as one, even if it could be a definition.
        definition=marker.kind != "task" and position in read.dataflow.definitions,
        parameters=marker.kind == "parameters",
        # Names that are used unseen are used in a way that nobody knows.
        portable=position in read.dataflow.portable
        and not (marker.options.reads or marker.options.writes or marker.options.map),
        touches=(refs.mutates | refs.deletes | refs.defers) - refs.reads - refs.writes,
        # Names that are used unseen may be used to change what they hold.
        changes=position in read.dataflow.changing or bool(marker.options.reads or marker.options.writes),
        hidden=read.dataflow.hidden.get(position, ()),
        needs_shell=outside or code.needs_shell(text, ordinal=ordinal),
        gathers=_gathers(marker),
    )


def _origin(notebook: Notebook, read: _Read, modules: Modules, requirements: Requirements) -> Origin:
    return Origin(
        notebook=notebook.text,
        path=str(notebook.path) if notebook.path else None,
        modules=modules.files,
        requirements=requirements.pinned,
        parameters=_parameters(read),
    )


def _parameters(read: _Read) -> tuple[ParameterSpec, ...]:
    """Return what the parameters cell declares, with the values of an injected one as defaults."""
    found: dict[str, ParameterSpec] = {}
    declaring = [n for n in read.membership.members if read.markers[n].kind == "parameters"]
    for n in sorted(declaring, key=lambda n: read.markers[n].injected):
        for spec in declared(read.markers[n].code, ordinal=read.cells[n].ordinal):
            found[spec.name] = spec.over(found[spec.name]) if spec.name in found else spec
    return tuple(found.values())
