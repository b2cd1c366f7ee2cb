"""The judge of collections of notebooks: it can say each of its verdicts, and says them of the right cells."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest

from benchmarks.notebooks import compare
from benchmarks.notebooks.asflow import Refusal
from benchmarks.notebooks.judging import is_right
from benchmarks.notebooks.precision import critical_path
from benchmarks.notebooks.report import one_line, side_by_side, summary
from benchmarks.notebooks.verdict import Form, Judge, Task, Verdict
from jupyter_flows.comparison.judging import Difference, as_text
from jupyter_flows.comparison.judging import compare as compare_cells
from jupyter_flows.comparison.orders import order
from jupyter_flows.comparison.outputs import comparable, same
from jupyter_flows.comparison.plain import Execution, Ran
from jupyter_flows.comparison.scratch import Scratch

pytestmark = pytest.mark.timeout(240)


def write(folder: Path, name: str, *sources: str, language: str = "python") -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "3", "language": language}
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / name)


@pytest.fixture
def judge(tmp_path):
    """Return a function that judges a notebook of the given cells in a folder of its own."""
    origin = tmp_path / "origin"
    origin.mkdir()

    def verdict(*sources: str, orders: int = 0, language: str = "python") -> Verdict:
        write(origin, "it.ipynb", *sources, language=language)
        return Judge(Scratch(origin, tmp_path / "copies"), Task(origin, Path("it.ipynb"), 60.0, orders)).verdict()

    return verdict


def stream(text, name="stdout"):
    """Make a stream output."""
    return {"output_type": "stream", "name": name, "text": text}


def result(**data):
    """Make a result whose mime types have `_` for `/`."""
    return {"output_type": "execute_result", "data": {mime.replace("_", "/"): datum for mime, datum in data.items()}}


# -- whole notebooks, in real kernels and real runs ---------------------------------------------------------


def test_what_gives_the_same_is_equal(judge):
    """Text, values and files of the notebook's folder come out alike, so the verdict is equal, and of all cells."""
    form = judge("x = [1]", "x.append(2)\nprint(x)", "open('f.txt', 'w').write('abc')", "open('f.txt').read()").as_it_is
    assert (form.word, form.why, form.cells, form.different, form.unsteady) == ("equal", "", 4, [], [])


def test_a_planted_bug_is_different(judge, monkeypatch):
    """An edge that the analysis loses shows as a difference, in another order only."""
    cells = ("x = [1]", "x.append(2)\nprint(x)", "print(x)")
    assert judge(*cells, orders=2).as_it_is.orders == {}
    from jupyter_flows.capture import notebook

    def without_edges(found):
        return notebook.Dataflow(found.refs, found.edges[:1], found.definitions, found.barriers, found.undefined)

    connect = notebook.connect
    monkeypatch.setattr(notebook, "connect", lambda cells: without_edges(connect(cells)))
    verdict = judge(*cells, orders=2)
    assert (verdict.as_it_is.word, list(verdict.as_it_is.orders)) == ("equal", ["latest"])
    [difference] = verdict.as_it_is.orders["latest"]
    assert (difference.cell, difference.expected, difference.found) == (
        3,
        "[stdout] [1, 2]\n",
        "[error] NameError: name 'x' is not defined",
    )
    assert "DIFFERENT in other orders in cells 3 (latest)" in one_line(verdict)
    assert "as it is, order latest: cell 3" in side_by_side(verdict)


def test_what_a_flow_shows_wrongly_is_different(judge, monkeypatch):
    """A run that shows something else than the kernel is named with its cell and both texts."""
    from benchmarks.notebooks import verdict as module

    truth = module.run

    def liar(*args, **kwargs):
        found = truth(*args, **kwargs)
        found.cells[1] = Ran([stream("43\n")])
        return found

    monkeypatch.setattr(module, "run", liar)
    verdict = judge("x = 42", "print(x)")
    assert verdict.as_it_is.word == "different"
    [difference] = verdict.as_it_is.different
    assert (difference.cell, difference.source, difference.expected, difference.found) == (
        2,
        "print(x)",
        "[stdout] 42\n",
        "[stdout] 43\n",
    )
    assert one_line(verdict) == "origin/it.ipynb: DIFFERENT in cells 2"


def test_unsteady_cells_are_left_out_and_then_seeded(judge):
    """What shows something else each time is no difference; seeded it is steady, and compared."""
    verdict = judge("import random", "random.random()", "1 + 1")
    assert (verdict.as_it_is.word, verdict.as_it_is.unsteady) == ("equal", [2])
    assert verdict.cleaned is not None
    assert (verdict.cleaned.word, verdict.cleaned.unsteady, verdict.cleaned.cells) == ("equal", [], 4)


