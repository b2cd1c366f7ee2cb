"""The magics: ``%load_ext jupyter_flows`` makes them known to a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_flows.magics.element_loop import ElementLoop
    from jupyter_flows.magics.session import NotebookSession
    from jupyter_flows.magics.transformer import MarkerRemover

#: Where a shell keeps what was hung into it.
_HOOK = "_jupyter_flows_loaded"


@dataclass(frozen=True)
class Loaded:
    """What `load` hung into a shell."""

    session: NotebookSession
    remover: MarkerRemover
    loop: ElementLoop
    settings: Any


def load(shell: Any) -> None:
    """Hang magics, marker, recorder, completer and settings into a shell; loading again changes nothing."""
    if loaded(shell) is not None:
        return
    from jupyter_flows.magics import completion
    from jupyter_flows.magics.all_magics import cell_magics, line_magics
    from jupyter_flows.magics.element_loop import ElementLoop
    from jupyter_flows.magics.session import NotebookSession
    from jupyter_flows.magics.transformer import MarkerRemover
    from jupyter_flows.settings import keep_settings

    session, remover, settings = NotebookSession(shell), MarkerRemover(), keep_settings()
    loop = ElementLoop()
    for name, function in line_magics(session).items():
        shell.register_magic_function(function, "line", name)
    for name, function in cell_magics().items():
        shell.register_magic_function(function, "cell", name)
    shell.input_transformer_manager.cleanup_transforms.insert(0, remover)
    shell.ast_transformers.append(loop)
    session.recorder.start()
    completion.install(shell)
    shell.configurables.append(settings)
    setattr(shell, _HOOK, Loaded(session, remover, loop, settings))


def unload(shell: Any) -> None:
    """Take everything back; runs go on, an agent of this kernel stops."""
    had = loaded(shell)
    if had is None:
        return
    from jupyter_flows.magics import completion
    from jupyter_flows.magics.parsers import CELL, LINE

    had.session.close()
    had.session.recorder.stop()
    completion.uninstall(shell)
    shell.input_transformer_manager.cleanup_transforms.remove(had.remover)
    if had.loop in shell.ast_transformers:
        shell.ast_transformers.remove(had.loop)
    shell.configurables.remove(had.settings)
    for kind, names in (("line", LINE), ("cell", CELL)):
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
    delattr(shell, _HOOK)


def loaded(shell: Any) -> Loaded | None:
    """Return what was hung into a shell, if anything was."""
    found = getattr(shell, _HOOK, None)
    return found if isinstance(found, Loaded) else None
