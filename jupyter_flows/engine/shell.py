"""Run cells in a real IPython shell whose outputs are a kernel's; the only module of the engine that needs IPython."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import sys
import tempfile
import types
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextvars import copy_context
from pathlib import Path
from typing import Any

from IPython.core.autocall import ExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from traitlets import Any as AnyTrait
from traitlets import Instance, Type, default
from traitlets.config import Config

from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.carried import carry_over
from jupyter_flows.engine.failure import error_output
from jupyter_flows.engine.live_widgets import LiveWidgets
from jupyter_flows.engine.namespace import Namespace

Publish = Callable[[dict[str, Any]], None]


class RunDisplayHook(DisplayHook):
    """Publishes the last expression's value as ``execute_result``."""

    publish_output: Any = None

    def start_displayhook(self) -> None:
        """Begin an output."""
        self.msg: dict[str, Any] = {"output_type": "execute_result"}

    def write_output_prompt(self) -> None:
        """Give it the cell's number."""
        self.msg["execution_count"] = self.prompt_count

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Fill it."""
        self.msg["data"], self.msg["metadata"] = clean_bundle(format_dict), json_clean(md_dict or {})

    def finish_displayhook(self) -> None:
        """Send it, unless nothing can show the value."""
        if self.msg.get("data"):
            self.publish_output(self.msg)
        self.msg = {}


class RunDisplayPublisher(DisplayPublisher):
    """Publishes ``display_data``, its updates, and ``clear_output``."""

    publish_output: Any = None

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,  # noqa: ARG002 - IPython's, deprecated there
        *,
        transient: Any = None,
        update: Any = False,
        **_: Any,
    ) -> None:
        """Send a display; `transient` holds its display id."""
        self._validate_data(data, metadata)  # type: ignore[no-untyped-call] # IPython has no types
        output = {
            "output_type": "update_display_data" if update else "display_data",
            "data": clean_bundle(data),
            "metadata": json_clean(metadata or {}),
        }
        if transient:
            output["transient"] = json_clean(transient)
        self.publish_output(output)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        """Clear the cell's outputs, now or when the next one comes."""
        self.publish_output({"output_type": "clear_output", "wait": bool(wait)})