def test_a_failing_cell_ends_the_comparison_and_is_then_taken_out(judge):
    """Up to the error the two agree, error included; without the failing cells the rest is compared."""
    verdict = judge("x = 0", "1 / x", "x + 1")
    assert (verdict.as_it_is.word, verdict.failing) == ("equal", [2])
    assert verdict.cleaned is not None
    assert (verdict.cleaned.word, verdict.cleaned.cells, verdict.best is verdict.cleaned) == ("equal", 3, True)


def test_a_magic_that_does_not_exist_fails_both(judge):
    """A kernel only writes a line about it; the cells below are compared without it."""
    verdict = judge("x = 1", "%nosuch thing", "x + 1")
    assert (verdict.as_it_is.word, verdict.failing) == ("equal", [2])
    assert verdict.cleaned is not None
    assert verdict.cleaned.word == "equal"


def test_a_right_refusal_is_told_from_a_wrong_one(judge, monkeypatch):
    """A name that no cell defines is refused, rightly, as it fails in a kernel; one that works is refused wrongly."""
    right = judge("y = 1", "print(nowhere)").as_it_is
    assert (right.word, right.right, right.refusals[0].code, right.refusals[0].cell) == ("refused", True, "F001", 2)
    from benchmarks.notebooks import verdict as module

    monkeypatch.setattr(module, "take", lambda _: [Refusal("F001", "no cell defines `x`", 1)])
    wrong = judge("1 + 1").as_it_is
    assert (wrong.word, wrong.right) == ("refused", False)


def test_what_cannot_be_compared_says_why(judge):
    """Another language and a notebook without code are set aside with the reason."""
    assert judge("x", language="julia").as_it_is.why == "its language is julia"
    assert judge("", " ").as_it_is.why == "it has no code"


def test_the_command_judges_a_folder(tmp_path, capsys):
    """The command finds the notebooks that match, writes JSON, prints the table, and ends with 0 when all is well."""
    write(tmp_path / "all", "one.ipynb", "print('one')")
    write(tmp_path / "all", "deep/two.ipynb", "open('../data.txt').read()")
    write(tmp_path / "all", "three.ipynb", "raise SystemExit(3)")
    (tmp_path / "all" / "data.txt").write_text("data")
    file, keep = tmp_path / "found.json", tmp_path / "kept"
    options = [str(tmp_path / "all"), "--json", str(file), "--keep", str(keep), "--jobs", "1", "--timeout", "60"]
    for _ in range(2):
        assert compare.main([*options, "--only", "one*", "--only", "deep/*"]) == 0
        found = json.loads(file.read_text())
        assert {v["notebook"]: v["as_it_is"]["word"] for v in found} == {
            "all/one.ipynb": "equal",
            "all/deep/two.ipynb": "equal",
        }
        assert "equal                                    2 of 2       100.0 %" in capsys.readouterr().out
    assert len(list(keep.iterdir())) == 2
    assert compare.main([*options, "--only", "none*"]) == 2


