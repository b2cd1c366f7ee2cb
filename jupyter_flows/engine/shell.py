"""Run cells in a real IPython shell whose outputs are a kernel's; the only module of the engine that needs IPython."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import sys
import tempfile
import threading
import types
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

from IPython.core.autocall import ExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell, InteractiveShellABC
from IPython.extensions.storemagic import StoreMagics
from traitlets import Any as AnyTrait
from traitlets import Instance, Type, default
from traitlets.config import Config

from jupyter_flows.core.signals import Signal
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.carried import carry_over
from jupyter_flows.engine.failure import error_output
from jupyter_flows.engine.kernel_magics import KernelMagics
from jupyter_flows.engine.live_widgets import LiveWidgets
from jupyter_flows.engine.namespace import Namespace
from jupyter_flows.engine.on_import import OnImport
from jupyter_flows.engine.output_widgets import OutputWidgets
from jupyter_flows.engine.warned import without_hook

Publish = Callable[[dict[str, Any]], None]


#: Ordinal and text of the cell that runs in this context on a worker thread, beside the shell's own.
_beside: ContextVar[tuple[int, str] | None] = ContextVar("jupyter_flows.beside", default=None)


class RunDisplayHook(DisplayHook):
    """Publishes the last expression's value as ``execute_result``, on whichever thread."""

    publish_output: Any = None
    shell: Any

    def __init__(self, shell: Any = None, cache_size: int = 1000, **traits: Any):
        super().__init__(shell=shell, cache_size=cache_size, **traits)  # type: ignore[no-untyped-call] # IPython has no types
        self._making = threading.local()
        self._lock = threading.RLock()
        self._newest = 0

    @property
    def prompt_count(self) -> int:
        """The number of the calling cell."""
        beside = _beside.get()
        return beside[0] if beside else int(super().prompt_count)

    @property
    def msg(self) -> dict[str, Any]:
        """The output that this thread makes."""
        return self._making.output  # type: ignore[no-any-return] # a thread's attributes have no types

    @msg.setter
    def msg(self, output: dict[str, Any]) -> None:
        self._making.output = output

    def quiet(self) -> bool:
        """Tell whether the calling cell ends in a semicolon."""
        beside = _beside.get()
        if beside is None:
            return bool(super().quiet())  # type: ignore[no-untyped-call] # IPython has no types
        return bool(self.semicolon_at_end_of_expression(beside[1]))  # type: ignore[no-untyped-call] # as above

    def fill_exec_result(self, result: Any) -> None:
        """Tell the shell of its own cell's value."""
        if _beside.get() is None:
            super().fill_exec_result(result)  # type: ignore[no-untyped-call] # IPython has no types

    def update_user_ns(self, result: Any) -> None:
        """Keep a value in ``Out``, and as ``_`` unless a cell below has shown one already."""
        with self._lock:
            number = self.prompt_count
            if number >= self._newest:
                self._newest = number
                super().update_user_ns(result)  # type: ignore[no-untyped-call] # IPython has no types
            elif result is not self.shell.user_ns["_oh"]:
                self.shell.push({f"_{number}": result}, interactive=False)
                self.shell.user_ns["_oh"][number] = result

    def start_displayhook(self) -> None:
        """Begin an output."""
        self.msg = {"output_type": "execute_result"}

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
        self._texts: dict[int, tuple[str, str]] = {}

    def keep(self, number: int, source: str, raw: str) -> None:
        """Keep the text of a cell that runs beside the shell's own, for the shell's next one to find."""
        self._texts[number] = source.rstrip("\n"), raw.rstrip("\n")
        self.shell.push({f"_i{number}": raw.rstrip("\n")}, interactive=False)

    def store_inputs(self, line_num: int, source: str, source_raw: str | None = None) -> None:
        """Let ``In[n]`` be cell n, and ``In`` end with it, whichever cells ran before and beside it."""
        raw = source if source_raw is None else source_raw
        if self._exit_re.match(raw.strip()):
            return
        self.keep(line_num, source, raw)
        # A copy, made in one step: workers keep texts meanwhile.
        above = sorted(n for n in list(self._texts) if n < line_num)
        texts = [self._texts.get(n, ("", "")) for n in range(line_num + 1)]
        self.input_hist_parsed[:] = [parsed for parsed, _ in texts]
        self.input_hist_raw[:] = [text for _, text in texts]
        last = [self._texts[n][1] for n in reversed(above[-3:])]
        self._i00 = self._texts[line_num][1]
        self._i, self._ii, self._iii = [*last, "", "", ""][:3]
        self.shell.push({"_i": self._i, "_ii": self._ii, "_iii": self._iii}, interactive=False)


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
    _telling = threading.RLock()

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

    def init_magics(self) -> None:
        """Add the magics that only kernels have."""
        super().init_magics()  # type: ignore[no-untyped-call] # IPython has no types
        self.register_magics(KernelMagics, StoreMagics)

    def init_hooks(self) -> None:
        """Show no pager: what goes there leaves no trace in a notebook."""
        super().init_hooks()  # type: ignore[no-untyped-call] # IPython has no types
        self.set_hook("show_in_pager", _no_pager, 99)  # type: ignore[no-untyped-call] # as above

    def enable_gui(self, gui: Any = None) -> None:
        """Accept what a page can show, as a kernel does; refuse what needs a window system."""
        if gui not in _WITHOUT_WINDOWS:
            raise UsageError(f"A run has no screen for {gui!r}: use %matplotlib inline.")

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show an error, one thread after the other: they share what formats it."""
        with self._telling:
            error = sys.exc_info()[1]
            if isinstance(error, Signal):
                return  # Not an error to be shown: the task's state says it.
            if error is not None:
                without_hook(error)
            super().showtraceback(*args, **kwargs)

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
        self._widgets, self._inside = LiveWidgets(publish), OutputWidgets()
        self.divert = self._inside.write
        sys.meta_path.insert(0, OnImport(frozenset({"ipywidgets"}), self._inside.install))

        def send(output: dict[str, Any]) -> None:
            if not self._inside.take(output):
                publish(self._widgets.take(output))

        self.shell.displayhook.publish_output = send
        self.shell.display_pub.publish_output = send
        self.shell.user_ns["_dh"] = [Path.cwd()]
        self._trapped = False

    def __call__(self, task: CellTask) -> None:
        """Run a cell; publish and raise its error."""
        shell = self.shell
        shell.execution_count = task.cell.ordinal
        result = self._run(task.code)
        self._inside.settle()
        self._widgets.settle()
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            raise error

    def is_usual(self) -> bool:
        """Tell whether nothing that cells have set up needs to see each cell run, on the main thread."""
        shell = self.shell
        if not self._trapped:
            # For good, not only while the main thread runs a cell.
            self._trapped = True
            shell.builtin_trap.__enter__()
            shell.display_trap.__enter__()
        callbacks = [function for group in shell.events.callbacks.values() for function in group]
        formatters = shell.display_formatter.formatters.values()
        kinds = [k for f in formatters for k in (f.type_printers, f.deferred_printers, f.singleton_printers)]
        printers = [printer for kind in kinds for printer in kind.values()]
        return not (
            shell.ast_transformers
            or shell.input_transformers_post
            or shell.custom_exceptions
            or shell.call_pdb
            or not all(map(_sees_figures_only, callbacks))
            or any(_root(function) == "__main__" for function in printers)
        )

    def beside(self, task: CellTask) -> None:
        """Run a portable cell on a worker thread, while the main thread may run another; publish and raise its error.

        The steps are those of ``InteractiveShell.run_cell_async``, without what belongs to the shell's own cell.
        """
        shell, ordinal = self.shell, task.cell.ordinal
        _beside.set((ordinal, task.code))
        if not task.code.strip():
            return
        source = shell.transform_cell(task.code)
        shell.history_manager.keep(ordinal, source, task.code)
        name = shell.compile.cache(source, ordinal, raw_code=task.code)
        # A compiler of its own: the main thread's switches flags on and off.
        compiler = RunCompiler()  # type: ignore[no-untyped-call] # IPython has no types
        compiler.flags = shell.compile.flags
        result = ExecutionResult(None)
        try:
            tree: Any = compiler.ast_parse(source, filename=name)
        except SyntaxError:
            shell.showsyntaxerror()
            raise
        _drive(shell.run_ast_nodes(tree.body, name, shell.ast_node_interactivity, compiler=compiler, result=result))
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


def _drive(steps: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that awaits nothing."""
    try:
        steps.send(None)
    except StopIteration:
        return
    raise RuntimeError("A cell that awaits was taken for one that does not.")


def _sees_figures_only(callback: Any) -> bool:
    """Tell the callbacks that are nothing to cells without figures: IPython's own and matplotlib's."""
    module = str(getattr(callback, "__module__", ""))
    return _root(callback) in ("matplotlib", "matplotlib_inline") or module.startswith("IPython.core.")


def _root(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]


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
