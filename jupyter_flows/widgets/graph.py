"""A flow's graph: inline as SVG that reads on light and dark pages, and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Self

from jupyter_flows.core.document import to_document
from jupyter_flows.core.state import FAILED, SUCCESSFUL, State, StateName
from jupyter_flows.widgets.layers import layout, reduced
from jupyter_flows.widgets.words import joined, mark, shorten

MAX_NAME = 28
_CHAR, _HEIGHT, _GAP, _RISE, _MARGIN = 7.3, 34.0, 22.0, 74.0, 8.0

#: Fill, border and text of a box; boxes are opaque, so that they read on any page.
_STYLES: Mapping[str, tuple[str, str, str]] = {
    "plain": ("#eef3f8", "#6b8cae", "#16283a"),
    "definition": ("#f3f3f3", "#9a9a9a", "#3c3c3c"),
    "parameters": ("#f4effa", "#8f73b8", "#2f2145"),
    "good": ("#e6f5ea", "#3c9d5d", "#12351f"),
    "bad": ("#fbe9e8", "#cf4c45", "#4a1310"),
    "busy": ("#e3effb", "#2f7fd0", "#0f2c4d"),
}
_EDGE = "#888888"


@dataclass(frozen=True, slots=True)
class Node:
    """A task in the drawing."""

    name: str
    cell: int | None = None
    #: "task", "definition" or "parameters".
    kind: str = "task"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    state: StateName | None = None

    @property
    def style(self) -> str:
        """Name the colours of its box."""
        if self.state is None:
            return {"task": "plain"}.get(self.kind, self.kind)
        if self.state in SUCCESSFUL:
            return "good"
        if self.state in FAILED:
            return "bad"
        return "busy" if self.state in (StateName.RUNNING, StateName.RETRYING) else "plain"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge in the drawing, by the numbers of its nodes."""

    upstream: int
    downstream: int
    names: tuple[str, ...] = ()
    why: str = ""


