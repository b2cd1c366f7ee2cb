"""The magics in real kernels, spoken to as JupyterLab and nbclient do."""

from __future__ import annotations

import json
import re

import pytest
from nbclient.exceptions import CellExecutionError

from jupyter_flows.registry import open_registry
from tests.command_line import flows_json
from tests.magics.speaking import ESCAPES, run_all, save

pytestmark = pytest.mark.timeout(240)

#: Cells as their authors wrote them, each with the line that a marker takes the place of.
CELLS = [
    "#\nx = 40 + 2\nx",
    "#\nimport asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "%%time\n#\ny = sum(range(10))",
    "%%time\n#\n1 / 0",
    "#\n\ndef f():\n    return 1 / 0\n\nf()",
    "%%capture out\n#\nprint('hidden')",
    "#\nout.stdout, _",
    "#\n!echo {x}",
    "#\nimport sys\nprint('to stderr', file=sys.stderr)\nx;",
    "#\nfrom IPython.display import HTML\nHTML('<b>x</b>')",
    "#\nthis is no Python",
    "#\nprint(sorted(n for n in globals() if len(n) == 1))",
]
#: Cells of other languages: there the marker's line must go altogether.
OTHER = ["%%bash\necho hi\necho there", "%%html\n<b>bold</b>", "%%writefile out.txt\nfirst line"]


def marked(cell: str, number: int) -> str:
    """Write the cell with a %%task marker on top."""
    lines = cell.split("\n")
    lines.remove("#")
    return "\n".join([f"%%task t{number} --retries 2", *lines])


def directed(cell: str, number: int) -> str:
    """Write the cell with a directive where its comment is."""
    return cell.replace("#", f"#| task: t{number} --retries 2", 1)


def whole(given):
    """Join the pieces in which a stream happened to come."""
    joined = []
    for output in given:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1]["text"] += output.text
        else:
            joined.append(dict(output))
    return joined


def outputs(notebook):
    """Return what cells gave, without times, execution counts, file names and the marker's own line."""
    text = ESCAPES.sub("", json.dumps([whole(cell.outputs) for cell in notebook.cells]).replace("\\u001b", "\x1b"))
    text = re.sub(r'"execution_count": \w+', "", text)
    text = re.sub(r"(CPU times|Wall time)[^\"]*", "", text)
    text = re.sub(r"#(\| task: t\d+ --retries 2)?\\+n", "#", text)
    text = re.sub(r"#(\| task: t\d+ --retries 2)?\\\\\\\\n", "#", text)
    return re.sub(r"\d+\.py", "N.py", text)


def test_a_marker_changes_nothing_that_a_cell_gives(tmp_path):
    """Both spellings give the outputs, errors and line numbers of the same notebook with comments in their place."""
    load = ["%load_ext jupyter_flows"]
    folders = [tmp_path / name for name in ("plain", "magic", "directive")]
    for folder in folders:
        folder.mkdir()
    plain = run_all([*load, *CELLS, *OTHER], folders[0], allow_errors=True)
    magic = [marked(cell, n) for n, cell in enumerate(CELLS)] + [f"%%task o{n}\n{cell}" for n, cell in enumerate(OTHER)]
    with_magic = run_all([*load, *magic], folders[1], allow_errors=True)
    assert outputs(with_magic) == outputs(plain)
    assert (folders[1] / "out.txt").read_text() == "first line\n"
    directives = [directed(cell, n) for n, cell in enumerate(CELLS)]
    with_directive = run_all([*load, *directives, *OTHER], folders[2], allow_errors=True)
    assert outputs(with_directive) == outputs(plain)


def test_run_all_stops_at_a_task_s_error(tmp_path):
    """An error in a marked cell stops nbclient, with the traceback at the line that the author sees."""
    with pytest.raises(CellExecutionError) as caught:
        run_all(["%load_ext jupyter_flows", "%%task load\nx = 1\n\nx / 0", "print('never')"], tmp_path)
    shown = ESCAPES.sub("", str(caught.value))
    assert "----> 4 x / 0" in shown
    assert "never" not in shown.split("Error")[-1]


