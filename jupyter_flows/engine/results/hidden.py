"""Hidden state that can be put back: generators of chance, settings, the working folder."""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

#: Keys of matplotlib's settings that say how figures get to the screen, which is the process's own affair.
_OF_PROCESS = ("backend", "backend_fallback", "interactive")


class Environ:
    """The environment variables, as far as they are not those that the process was started with."""

    def __init__(self) -> None:
        self._start = dict(os.environ)

    def read(self) -> dict[str, str | None]:
        """Return what was changed; None for what was removed."""
        changed: dict[str, str | None] = {k: v for k, v in os.environ.items() if self._start.get(k) != v}
        return changed | {k: None for k in self._start if k not in os.environ}

    @staticmethod
    def write(changed: Mapping[str, str | None]) -> None:
        """Change it again."""
        for name, value in changed.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _read_numpy_random() -> Any:
    state = sys.modules["numpy.random"].get_state(legacy=True)
    return (state[0], state[1].tobytes(), *state[2:])


def _write_numpy_random(state: Any) -> None:
    import_module("numpy.random").set_state((state[0], import_module("numpy").frombuffer(state[1], "u4"), *state[2:]))


def _read_numpy_settings() -> Any:
    numpy = sys.modules["numpy"]
    return numpy.get_printoptions(), numpy.geterr()


def _write_numpy_settings(state: Any) -> None:
    numpy: Any = import_module("numpy")
    numpy.set_printoptions(**state[0])
    numpy.seterr(**state[1])


def _read_rcparams() -> Any:
    params = sys.modules["matplotlib"].rcParams
    return {name: dict.__getitem__(params, name) for name in params if name not in _OF_PROCESS}


def _write_rcparams(state: Mapping[str, Any]) -> None:
    matplotlib: Any = import_module("matplotlib")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcParams.update(state)


def _read_pandas_options() -> Any:
    return dict(_leaves(sys.modules["pandas._config.config"]._global_config))  # noqa: SLF001 - no public way to read all


def _write_pandas_options(state: Mapping[str, Any]) -> None:
    pandas: Any = import_module("pandas")
    now = _read_pandas_options()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in state.items():
            if now.get(name) != value:
                pandas.set_option(name, value)


def _leaves(tree: Mapping[str, Any], path: str = "") -> Any:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def _write_warnings(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index] # a list, whatever is said of it
    warnings._filters_mutated()  # type: ignore[attr-defined] # noqa: SLF001 - what `simplefilter` itself calls


def _read_figures() -> list[int]:
    """Return the numbers of the open figures: none, where they are closed at the end of each cell."""
    found: list[int] = sys.modules["matplotlib.pyplot"].get_fignums()
    return found


def _close_figures(_: list[int]) -> None:
    import_module("matplotlib.pyplot").close("all")


def _write_path(path: list[str]) -> None:
    sys.path[:] = path


class Hidden:
    """The hidden state of this process."""

    def __init__(self) -> None:
        environ = Environ()
        #: By the name that the analysis has for it: the module it needs, how it is read and put back.
        self._ways: dict[str, tuple[str, Callable[[], Any], Callable[[Any], None]]] = {
            "<random>": ("random", random.getstate, random.setstate),
            "<numpy.random>": ("numpy.random", _read_numpy_random, _write_numpy_random),
            "<numpy.settings>": ("numpy", _read_numpy_settings, _write_numpy_settings),
            "<pandas.options>": ("pandas", _read_pandas_options, _write_pandas_options),
            "<rcparams>": ("matplotlib", _read_rcparams, _write_rcparams),
            "<pyplot>": ("matplotlib.pyplot", _read_figures, _close_figures),
            "<environ>": ("os", environ.read, environ.write),
            "<warnings>": ("warnings", lambda: list(warnings.filters), _write_warnings),
            "<sys.path>": ("sys", lambda: list(sys.path), _write_path),
            "<cwd>": ("os", os.getcwd, os.chdir),
        }
        self._last: dict[str, Any] = {}
        self.changes()

    def changes(self) -> dict[str, Any]:
        """Return what is not as it was the last time that somebody asked."""
        found: dict[str, Any] = {}
        for name, (module, read, _) in self._ways.items():
            if module not in sys.modules:
                continue
            now = read()
            if name not in self._last or not _equal(self._last[name], now):
                found[name] = self._last[name] = now
        return found

    def write(self, name: str, state: Any) -> None:
        """Put one back."""
        self._ways[name][2](state)


def can_be_put_back(name: str, state: Any) -> bool:
    """Tell whether a state is one that can be put back: figures can't be opened again."""
    return name != "<pyplot>" or not state


#: What `Hidden` can put back.
KEPT = frozenset(
    {
        "<random>", "<numpy.random>", "<numpy.settings>", "<pandas.options>", "<rcparams>", "<environ>", "<warnings>",
        "<sys.path>", "<cwd>", "<pyplot>",
    }
)  # fmt: skip


def _equal(one: Any, two: Any) -> bool:
    try:
        return bool(one == two)
    except Exception:  # noqa: BLE001 - what does not compare is taken for changed
        return False
