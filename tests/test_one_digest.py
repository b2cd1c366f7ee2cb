"""The same notebook gives one version and one digest, whoever registers it, from wherever."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from jupyter_flows.registry import open_registry

CELLS = [
    "%load_ext jupyter_flows\n%flow night --project sales",
    "import math\nimport json",
    '%%parameters\nregion = "EU"\nlimit: int = 3',
    "#| task: load --retries 2\nrows = [{'n': n, 'region': r} for n in range(6) for r in ('EU', 'US')]\nlen(rows)",
    "rows[:2]",
    "%%task clean\nkept = {r['n'] for r in rows if r['region'] == region}\nnames = {'a', 'b', 'c'}",
    "def norm(x):\n    return math.sqrt(x)\n",
    "#| task: report\ntotal = f'{sum(map(norm, sorted(kept)[:limit])):.3f}'\ntotal",
]
RUN = tuple(range(2, len(CELLS)))


def _write(path, *, seed):
    """Write the notebook, with Markdown and outputs that differ by seed: neither is meaning."""
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(CELLS):
        cell = nbformat.v4.new_code_cell(source, id=f"cell{number}")
        cell.outputs = [nbformat.v4.new_output("stream", text=f"seen {seed}\n")]
        cell.execution_count = seed + number
        notebook.cells += [nbformat.v4.new_markdown_cell(f"Note {seed}", id=f"note{number}")] * (seed % 2) + [cell]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = cell["id"] if cell.cell_type == "code" else f"note{number}"
    nbformat.write(notebook, path)


def _environment(places, seed):
    """Vary what must not matter: hash seed, time zone, user, home and locale."""
    home = places / f"home{seed}"
    home.mkdir(exist_ok=True)
    return {
        **os.environ,
        "PYTHONHASHSEED": str(seed * 7 + 1),
        "TZ": ["UTC", "Asia/Tokyo", "America/New_York", "Africa/Nairobi", "Australia/Eucla"][seed % 5],
        "USER": f"user{seed}",
        "LOGNAME": f"user{seed}",
        "HOME": str(home),
        "LC_ALL": ["C", "C.UTF-8"][seed % 2],
    }


def _by_kernel(path, environment, folder, seed):
    """Run the cells in an order of the seed's, again some of them, and register from the kernel."""
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(folder), env={**environment, "JPY_SESSION_NAME": str(path)}
    )
    try:
        chance = random.Random(seed)
        again = chance.sample(RUN, 2) if seed else []
        todo = [0, 1, *RUN, *again] if seed % 2 else [0]
        for number in todo:
            _execute(client, CELLS[number], cell=f"cell{number}")
        return _execute(client, "%flow_register")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client, source, *, cell=None):
    """Run a cell as a front end does, its id along, and return what it printed; an error fails the test."""
    content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    request = client.session.msg("execute_request", {**content, "stop_on_error": True})
    request["metadata"] = {"cellId": cell} if cell else {}
    client.shell_channel.send(request)
    printed = []
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind, body = message["msg_type"], message["content"]
        if kind == "stream":
            printed.append(body["text"])
        assert kind != "error", "\n".join(body["traceback"])
        if kind == "status" and body["execution_state"] == "idle":
            return "".join(printed)


def _by_command_line(path, environment, folder):
    """Register from the command line and return the digest that it prints."""
    command = [sys.executable, "-m", "jupyter_flows", "register", os.path.relpath(path, folder), "--project", "sales"]
    done = subprocess.run(
        [*command, "--json"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["digest"]


def _register(times, tmp_path, places):
    """Register so many times, each otherwise, and return the versions that there are then."""
    for seed in range(times):
        path = tmp_path / "work" / f"night{seed if seed % 3 == 2 else ''}.ipynb"
        path.parent.mkdir(exist_ok=True)
        _write(path, seed=seed)
        folder = Path(["/", str(path.parent), str(places)][seed % 3])
        environment = _environment(places, seed)
        if seed % 5 == 4:
            _by_command_line(path, environment, folder)
        else:
            _by_kernel(path, environment, folder, seed)
    with open_registry() as registry:
        return [(v.version, v.digest) for v in registry.flows.versions("sales", "night")]


def test_five_fresh_kernels_make_one_version(tmp_path, private_places):
    """Hash seed, folder, user, time zone, execution order and entry leave no trace in the digest."""
    versions = _register(5, tmp_path, private_places)
    assert [number for number, _ in versions] == [1]


@pytest.mark.slow
def test_fifty_fresh_kernels_make_one_version(tmp_path, private_places):
    """The same, fifty times."""
    versions = _register(50, tmp_path, private_places)
    assert [number for number, _ in versions] == [1]


def test_a_changed_cell_makes_another_version(tmp_path, private_places):
    """The comparison above can fail: one character of meaning is a new version."""
    path = tmp_path / "night.ipynb"
    _write(path, seed=0)
    first = _by_command_line(path, _environment(private_places, 0), tmp_path)
    path.write_text(path.read_text().replace(":.3f", ":.4f"))
    assert _by_command_line(path, _environment(private_places, 0), tmp_path) != first
