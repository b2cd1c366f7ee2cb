from __future__ import annotations

from jupyter_flows.capture.checks import CODES, Finding, grouped, in_order, remarks


def test_findings_read_as_one_line():
    """Place, what, what to do, code; what is not known is left out."""
    assert str(Finding("F001", "error", 6, 2, "no cell defines `x`", "define it")) == (
        "cell 6, line 2: no cell defines `x`: define it (F001)"
    )
    assert str(Finding("F003", "info", 6, None, "it runs alone")) == "cell 6: it runs alone (F003)"
    assert str(Finding("F006", "error", None, None, "nothing to run")) == "nothing to run (F006)"


def test_findings_are_json():
    """What the command line prints is the finding's fields."""
    assert Finding("F001", "error", 6, 2, "m", "f").to_json() == {
        "code": "F001",
        "level": "error",
        "cell": 6,
        "line": 2,
        "message": "m",
        "fix": "f",
    }


def test_errors_come_first_then_the_notebook_from_top_to_bottom():
    """Each finding is shown once, the worst first."""
    low = Finding("F003", "info", 1, None, "m")
    late = Finding("F001", "error", 7, 1, "m")
    early = Finding("F002", "error", 3, 9, "m")
    middle = Finding("F004", "warning", 2, 1, "m")
    assert in_order([low, late, early, middle, late]) == (early, late, middle, low)


def test_codes_are_in_order():
    """Codes stand as people look them up."""
    assert list(CODES) == sorted(CODES)


def test_what_is_found_in_many_cells_is_one_line():
    """Few other cells are named, many counted; what differs in any word stands alone."""
    same = [Finding("F003", "info", n, None, "it runs alone") for n in (9, 2, 4)]
    other = Finding("F003", "info", 3, None, "it does not")
    assert list(map(str, grouped([*same, other]))) == [
        "cell 2: it runs alone (F003, and in cells 4 and 9)",
        "cell 3: it does not (F003)",
    ]
    many = [Finding("F003", "info", n, n, "it runs alone") for n in range(1, 7)]
    assert list(map(str, grouped(many))) == ["cell 1, line 1: it runs alone (F003, and in 5 more cells)"]
    twice = [Finding("F003", "info", 1, n, "it runs alone") for n in (1, 2)]
    assert list(map(str, grouped(twice))) == ["cell 1, line 1: it runs alone (F003)"]


def test_infos_are_one_line_whatever_the_names():
    """What is only worth knowing is said of the first name; warnings are said of each."""
    found = [Finding("F010", "info", n, None, f"may change `{name}`") for n, name in enumerate("xyz", start=1)]
    assert list(map(str, grouped(found))) == ["cell 1: may change `x` (F010, and in cells 2 and 3)"]
    worse = [Finding("F001", "warning", n, None, f"no cell defines `{name}`") for n, name in enumerate("xy", start=1)]
    assert len(grouped(worse)) == 2


def test_remarks_say_warnings_and_count_infos():
    """Where a flow is registered errors are raised elsewhere, and infos are a number."""
    warning, error = Finding("F014", "warning", 1, 1, "w"), Finding("F001", "error", 1, 1, "e")
    infos = [Finding("F018", "info", 1, 1, "i"), Finding("F013", "info", 2, 1, "j")]
    said = remarks([*infos, warning, error], listed_by="%flow_check")
    assert said == ["warning: cell 1, line 1: w (F014)", "info: 2 things worth knowing: %flow_check lists them"]
    assert remarks([warning], listed_by="%flow_check") == said[:1]
    assert remarks([error], listed_by="%flow_check") == []