# -- its parts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([stream("a\n"), stream("b\n")], [stream("a\nb\n")]),
        ([stream("a"), stream("!", "stderr"), stream("b")], [stream("ab"), stream("!", "stderr")]),
        ([stream("<T at 0x7f3a2b1c9d> took 1.2 ms")], [stream("<T at 0x7fffffffff> took 34 s")]),
        (
            [stream("CPU times: user 1 ms\nWall time: 2 ms")],
            [stream("CPU times: user 3.1 s, sys: 2 s\nWall time: 9 s")],
        ),
        (
            [stream("1.2 µs ± 3 ns per loop (mean ± std. dev. of 7 runs, 10 loops each)")],
            [stream("99 ns ± 0.1 ns per loop (mean ± std. dev. of 7 runs, 1,000,000 loops each)")],
        ),
        ([stream("/tmp/ipykernel_12/34.py:3: W")], [stream("/x/jupyter_flows_9/cell_2_ab.py:3: W")]),
        ([result(text_html='<div id="sk-container-id-1">')], [result(text_html='<div id="sk-container-id-7">')]),
        ([result(image_png="iVBORw0KGgoA" + "A" * 400)], [result(image_png="iVBORw0KGgoA" + "A" * 440)]),
    ],
)
def test_what_does_not_matter_is_the_same(one, other):
    """How streams were cut, addresses, timings, made-up names, and a few bytes of a picture are no results."""
    assert same(comparable(one), comparable(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([stream("1\n")], [stream("2\n")]),
        ([stream("1\n")], [stream("1\n", "stderr")]),
        ([stream("1\n")], []),
        ([result(text_plain="1")], [result(text_plain="1", text_html="1")]),
        ([result(text_plain="1"), stream("x")], [stream("x"), result(text_plain="1")]),
        ([result(image_png="iVBORw0KGgoA" + "A" * 400)], [result(image_png="iVBORw0KGgoA" + "A" * 900)]),
        (
            [{"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}],
            [{"output_type": "error", "ename": "KeyError", "evalue": "'b'", "traceback": []}],
        ),
    ],
)
def test_what_matters_is_not_the_same(one, other):
    """Text, streams, kinds, order between displays and text, pictures of another size, and errors are results."""
    assert not same(comparable(one), comparable(other))


def test_the_folder_of_an_execution_does_not_matter():
    """Each execution's own folder is written alike."""
    assert comparable([stream("in /a/b/data")], root="/a/b") == comparable([stream("in /c/data")], root="/c")


def test_cells_that_change_by_themselves_are_unsteady():
    """A cell that is like none of the plain executions is different only if those agree."""
    plain = [Execution([Ran([stream(a)]), Ran([stream("b")])]) for a in ("1", "2")]
    judged = compare_cells(plain, Execution([Ran([stream("3")]), Ran([stream("c")])]), ["one", "two"])
    assert (judged.equal, judged.unsteady, [d.cell for d in judged.different]) == ([], [1], [2])
    assert as_text(comparable([stream("b")])) == "[stdout] b"


@pytest.mark.parametrize(
    ("code", "cell", "right"),
    [("F001", 2, True), ("F001", 1, True), ("F002", 3, False), ("F004", 1, False), ("DefinitionError", 2, False)],
)
def test_a_refusal_is_right_if_the_kernel_fails_so(code, cell, right):
    """A refusal is right when that cell fails, or one below it that meets what was foretold."""
    error = {"output_type": "error", "ename": "NameError", "evalue": "name 'x' is not defined", "traceback": []}
    plain = Execution([Ran([]), Ran([error]), Ran([])])
    assert is_right([Refusal(code, "", cell)], plain) is right


def test_orders_keep_the_edges_and_differ_from_top_to_bottom():
    """The latest first runs what it can before its time; a seed gives one order, always."""
    upstream = [[], [], [0], [1], []]
    assert order(upstream) == [4, 1, 3, 0, 2]
    assert order(upstream, 1) == order(upstream, 1)
    for seed in range(20):
        found = order(upstream, seed)
        assert sorted(found) == [0, 1, 2, 3, 4]
        assert found.index(0) < found.index(2)
        assert found.index(1) < found.index(3)


def test_the_critical_path_weighs_the_heaviest_chain():
    """Two chains of unequal weight: the heavier one's share."""
    assert critical_path([[], [0], [], [2]], [1, 1, 3, 3]) == 0.75
    assert critical_path([], []) == 1.0


def test_a_scratch_copy_is_made_good(tmp_path):
    """What an execution wrote, changed and deleted is undone; the original is never touched."""
    origin = tmp_path / "origin"
    (origin / "data").mkdir(parents=True)
    (origin / "data" / "a.csv").write_text("a")
    (origin / "b.csv").write_text("b")
    scratch = Scratch(origin, tmp_path / "copy")
    (scratch.root / "data" / "a.csv").write_text("changed")
    (scratch.root / "b.csv").unlink()
    (scratch.root / "new" / "deep").mkdir(parents=True)
    (scratch.root / "new" / "deep" / "c.csv").write_text("c")
    scratch.reset()
    left = {str(p.relative_to(scratch.root)): p.read_text() for p in scratch.root.rglob("*") if p.is_file()}
    assert left == {"data/a.csv": "a", "b.csv": "b"}
    assert not (scratch.root / "new").exists()
    assert (origin / "data" / "a.csv").read_text() == "a"


def test_the_table_counts_each_verdict_once():
    """Every compared notebook stands in exactly one row, and what can't be compared in none."""
    forms = [
        Form("equal"),
        Form("refused", right=True),
        Form("refused"),
        Form("different"),
        Form("equal", unsteady=[1]),
        Form("equal", orders={"latest": [Difference(1, "x", "1", "2")]}),
        Form("not comparable", "it has no code"),
    ]
    text = summary([Verdict(str(n), form) for n, form in enumerate(forms)])
    rows = [line for line in text.splitlines() if " of 6" in line]
    counts = [int(row.split(" of 6")[0].split()[-1]) for row in rows]
    assert counts == [2, 1, 1, 1, 1]
    assert "not comparable: 1" in text


def test_the_judge_runs_by_its_path(tmp_path):
    """`python benchmarks/notebooks/compare.py` finds its parts from any working folder."""
    import subprocess

    script = Path(compare.__file__)
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "--adversarial" in done.stdout
