"""What can be found wrong with a functional flow: live values whose changes a version would not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_flows.capture.checks import Finding, in_order
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.meaning import Meaning, function_meaning, task_meaning, value_meaning
from jupyter_flows.core.task import CellTask


def functional_findings(flow: Flow) -> tuple[Finding, ...]:
    """Find what functions, arguments and callbacks hold that can't be told by content; all are warnings."""
    return in_order(
        Finding("F007", "warning", None, None, *_message_and_fix(sentence))
        for meaning in _meanings(flow)
        for sentence in meaning.findings
    )


def _meanings(flow: Flow) -> Iterator[Meaning]:
    known: dict[int, Meaning] = {}
    for task in flow.tasks:
        if not isinstance(task, CellTask):
            yield task_meaning(task, known)
            yield from map(value_meaning, flow.constants(task).values())
    callbacks: dict[str, Any] = dict(flow.environment.callbacks()) if flow.environment else {}
    yield from map(function_meaning, callbacks.values())


def _message_and_fix(sentence: str) -> tuple[str, str]:
    message, _, fix = sentence.rstrip(".").rpartition(": ")
    return (message, fix) if message else (fix, "")
