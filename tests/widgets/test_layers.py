from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_flows.widgets.layers import layout, reduced


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    pairs = [(u, d) for d in range(size) for u in range(d)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []
    widths = draw(st.lists(st.floats(10, 300), min_size=size, max_size=size))
    return widths, edges


@settings(max_examples=60)
@given(graphs())
def test_edges_point_down_and_boxes_never_overlap(graph):
    """Whatever the graph, a node is below all it waits for, and a row's boxes keep their gap."""
    widths, edges = graph
    placed = layout(widths, edges, gap=20)
    assert all(placed.layer[u] < placed.layer[d] for u, d in edges)
    for n in range(len(widths)):
        assert placed.centre[n] - widths[n] / 2 >= -0.01
        assert placed.centre[n] + widths[n] / 2 <= placed.width + 0.01
        for m in range(n):
            if placed.layer[n] == placed.layer[m]:
                apart = abs(placed.centre[n] - placed.centre[m])
                assert apart >= (widths[n] + widths[m]) / 2 + 20 - 0.01


@settings(max_examples=60)
@given(graphs())
def test_a_long_edge_bends_in_every_layer_between(graph):
    """An edge has one bend for each layer that it passes."""
    widths, edges = graph
    placed = layout(widths, edges, gap=20)
    for (u, d), bends in zip(edges, placed.bends, strict=True):
        assert len(bends) == placed.layer[d] - placed.layer[u] - 1


def test_a_chain_is_straight():
    """Nodes of a chain stand under one another."""
    placed = layout([50, 120, 80], [(0, 1), (1, 2)], gap=20)
    assert placed.layer == [0, 1, 2]
    assert len({round(c, 3) for c in placed.centre}) == 1


def test_a_diamond_is_symmetric():
    """The two branches stand left and right of the ends."""
    placed = layout([60] * 4, [(0, 1), (0, 2), (1, 3), (2, 3)], gap=20)
    assert [round(c, 3) for c in placed.centre] == [70.0, 30.0, 110.0, 70.0]


def test_nothing_to_place():
    """An empty graph has no width."""
    assert layout([], [], gap=20).width == 0.0


def test_reduction_drops_what_a_longer_path_implies():
    """The direct edge goes, the path stays."""
    assert reduced(3, [(0, 1), (0, 2), (1, 2), (0, 1)]) == [(0, 1), (1, 2)]


@settings(max_examples=60)
@given(graphs())
def test_reduction_keeps_who_reaches_whom(graph):
    """Reachability is the same before and after."""
    widths, edges = graph

    def reach(pairs):
        found = set(pairs)
        while True:
            more = {(a, d) for a, b in found for c, d in found if b == c} - found
            if not more:
                return found
            found |= more

    assert reach(reduced(len(widths), edges)) == reach(edges)
