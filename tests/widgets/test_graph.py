from __future__ import annotations

import xml.etree.ElementTree as ET

from jupyter_flows.core.state import StateName
from jupyter_flows.widgets.graph import Arrow, FlowGraph, Node

SVG = "{http://www.w3.org/2000/svg}"


def sales(**options):
    """Make the graph of the five minutes: parameters, load, clean, report, and a definition cell."""
    nodes = [
        Node("imports", 2, "definition"),
        Node("parameters", 3, "parameters"),
        Node("load", 4, writes=("df",)),
        Node("clean", 6),
        Node("report", 7),
    ]
    arrows = [
        Arrow(0, 2, ("pd",), "load reads pd"),
        Arrow(1, 4, ("region",), "report reads region"),
        Arrow(2, 3, ("df",), "clean reads df, which load wrote"),
        Arrow(2, 4, (), "report follows load"),
        Arrow(3, 4, ("df",), "report reads df, which clean changed"),
    ]
    return FlowGraph("sales-nightly", nodes, arrows, **options)


def drawn(graph):
    return ET.fromstring(graph.svg())


def test_text_has_one_line_a_task():
    """Each task with its cell and what it takes from whom; definitions are left out."""
    assert sales().text().splitlines() == [
        "sales-nightly",
        "   parameters  cell 3",
        "   load        cell 4",
        "   clean       cell 6   after load (df)",
        "   report      cell 7   after parameters (region), load, clean (df)",
    ]


def test_why_says_what_each_edge_is_for():
    """With why, each edge's reason stands under the task that waits."""
    assert "      load: clean reads df, which load wrote" in sales(why=True).text().splitlines()


def test_definitions_are_drawn_when_asked():
    """Import and function cells join the drawing."""
    assert "imports" in sales(definitions=True).text()
    assert len(drawn(sales(definitions=True)).findall(f"{SVG}g")) == 5


def test_a_box_for_each_task_and_a_line_for_each_edge_that_says_something():
    """An edge that only keeps an order which a longer path keeps too is not drawn."""
    root = drawn(sales())
    assert len(root.findall(f"{SVG}g")) == 4
    assert len(root.findall(f"{SVG}path[@class='why']")) == 3


def test_an_edge_says_why_it_is_there():
    """Who points at an edge, or near it, reads the reason; without one, the names that it carries."""
    nodes = [Node("a"), Node("b"), Node("c")]
    arrows = [Arrow(0, 1, ("x",), "reads `x` from cell 1"), Arrow(1, 2, ("y", "z"))]
    edges = drawn(FlowGraph("f", nodes, arrows)).findall(f"{SVG}path[@class='why']")
    assert [edge.find(f"{SVG}title").text for edge in edges] == ["reads `x` from cell 1", "y, z"]
    assert {edge.get("stroke-width") for edge in edges} == {"10"}


def test_states_have_colours_and_marks():
    """A failed task is told apart by colour and by a mark."""
    graph = FlowGraph("f", [Node("a", state=StateName.FAILED), Node("b", state=StateName.SUCCESS)], [])
    boxes = drawn(graph).findall(f"{SVG}g")
    assert [box.find(f"{SVG}text").text for box in boxes] == ["✗ a", "✓ b"]
    assert len({box.find(f"{SVG}rect").get("fill") for box in boxes}) == 2


def test_names_are_escaped_and_cut():
    """Markup in a name shows as text, and a long name keeps its box small; its title is whole."""
    name = "<script>&" + "x" * 60
    root = drawn(FlowGraph(name, [Node(name)], []))
    box = root.find(f"{SVG}g")
    assert box.find(f"{SVG}text").text == "<script>&" + "x" * 18 + "…"
    assert box.find(f"{SVG}title").text == name
    assert root.findall(f".//{SVG}script") == []


def test_a_flow_without_tasks_says_so():
    """There is no empty box."""
    assert FlowGraph("f", [], []).text() == "f: no tasks yet"
    assert drawn(FlowGraph("f", [], [])).tag == f"{SVG}svg"


def test_a_flow_of_functions_draws_itself():
    """`FlowGraph.of` reads tasks, arguments and edges of a functional flow."""
    from jupyter_flows.core.flow import Flow
    from jupyter_flows.core.task import task

    @task
    def double(x):
        return 2 * x

    with Flow("doubling") as flow:
        double(double(2))
    assert FlowGraph.of(flow).text().splitlines() == [
        "doubling",
        "   double",
        "   double-2           after double (x)",
    ]


def test_notebooks_get_svg_and_text():
    """Both forms are in the bundle."""
    assert sorted(sales()._repr_mimebundle_()) == ["image/svg+xml", "text/plain"]


def test_a_large_graph_is_drawn():
    """Hundreds of tasks with long edges give one well-formed drawing."""
    nodes = [Node(f"t{n}") for n in range(400)]
    arrows = [Arrow(n // 3, n, ("x",)) for n in range(1, 400)] + [Arrow(0, n, ("y",)) for n in range(200, 400)]
    assert len(drawn(FlowGraph("big", nodes, arrows)).findall(f"{SVG}g")) == 400