class RunCompiler(CachingCompiler):
    """Names cells' code like files that are not there, as a kernel does, for the same tracebacks; by their numbers."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:  # noqa: ARG002 - IPython's
        """Return the file name of a cell's code."""
        digest = hashlib.sha256(raw_code.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{tempfile.gettempdir()}/jupyter_flows_{os.getpid()}/cell_{number}_{digest[:8]}.py"


class NoHistory(HistoryManager):
    """Keeps In and Out, and no file."""

    def __init__(self, shell: Any = None, config: Any = None, **traits: Any):
        super().__init__(shell=shell, config=config, **{**traits, "enabled": False, "hist_file": ":memory:"})


#: What a kernel knows as running without an event loop of its own.
_WITHOUT_WINDOWS = (None, "inline", "nbagg", "notebook", "webagg", "ipympl", "widget", "headless", "asyncio")


class RunShell(InteractiveShell):
    """An IPython shell without terminal, kernel and files, for one run."""

    displayhook_class = Type(RunDisplayHook)
    display_pub_class = Type(RunDisplayPublisher)
    compiler_class = Type(RunCompiler)
    exiter = Instance(ExitAutocall)
    #: Extensions look for a kernel here.
    kernel = AnyTrait(None)
    displayhook: Any
    display_pub: Any
    history_manager: Any

    @default("exiter")
    def _default_exiter(self) -> ExitAutocall:
        return ExitAutocall(self)

    def init_environment(self) -> None:
        """Let commands behave as below a kernel: colours, no pager."""
        os.environ.update(
            TERM="xterm-color", CLICOLOR="1", FORCE_COLOR="1", CLICOLOR_FORCE="1", PAGER="cat", GIT_PAGER="cat"
        )

    def init_history(self) -> None:
        """Keep the history in memory."""
        self.history_manager = NoHistory(shell=self, parent=self)
        self.configurables.append(self.history_manager)

    def init_virtualenv(self) -> None:
        """Leave ``sys.path`` alone: the run's interpreter is the right one."""

    def init_hooks(self) -> None:
        """Show no pager: what goes there leaves no trace in a notebook."""
        super().init_hooks()  # type: ignore[no-untyped-call] # IPython has no types
        self.set_hook("show_in_pager", _no_pager, 99)  # type: ignore[no-untyped-call] # as above

    def enable_gui(self, gui: Any = None) -> None:
        """Accept what a page can show, as a kernel does; refuse what needs a window system."""
        if gui not in _WITHOUT_WINDOWS:
            raise UsageError(f"A run has no screen for {gui!r}: use %matplotlib inline.")

    def ask_exit(self) -> None:
        """End the cell: a run goes on without a kernel to leave."""
        raise SystemExit("The cell asked the kernel to exit.")

    def set_next_input(self, text: str, replace: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        """Do nothing: a run has no next input."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.displayhook.publish_output(error_output(evalue, json_clean(stb)) | {"ename": str(etype.__name__)})

    def atexit_operations(self) -> None:
        """Leave everything to the process's end."""


# Libraries know a kernel by its shell's class: pandas and rich wrap their lines by it.
RunShell.__module__, RunShell.__name__, RunShell.__qualname__ = "ipykernel.zmqshell", *2 * ["ZMQInteractiveShell"]


class ShellCells:
    """Runs cells in a `RunShell`, each inside one event loop, as a kernel does; calling it runs one."""

    def __init__(self, namespace: Namespace, publish: Publish):
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self.shell: Any = make_shell(namespace)
        self._widgets = LiveWidgets(publish, lambda widget: self.shell.display_formatter.format(widget)[0])

        def send(output: dict[str, Any]) -> None:
            publish(self._widgets.take(output))

        self.shell.displayhook.publish_output = send
        self.shell.display_pub.publish_output = send
        self.shell.user_ns["_dh"] = [Path.cwd()]

    def __call__(self, task: CellTask) -> None:
        """Run a cell; publish and raise its error."""
        shell = self.shell
        _pad_history(shell, task.cell.ordinal)
        shell.execution_count = task.cell.ordinal
        result = self._run(task.code)
        self._widgets.settle()
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            raise error

    def end_cell(self) -> None:
        """Do what comes after a cell that ran without this shell: show its figures."""
        with self.shell.builtin_trap:
            self.shell.events.trigger("post_execute")

    def _run(self, code: str) -> Any:
        context = copy_context()
        future = self._loop.create_task(_run_cell(self.shell, code), context=context)
        try:
            result, waited = self._loop.run_until_complete(future)
        except KeyboardInterrupt:
            # The interruption met the loop, not the cell: end the cell where it waits.
            future.cancel()
            try:
                result, waited = self._loop.run_until_complete(future)
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None
        if not waited:
            carry_over(context)
        return result


async def _run_cell(shell: Any, code: str) -> tuple[Any, bool]:
    """Run a cell as ipykernel does: awaited if it awaits, else called, both with the loop running; say which."""
    broken = None
    try:
        transformed = shell.transform_cell(code)
    except Exception:  # noqa: BLE001 - whatever a transformer raises is the cell's error
        transformed, broken = code, sys.exc_info()
    waits = shell.should_run_async(code, transformed_cell=transformed, preprocessing_exc_tuple=broken)
    if waits:
        result = None
        try:
            result = await shell.run_cell_async(
                code, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=broken
            )
        finally:
            shell.events.trigger("post_execute")
            if result is not None:
                shell.events.trigger("post_run_cell", result)
    else:
        result = shell.run_cell(code, store_history=True)
    # Background tasks get a turn, as they do between a kernel's cells.
    await asyncio.sleep(0)
    return result, bool(waits)


_made: list[tuple[Namespace, RunShell]] = []


def make_shell(namespace: Namespace) -> RunShell:
    """Make the shell of a namespace; the one that was made for it ahead of time, if one was."""
    if _made and _made[0][0] is namespace:
        return _made[0][1]
    RunShell.clear_instance()
    config = Config()
    # tqdm looks for this name to know that it is in a notebook.
    config.IPKernelApp.tqdm = "a run is a notebook"
    shell = RunShell.instance(user_module=namespace.module, user_ns=namespace.names, config=config)
    _made[:] = [(namespace, shell)]
    return shell


InteractiveShellABC.register(RunShell)


def warm_up(namespace: Namespace) -> None:
    """Make the namespace's shell and let it load, by a cell that does nothing, what every cell needs."""
    shell: Any = make_shell(namespace)
    asyncio.run(_run_nothing(shell))
    shell.display_formatter.format(None)
    shell.execution_count = 1


async def _run_nothing(shell: Any) -> None:
    shell.run_cell("pass", silent=True)


def _pad_history(shell: RunShell, ordinal: int) -> None:
    """Let ``In[n]`` be cell n where cells before it take no part in the run."""
    history = shell.history_manager
    missing = ordinal - len(history.input_hist_parsed)
    if missing > 0:
        history.input_hist_parsed.extend([""] * missing)
        history.input_hist_raw.extend([""] * missing)


def _no_pager(*_: Any, **__: Any) -> None:
    """Take a page that nobody will read."""


def clean_bundle(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mime bundle as notebooks keep it: bytes as base64."""
    return {mime: json_clean(value) for mime, value in data.items()}


def json_clean(value: Any) -> Any:
    """Return a value of JSON's types, as ipykernel cleans what it sends."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(k): json_clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset | types.GeneratorType):
        return [json_clean(v) for v in value]
    return str(value)