def test_run_all_stops_at_a_refused_registration(tmp_path):
    """A refused %flow_register stops nbclient with its lines and no traceback."""
    cells = ["%load_ext jupyter_flows\n%flow sales", "%%task load\nx = [1]", "del x", "%%task a --no-run\nprint(gross)"]
    with pytest.raises(CellExecutionError) as caught:
        run_all([*cells, "%flow_register"], tmp_path)
    shown = str(caught.value)
    assert "cell 4, line 2: no cell defines `gross`" in shown
    assert "Traceback" not in shown
    assert "File " not in shown


def test_the_five_minutes(tmp_path):
    """A notebook is run top to bottom, registers itself and runs its flow; what is saved is static."""
    notebook = run_all(
        [
            "%load_ext jupyter_flows\n%flow sales --project shop",
            "%%parameters\nregion = 'EU'",
            "%%task load\ndf = [3, 1, 2]; len(df)",
            "df[0]",
            "%%task report\nprint(region, sum(df))",
            "%flow_register",
            "%flow_run -p region='North America' --wait",
            "%flow_show",
        ],
        tmp_path,
    )
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "3"
    assert (
        notebook.cells[5].outputs[0]["text"].splitlines()[1] == "load -> report · left out: cell 4 (nothing needs it)"
    )
    said, card = notebook.cells[6].outputs
    assert said["text"] == "no agent takes runs without labels: running here, once\n"
    assert sorted(card["data"]) == ["text/html", "text/plain"]
    assert card["data"]["text/plain"].startswith("✓ run 1 · shop/sales · v1 · Success")
    assert "report: North America 6" in card["data"]["text/html"]
    assert "widgets" not in notebook.metadata
    [graph] = notebook.cells[7].outputs
    assert graph["data"]["image/svg+xml"].startswith("<svg")


def test_a_card_lives_while_the_kernel_is_idle_and_while_it_is_busy(kernel):
    """One display is updated in place from the run's start to its end, whatever the kernel does meanwhile."""
    for cell in (
        "%load_ext jupyter_flows\n%flow live",
        "%%task first --no-run\nimport pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.01)",
        "%%task second --no-run\nwhile not pathlib.Path('end').exists():\n    time.sleep(0.01)",
        "%flow_register",
    ):
        assert kernel.run(cell).errors == []
    begun = kernel.run("%flow_run")
    [(kind, text, display)] = [d for d in begun.displays if "run 1" in d[1]][:1]
    assert (kind, display.startswith("flow-run-1-")) == ("display_data", True)
    assert "%flow_cancel 1 stops it" in text
    idle = kernel.listen("", until="▶ first")
    busy = kernel.ask(
        "import pathlib, time\npathlib.Path('go').touch()\nwhile not pathlib.Path('over').exists():\n    time.sleep(0.01)"
    )
    while_busy = kernel.listen("", until="▶ second")
    kernel.touch("end")
    last = kernel.listen("", until="✓ run 1")
    kernel.touch("over")
    kernel.listen(busy)
    updates = [d for answer in (idle, while_busy, last) for d in answer.displays]
    assert {(kind, shown) for kind, _, shown in updates} == {("update_display_data", display)}
    assert "%flow_cancel" not in last.displays[-1][1]
    assert last.html[-1].startswith("<div")


def test_cancelling_from_the_next_cell(kernel):
    """%flow_cancel stops the run that the cell above started, and the card says so."""
    for cell in (
        "%load_ext jupyter_flows\n%flow live",
        "%%task wait --no-run\nimport time\ntime.sleep(600)",
        "%flow_register",
    ):
        assert kernel.run(cell).errors == []
    asked = kernel.ask("%flow_run")
    kernel.listen(asked, until="▶ wait")
    kernel.ask("%flow_cancel")
    [*_, (_, last, _)] = kernel.listen("", until="v1 · Cancelled").displays
    assert last.startswith("■ run 1 · default/live · v1 · Cancelled")


