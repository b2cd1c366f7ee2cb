"""What the system tells of a container's memory."""

from __future__ import annotations

import pytest

from jupyter_flows.engine.memory import Memory


def group(folder, files):
    """Make a control group of these files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"memory.events": "low 0\noom 3\noom_kill 2\n", "memory.max": "104857600\n"}, Memory(2, 100 << 20)),
        ({"memory.events": "oom_kill 0\n", "memory.max": "max\n"}, Memory(0, None)),
        ({"memory.oom_control": "under_oom 0\noom_kill 1\n", "memory.limit_in_bytes": "1048576"}, Memory(1, 1 << 20)),
        ({"memory.oom_control": "oom_kill 1\n", "memory.limit_in_bytes": "9223372036854771712"}, Memory(1, None)),
        ({"memory.events": "low 0\n"}, Memory(None, None)),
        ({}, Memory(None, None)),
    ],
    ids=["v2", "v2-no-limit", "v1", "v1-no-limit", "too-old", "no-container"],
)
def test_what_is_read(tmp_path, files, found):
    """Counts and limits of both versions of control groups; nothing where nothing is told."""
    assert Memory.look([tmp_path / "absent", group(tmp_path / "group", files)]) == found


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (Memory(1, 100 << 20), Memory(2, 100 << 20), "for lack of memory (the limit is 100 MB)"),
        (Memory(0, None), Memory(1, None), "for lack of memory"),
        (Memory(1, 100), Memory(1, 100), ""),
        (Memory(None, None), Memory(None, None), ""),
    ],
)
def test_what_is_said(before, now, words):
    """Only a kill since then is spoken of."""
    assert now.exceeded_since(before) == words
