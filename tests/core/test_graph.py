"""Orders and cycles."""

from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows.core.graph import find_cycle, topological_order

_graphs = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] != e[1]))
    )
)


@given(_graphs)
def test_an_order_respects_every_edge_or_a_cycle_is_found(graph):
    """Either each node comes after all it waits for, or the named circle really is one."""
    size, edges = graph
    order, stuck = topological_order(size, edges)
    place = {node: n for n, node in enumerate(order)}
    assert sorted([*order, *stuck]) == list(range(size))
    assert all(place[u] < place[d] for u, d in edges if u in place and d in place)
    if stuck:
        circle = find_cycle(stuck, edges)
        assert all((u, d) in edges for u, d in zip(circle, [*circle[1:], circle[0]], strict=True))


def test_ties_keep_the_given_order():
    """Tasks that wait for nothing run in the order they were written."""
    assert topological_order(4, [(3, 1)]) == ([0, 2, 3, 1], [])


def test_a_long_chain_needs_no_recursion():
    """Ordering works for graphs deeper than the interpreter's stack."""
    edges = [(n, n + 1) for n in range(50_000)]
    order, stuck = topological_order(50_001, edges)
    assert (order[0], order[-1], stuck) == (0, 50_000, [])