def test_an_interrupt_leaves_the_run_going(kernel):
    """Interrupting --wait gives the kernel back; the run goes on to its end."""
    cell = "%%task wait --no-run\nimport pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.01)"
    for cell_ in ("%load_ext jupyter_flows\n%flow live", cell, "%flow_register"):
        assert kernel.run(cell_).errors == []
    asked = kernel.ask("%flow_run --wait")
    kernel.listen(asked, until="▶ wait")
    kernel.manager.interrupt_kernel()
    assert kernel.listen(asked).errors == ["Run 1 goes on; %flow_cancel 1 stops it."]
    kernel.touch("go")
    assert "✓ run 1" in kernel.listen("", until="✓ run 1").displays[-1][1]


def test_the_saved_notebook_and_what_was_run_since(kernel, tmp_path):
    """JupyterLab's cell ids tell which cell was run: edited counts, renamed and deleted leave no ghosts."""
    path = tmp_path / "notebook.ipynb"
    save(
        path, ["%load_ext jupyter_flows\n%flow sales", "%%task load\nx = 1", "%%task old\ny = x", "%%task gone\nz = x"]
    )
    for number, cell in enumerate(json.loads(path.read_text())["cells"], start=1):
        assert kernel.run("".join(cell["source"]), cell_id=f"c{number}").errors == []
    save(path, ["%load_ext jupyter_flows\n%flow sales", "%%task load\nx = 1", "%%task old\ny = x"])
    assert kernel.run("%%task renamed\ny = x + 1", cell_id="c3", deleted=["c4"]).errors == []
    shown = kernel.run("%flow_register").text.splitlines()
    assert shown[0].startswith("notebook.ipynb as saved ")
    assert shown[0].endswith("; cell 3 was run since: newer text used")
    assert shown[1] == "load -> renamed"


def test_kernel_and_command_line_give_one_digest(kernel, tmp_path):
    """A saved notebook registers the same from a kernel, whatever ran in it, and from the command line."""
    path = tmp_path / "notebook.ipynb"
    save(
        path,
        [
            "%load_ext jupyter_flows\n%flow sales --project shop",
            "import math",
            "%%task load\nx = math.pi",
            "x",
            "#| task: report\nprint(x)",
        ],
    )
    kernel.run("%load_ext jupyter_flows", cell_id="c1")
    kernel.run("#| task: report\nprint(x)", cell_id="c5")
    kernel.run("import os; os.chdir('/')")
    assert kernel.run("%flow_register").errors == []
    with open_registry() as registry:
        here = registry.flows.get("shop", "sales")
    there = flows_json("register", path.name, cwd=tmp_path)
    assert (there["digest"], there["version"], there["created"]) == (here.digest, 1, False)
    assert here.place.folder == str(tmp_path)


def test_a_notebook_without_ids_and_without_a_file(tmp_path):
    """Without ids and a file, as under nbclient, cells in the order they were run give the command line's digest."""
    cells = [
        "%load_ext jupyter_flows\n%flow sales --project shop",
        "%%task load\nx = 1",
        "%%task load\nx = 2",
        "%flow_register",
    ]
    run_all(cells, tmp_path)
    with open_registry() as registry:
        here = registry.flows.get("shop", "sales")
    save(tmp_path / "sales.ipynb", [cells[0], cells[2], cells[3]], ids=False)
    assert flows_json("register", "sales.ipynb", cwd=tmp_path)["digest"] == here.digest


def test_the_kernel_completes_options(kernel):
    """A front end's completion request gets our options."""
    kernel.run("%load_ext jupyter_flows")
    reply = kernel.client.complete("%flow_run --wa", reply=True, timeout=30)
    assert reply["content"]["matches"] == ["--wait"]


def test_unsaved_cells_are_said(kernel, tmp_path):
    """A task that was run but is not in the saved notebook is not registered, and the first line says so."""
    path = tmp_path / "notebook.ipynb"
    save(path, ["%load_ext jupyter_flows\n%flow sales", "%%task load\nx = 1"])
    for number, cell in enumerate(
        ["%load_ext jupyter_flows\n%flow sales", "%%task load\nx = 1", "%%task new\ny = x"], 1
    ):
        kernel.run(cell, cell_id=f"c{number}")
    shown = kernel.run("%flow_register").text.splitlines()
    assert "the cell of task 'new' was run but is not in the saved notebook: save it to take the cell in" in shown[0]
    assert shown[1] == "load"
