"""Write a captured notebook as a Python script of ``@task`` functions that runs by itself."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence

from jupyter_flows.capture.export.editing import commented, free_word, indented, quoted
from jupyter_flows.capture.export.planning import Step
from jupyter_flows.capture.export.steps import Cells
from jupyter_flows.capture.export.translating import without_annotations
from jupyter_flows.capture.notebook import Captured
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.rules_json import rules_json
from jupyter_flows.errors import ExportRefused


def export_script(captured: Captured) -> str:
    """Return the script; raises `ExportRefused` with every cell that can't be written so, and why."""
    return _Script(Cells(captured)).text()


class _Script:
    """One notebook being written down."""

    def __init__(self, cells: Cells):
        self.captured, self.flow, self.tasks = cells.captured, cells.flow, cells.tasks
        self.words, self.names, self.specs, self.plains = cells.words, cells.names, cells.specs, cells.plains
        self.steps, self.work, self.dropped = cells.steps, cells.work, cells.dropped

    def text(self) -> str:
        """Return the script."""
        top = self._module_part()
        head = "\n".join([self._head(), *(["", top.pop(0)] if top and top[0].startswith(("import ", "from ")) else [])])
        body = [*top, *self._functions(), self._build()]
        main = f'if __name__ == "__main__":\n    {self.words["main"]}({self.words["build_flow"]}())'
        script = "\n\n\n".join([head, *body, main]) + "\n"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(script, "<script>", "exec", dont_inherit=True)
        except SyntaxError as error:
            why = f"in a function it is no Python ({error.msg})"
            raise ExportRefused([(self._ordinal_of(script, error.lineno), None, why)]) from None
        return script

    def _head(self) -> str:
        work = self.work
        helpers = {"main"}.union(*(s.plain.helpers for s in self.steps if s.index not in self.dropped))
        helpers |= {"end_figures"} if any(s.draws for s in work) else set()
        helpers |= {"show_error"} if any(s.may_fail for s in work) else set()
        own = ["Flow", *(["Parameter"] if self.specs else []), *(["task"] if work else [])]
        return "\n".join(
            [
                self._docstring(),
                "",
                *dict.fromkeys(line for p in self.plains for line in p.future),
                self._import("jupyter_flows", own),
                self._import("jupyter_flows.script", sorted(helpers)),
            ]
        )

    def _docstring(self) -> str:
        name = self.flow.name.replace("\\", "\\\\").replace('"', '\\"')
        options = "".join(f" [--{p.name} {p.name.upper()}]" for p in self.specs)
        return f'"""The flow {name}, written as a script from a notebook.\n\nRun it: python THIS_FILE{options}\n"""'

    def _import(self, module: str, names: Sequence[str]) -> str:
        renamed = (n if self.words[n] == n else f"{n} as {self.words[n]}" for n in names)
        return f"from {module} import {', '.join(renamed)}"

    def _module_part(self) -> list[str]:
        """Write what stands at the top: imports close together, other definitions with their texts."""
        texts = self._markdown()
        parts: list[str] = []
        imports: list[str] = []
        for step in (s for s in self.steps if s.hoisted):
            only_imports = all(isinstance(n, ast.Import | ast.ImportFrom) for n in step.plain.tree.body)
            notes = texts.get(step.index // 2, "") if step.index % 2 else ""
            if only_imports and not notes:
                imports += [line for line in step.plain.text.split("\n") if line not in imports]
                continue
            parts += ["\n".join(imports)] if imports else []
            imports = []
            parts.append("\n".join(filter(None, [notes, step.plain.text])))
        return [*parts, *(["\n".join(imports)] if imports else [])]

    def _functions(self) -> Iterator[str]:
        texts = self._markdown()
        for step in self.work:
            yield "\n".join(filter(None, [texts.get(step.index // 2, ""), self._function(step)]))

    def _function(self, step: Step) -> str:
        n = step.index // 2
        head = [f"@{self.words['task']}{self._options(n)}"]
        given = [self.words["given"]] if step.parameters else []
        head.append(f"def {self.names[n]}({', '.join([*given, *step.takes])}):")
        inner = [f"    global {', '.join(step.globals)}"] if step.globals else []
        code = step.plain.text if step.plain.tree.body else "\n".join(filter(None, [step.plain.text, "pass"]))
        code = without_annotations(code, step.globals)
        if step.may_fail:
            inner += [
                "    try:",
                indented(code, " " * 8),
                "    except Exception:",
                f"        {self.words['show_error']}()",
            ]
        else:
            inner.append(indented(code))
        inner += [f"    {self.words['end_figures']}()"] if step.draws else []
        inner += [f"    return {', '.join(step.gives)}"] if step.gives else []
        return "\n".join([*head, *inner])

    def _options(self, n: int) -> str:
        task, found = self.tasks[n], []
        if task.name != self.names[n]:
            found.append(f"name={quoted(task.name)}")
        if task.max_retries:
            found.append(f"max_retries={task.max_retries}")
        if task.retry_delay_seconds:
            found.append(f"retry_delay={task.retry_delay_seconds!r}")
        if task.timeout_seconds is not None:
            found.append(f"timeout={task.timeout_seconds!r}")
        found += [f"{name}={value!r}" for name, value in rules_json(task.rules).items()]
        return f"({', '.join(found)})" if found else ""

    # -- connecting -------------------------------------------------------------------------------------

    def _build(self) -> str:
        flow, word = self.words["flow"], self.words
        lines = [f"def {word['build_flow']}():", '    """Connect the tasks."""']
        lines.append(f"    with {word['Flow']}({quoted(self.flow.name)}) as {flow}:")
        lines += [f"        {line}" for line in [*self._parameter_lines(), *self._calls()]] or ["        pass"]
        return "\n".join([*lines, f"    return {flow}"])

    def _parameter_lines(self) -> Iterator[str]:
        if any(s.parameters for s in self.work):
            return
        used = {name for s in self.work for name in s.takes}
        for p in self.specs:
            made = self._parameter(p)
            yield f"{p.name} = {made}" if p.name in used else f"{self.words['flow']}.add_task({made})"

    def _parameter(self, p: ParameterSpec) -> str:
        value = quoted(p.default) if isinstance(p.default, str) else repr(p.default)
        default = "" if p.required else f", default={value}"
        kind = f', type="{p.type}"' if p.required or ParameterSpec.infer(p.name, p.default).type != p.type else ""
        return f'{self.words["Parameter"]}("{p.name}"{default}{kind})'

    def _calls(self) -> Iterator[str]:
        waited = {u for s in self.work for u in s.after}
        local = {name for s in self.work for name in (*s.takes, *s.gives)} | {p.name for p in self.specs}
        handles: dict[int, str] = {}
        for step in self.work:
            function = self.names[step.index // 2]
            arguments = [self._given()] if step.parameters else []
            arguments += step.takes
            if step.after:
                arguments.append(f"upstream_tasks=[{', '.join(handles[u] for u in step.after)}]")
            call = f"{function}({', '.join(arguments)})"
            taken = [name for name in step.gives if self._is_taken(step, name)]
            single = len(step.gives) == 1
            if step.index in waited or (taken and not single):
                handle = handles[step.index] = free_word(f"{function}_done", {*local, *self.names})
                yield f"{handle} = {call}"
                if single and taken:
                    yield f"{taken[0]} = {handle}"
                elif taken:
                    values = ", ".join(f"{handle}[{step.gives.index(name)}]" for name in taken)
                    yield f"{', '.join(taken)} = {values}"
            else:
                yield f"{step.gives[0]} = {call}" if taken else call

    def _is_taken(self, step: Step, name: str) -> bool:
        return any(other.takes.get(name) == step.index for other in self.work)

    def _given(self) -> str:
        return "{" + ", ".join(f'"{p.name}": {self._parameter(p)}' for p in self.specs) + "}"

    # -- texts -------------------------------------------------------------------------------------------

    def _markdown(self) -> Mapping[int, str]:
        """Return the notebook's texts as comments, by the task that they stand above."""
        numbers = {t.cell.ordinal: n for n, t in enumerate(self.tasks)}
        found: dict[int, str] = {}
        waiting: list[str] = []
        ordinal = 0
        for cell in json.loads(self.captured.notebook.text)["cells"]:
            if cell["cell_type"] == "code":
                ordinal += 1
                if ordinal in numbers and waiting:
                    found[numbers[ordinal]] = "\n#\n".join(waiting)
                    waiting = []
            elif cell["cell_type"] == "markdown" and cell["source"].strip():
                waiting.append(commented(cell["source"]))
        return found

    def _ordinal_of(self, script: str, line: int | None) -> int | None:
        above = script.split("\n")[: line or 0]
        names = {name: task.cell.ordinal for name, task in zip(self.names, self.tasks, strict=True)}
        for text in reversed(above):
            match = re.match(r"def (\w+)\(", text)
            if match and match[1] in names:
                return names[match[1]]
        return None
