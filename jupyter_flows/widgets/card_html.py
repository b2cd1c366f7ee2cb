"""The run card as static HTML.

Styles are inline because notebook readers drop ``<style>`` from untrusted outputs; colours are JupyterLab's
variables, else middle tones that read on white and on black. Rows are plain blocks, so that a
reader that drops styles too (GitHub) still shows one line a task.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from jupyter_flows.core.state import FAILED, FINISHED, SUCCESSFUL, StateName
from jupyter_flows.widgets.card_text import log_line, says, split, summary
from jupyter_flows.widgets.log_tail import LogLine
from jupyter_flows.widgets.progress import RunProgress, Shown, TaskProgress
from jupyter_flows.widgets.words import duration, joined, mark, plain


class Tone:
    """A colour: a theme's variable where there is one, else a fixed middle tone."""

    def __init__(self, fixed: str, variables: str):
        self.fixed, self.themed = fixed, f"var(--jp-{variables}, {fixed})"

    def css(self, declaration: str) -> str:
        """Return a declaration twice, fixed first: readers of untrusted notebooks drop the one with a variable."""
        return f"{declaration.format(self.fixed)};{declaration.format(self.themed)}"

    @property
    def ink(self) -> str:
        """The colour as that of text."""
        return self.css("color:{}")


GREEN = Tone("#2f9e58", "success-color1")
RED = Tone("#d9534f", "error-color1")
BLUE = Tone("#3f8ad0", "brand-color1")
GREY = Tone("#808080", "ui-font-color2")
LINE = Tone("rgba(128, 128, 128, 0.35)", "border-color2")
SHADE = "rgba(128, 128, 128, 0.13)"
MONO = "var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, Menlo, Consolas, monospace))"

LOG_LINES = 8
MAX_OUTPUTS = 6
MAX_IMAGE = 600_000
MAX_OUTPUT_TEXT = 4_000
_IMAGES = ("image/png", "image/jpeg", "image/svg+xml")


def tone(state: StateName) -> Tone:
    """Return the colour of a state."""
    if state in SUCCESSFUL:
        return GREEN
    if state in FAILED:
        return RED
    return BLUE if state in (StateName.RUNNING, StateName.RETRYING) else GREY


def card_html(run: RunProgress) -> str:
    """Draw the card."""
    inner = "".join(
        (
            _head(run),
            _message(run),
            "".join(_notice(text) for text in run.notices),
            _bar(run) if run.shown_tasks else "",
            _tasks(run),
            _log("what on_start, on_exit and the run itself said", run.log.last(LOG_LINES, of_run=True)),
            _log("last lines of the tasks", [line for line in run.log.last(LOG_LINES) if line.task]),
            _traceback(run),
            _outputs(run),
        )
    )
    style = (
        f"{LINE.css('border:1px solid {}')};{tone(run.state).css('border-left:3px solid {}')};border-radius:4px;"
        "padding:8px 12px;margin:2px 0;max-width:760px;font-family:var(--jp-ui-font-family, system-ui, sans-serif);"
        "font-size:13px;line-height:1.5;box-sizing:border-box"
    )
    return _tag("div", inner, style)


def _tag(name: str, inner: str, style: str = "", **attributes: str) -> str:
    given = {"style": style, **{k.rstrip("_").replace("_", "-"): v for k, v in attributes.items()}}
    text = "".join(f' {key}="{escape(value)}"' for key, value in given.items() if value)
    return f"<{name}{text}>{inner}</{name}>"


def _head(run: RunProgress) -> str:
    took = duration(run.seconds) if run.seconds is not None else ""
    title = _tag("b", escape(run.title), "flex:1 1 auto;overflow-wrap:anywhere")
    state = _tag(
        "span",
        f"{mark(run.state)} {escape(joined([run.state.value, took]))}",
        f"{tone(run.state).ink};font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums",
    )
    return _tag("div", f"{title} {state}", "display:flex;gap:16px;align-items:baseline")


def _message(run: RunProgress) -> str:
    if not run.message or run.state not in FINISHED or run.state in SUCCESSFUL:
        return ""
    return _tag("div", escape(run.message), f"{tone(run.state).ink};overflow-wrap:anywhere;white-space:pre-wrap")


def _notice(text: str) -> str:
    return _tag("div", f"! {escape(text)}", f"{GREY.ink};overflow-wrap:anywhere")