class FlowGraph:
    """A flow's tasks and edges, drawn by notebooks as SVG and printed as text.

    Definition cells are left out of both unless `definitions` is set: they are imports and functions that
    most tasks use. `why` adds to the text what each edge is there for.
    """

    def __init__(
        self,
        name: str,
        nodes: Sequence[Node],
        arrows: Sequence[Arrow],
        *,
        definitions: bool = False,
        why: bool = False,
    ):
        self.name, self.why = name, why
        kept = [n for n, node in enumerate(nodes) if definitions or node.kind != "definition"]
        number = {old: new for new, old in enumerate(kept)}
        self.nodes = tuple(nodes[n] for n in kept)
        self.arrows = tuple(
            Arrow(number[a.upstream], number[a.downstream], a.names, a.why)
            for a in arrows
            if a.upstream in number and a.downstream in number
        )

    @classmethod
    def of(cls, flow: Any, state: State | None = None, **options: Any) -> Self:
        """Draw a flow; with the state that its ``run`` returned, coloured by it."""
        states = {}
        if state is not None and isinstance(state.result, Mapping):
            states = {flow.slug(t) if t in flow.tasks else str(t): s.name for t, s in state.result.items()}
        return cls.from_document(to_document(flow), states=states, **options)

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], *, states: Mapping[str, StateName] | None = None, **options: Any
    ) -> Self:
        """Draw the flow that a flow.json describes; `states` are by slug."""
        nodes = [_node(data, (states or {}).get(data["slug"])) for data in document["tasks"]]
        arrows = [
            Arrow(u, d, tuple(names) or ((key,) if key else ()), why) for u, d, key, names, why in document["edges"]
        ]
        return cls(document["name"], nodes, _merged(arrows), **options)

    # -- text ----------------------------------------------------------------------------------

    def text(self) -> str:
        """Write one line a task, each after all it waits for, with what it takes from whom."""
        if not self.nodes:
            return f"{self.name}: no tasks yet"
        width = min(MAX_NAME, max(len(node.name) for node in self.nodes))
        lines = [self.name]
        for number, node in enumerate(self.nodes):
            lines.append(self._line(number, node, width))
            if self.why:
                lines += [f"      {self._because(a)}" for a in self.arrows if a.downstream == number and a.why]
        return "\n".join(lines)

    def _line(self, number: int, node: Node, width: int) -> str:
        into = [a for a in self.arrows if a.downstream == number]
        waits = ", ".join(self._source(a) for a in into)
        sign = mark(node.state) if node.state else " "
        cell = f"cell {node.cell}" if node.cell is not None else ""
        after = f"after {waits}" if waits else ""
        return f" {sign} {shorten(node.name, width):<{width}}  {cell:<8} {after}".rstrip()

    def _source(self, arrow: Arrow) -> str:
        name = self.nodes[arrow.upstream].name
        return f"{name} ({', '.join(arrow.names)})" if arrow.names else name

    def _because(self, arrow: Arrow) -> str:
        return f"{self.nodes[arrow.upstream].name}: {arrow.why}"

    # -- SVG -----------------------------------------------------------------------------------

    def svg(self) -> str:
        """Draw the graph top to bottom; an edge that only keeps an order is dashed."""
        widths = [max(64.0, len(shorten(n.name, MAX_NAME)) * _CHAR + 26) for n in self.nodes]
        shown = self._shown()
        placed = layout(widths, [(a.upstream, a.downstream) for a in shown], gap=_GAP)
        wide = max(placed.width, 40) + 2 * _MARGIN
        tall = max(placed.layers - 1, 0) * _RISE + _HEIGHT + 2 * _MARGIN
        tops = [_MARGIN + layer * _RISE for layer in placed.layer]
        parts = [_path(a, placed.centre, placed.layer, bends) for a, bends in zip(shown, placed.bends, strict=True)]
        parts += [_box(n, c, t, w) for n, c, t, w in zip(self.nodes, placed.centre, tops, widths, strict=True)]
        label = escape(f"graph of flow {self.name}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall:.0f}" '
            f'viewBox="0 0 {wide:.0f} {tall:.0f}" role="img" aria-label="{label}" style="max-width:100%;height:auto" '
            f'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="12">'
            f'<title>{label}</title><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{_EDGE}"/></marker></defs>'
            f"{''.join(parts)}</svg>"
        )

    def _shown(self) -> list[Arrow]:
        """Return the edges worth a line: those that carry names, and the others that no longer path implies."""
        needed = set(reduced(len(self.nodes), [(a.upstream, a.downstream) for a in self.arrows]))
        return [a for a in self.arrows if a.names or (a.upstream, a.downstream) in needed]

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        """Hand notebooks both forms."""
        return {"image/svg+xml": self.svg(), "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()


def _node(data: Mapping[str, Any], state: StateName | None) -> Node:
    cell = data.get("cell") or {}
    is_parameters = cell.get("parameters") or data["kind"] == "parameter"
    kind = "parameters" if is_parameters else "definition" if cell.get("definition") else "task"
    reads, writes = tuple(cell.get("reads", ())), tuple(cell.get("writes", ()))
    return Node(data["slug"], cell.get("ordinal"), kind, reads, writes, state)


def _merged(arrows: Iterable[Arrow]) -> list[Arrow]:
    """Draw several edges between the same two tasks as one."""
    found: dict[tuple[int, int], Arrow] = {}
    for arrow in arrows:
        ends = (arrow.upstream, arrow.downstream)
        known = found.get(ends, Arrow(*ends))
        names = tuple(dict.fromkeys([*known.names, *arrow.names]))
        why = "; ".join(dict.fromkeys(filter(None, [known.why, arrow.why])))
        found[ends] = Arrow(*ends, names, why)
    return list(found.values())


def _box(node: Node, centre: float, top: float, width: float) -> str:
    fill, border, ink = _STYLES[node.style]
    left = _MARGIN + centre - width / 2
    about = joined(
        [node.name, f"cell {node.cell}" if node.cell is not None else "", node.state.value if node.state else ""]
    )
    if node.writes:
        about += f" · writes {', '.join(node.writes)}"
    corner = _HEIGHT / 2 if node.kind == "parameters" else 5
    sign = f"{mark(node.state)} " if node.state else ""
    dash = ' stroke-dasharray="3 3"' if node.kind == "definition" else ""
    return (
        f'<g><title>{escape(about)}</title><rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_HEIGHT}" '
        f'rx="{corner}" fill="{fill}" stroke="{border}" stroke-width="1.2"{dash}/>'
        f'<text x="{_MARGIN + centre:.1f}" y="{top + _HEIGHT / 2 + 4:.1f}" text-anchor="middle" fill="{ink}">'
        f"{escape(sign + shorten(node.name, MAX_NAME))}</text></g>"
    )


def _path(arrow: Arrow, centre: Sequence[float], layer: Sequence[int], bends: Sequence[float]) -> str:
    first, last = layer[arrow.upstream], layer[arrow.downstream]
    x, y = _MARGIN + centre[arrow.upstream], _MARGIN + first * _RISE + _HEIGHT
    drawn = f"M{x:.1f} {y:.1f}"
    stops = [(_MARGIN + bend, _MARGIN + (first + n) * _RISE) for n, bend in enumerate(bends, start=1)]
    stops.append((_MARGIN + centre[arrow.downstream], _MARGIN + last * _RISE - 2))
    for n, (to_x, to_y) in enumerate(stops):
        half = (to_y - y) / 2
        drawn += f" C{x:.1f} {y + half:.1f} {to_x:.1f} {to_y - half:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
        if n < len(bends):
            y += _HEIGHT
            drawn += f" V{y:.1f}"
    why = f"<title>{escape(arrow.why or ', '.join(arrow.names))}</title>"
    dash = "" if arrow.names else ' stroke-dasharray="4 3"'
    return (
        f'<path d="{drawn}" fill="none" stroke="{_EDGE}" stroke-width="1.4"{dash} marker-end="url(#tip)"/>'
        # What the pointer meets: a line of a pixel is hard to hit.
        f'<path class="why" d="{drawn}" fill="none" stroke="transparent" stroke-width="10">{why}</path>'
    )