def _bar(run: RunProgress) -> str:
    counts = run.counts()
    total = sum(counts.values())
    ended = sum(n for s, n in counts.items() if s in FINISHED)
    groups = (
        (GREEN, sum(n for s, n in counts.items() if s in SUCCESSFUL)),
        (RED, sum(n for s, n in counts.items() if s in FAILED)),
        (GREY, counts[StateName.CANCELLED]),
    )
    parts = "".join(_tag("div", "", f"width:{100 * n / total:.2f}%;{c.css('background:{}')}") for c, n in groups if n)
    bar = _tag(
        "div",
        parts,
        f"flex:1 1 auto;display:flex;height:6px;border-radius:3px;overflow:hidden;background:{SHADE}",
        role="progressbar",
        aria_valuemin="0",
        aria_valuemax=str(total),
        aria_valuenow=str(ended),
        aria_label="tasks finished",
    )
    count = _tag("span", f"{ended} of {total}", f"{GREY.ink};font-variant-numeric:tabular-nums;white-space:nowrap")
    return _tag("div", f"{bar} {count}", "display:flex;gap:12px;align-items:center;margin:4px 0 6px")


def _tasks(run: RunProgress) -> str:
    listed, rest = split(run.shown_tasks)
    widest = min(32, max((len(t.name) for t in listed), default=0))
    rows = "".join(_task(t, run.now, widest) for t in listed)
    return rows + (_tag("div", f"… and {escape(summary(rest))}", GREY.ink) if rest else "")


def _task(task: TaskProgress, now: float, widest: int) -> str:
    seconds = task.seconds(now)
    took = duration(seconds) if seconds is not None else ""
    name_style = f"flex:0 0 {widest}ch;font-family:{MONO};overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
    said = RED if task.state in FAILED else GREY
    cells = (
        _tag(
            "span", mark(task.state), f"flex:0 0 1em;text-align:center;{tone(task.state).ink}", title=task.state.value
        ),
        _tag("span", escape(task.name), name_style, title=task.name),
        _tag(
            "span",
            took,
            f"flex:0 0 6.5em;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;{GREY.ink}",
        ),
        _tag("span", escape(says(task)), f"{said.ink};flex:1 1 0;min-width:0;overflow-wrap:anywhere"),
    )
    return _tag("div", " ".join(cells), "display:flex;gap:8px;align-items:baseline")


def _block(inner: str, *, colour: str = "inherit") -> str:
    style = (
        f"margin:2px 0 0;padding:6px 8px;background:{SHADE};border-radius:3px;color:{colour};font-family:{MONO};"
        "font-size:12px;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere;max-height:22em;overflow:auto"
    )
    return _tag("pre", inner, style)


def _caption(text: str) -> str:
    return _tag("div", escape(text), f"{GREY.ink};font-size:11px;margin-top:6px")


def _log(caption: str, lines: list[LogLine]) -> str:
    if not lines:
        return ""
    return _caption(caption) + _block("\n".join(_log_line(line) for line in lines))


def _log_line(line: LogLine) -> str:
    text = escape(log_line(line.task, line.text))
    return _tag("span", text, RED.ink) if line.source in ("stderr", "ERROR", "CRITICAL") else text


def _traceback(run: RunProgress) -> str:
    if run.traceback is None or run.state in SUCCESSFUL:
        return ""
    task, text = run.traceback
    summary_line = _tag("summary", escape(joined(["traceback", task or ""])), f"{GREY.ink};cursor:pointer")
    return _tag("details", summary_line + _block(escape(plain(text))), "margin-top:6px")


def _outputs(run: RunProgress) -> str:
    drawn = [_output(shown) for shown in run.outputs[-MAX_OUTPUTS:]]
    return "".join(part for part in drawn if part)


def _output(shown: Shown) -> str:
    caption = _caption(f"{shown.task} shows" if shown.task else "the run shows")
    for mime in _IMAGES:
        image = _image(mime, shown.data)
        if image:
            return caption + image
    text = _joined(shown.data.get("text/plain"))
    return caption + _block(escape(plain(text)[:MAX_OUTPUT_TEXT])) if text else ""


def _image(mime: str, data: Mapping[str, Any]) -> str:
    content = _joined(data.get(mime))
    if not content or len(content) > MAX_IMAGE:
        return ""
    if mime == "image/svg+xml":
        from urllib.parse import quote

        source = f"data:{mime},{quote(content)}"
    else:
        source = f"data:{mime};base64,{''.join(content.split())}"
    style = "display:block;max-width:100%;max-height:360px;margin:2px 0 0;background:#fff;border-radius:3px"
    return f'<img alt="{escape(_joined(data.get("text/plain")) or "image")}" src="{escape(source)}" style="{style}">'


def _joined(data: Any) -> str:
    return "".join(data) if isinstance(data, list) else data if isinstance(data, str) else ""
