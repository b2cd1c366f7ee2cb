"""State that cells share without naming it: a token for each kind, which differs when the state does."""

from __future__ import annotations

import decimal
import locale
import logging
import os
import random
import sys
import warnings
import zlib
from collections.abc import Callable, Hashable
from typing import Any

#: By the name that the analysis gives the resource; None while nobody has loaded what it belongs to.
Tokens = dict[str, Hashable | None]

#: Functions that set a random generator's state, by module and name, and the resource they set.
SEEDING = {
    ("random", "seed"): "<random>",
    ("random", "setstate"): "<random>",
    ("numpy.random", "seed"): "<numpy.random>",
    ("numpy.random", "set_state"): "<numpy.random>",
}


def tokens() -> Tokens:
    """Return the tokens of now."""
    return {name: _safely(read) for name, read in _READERS.items()}


def changed(before: Tokens, after: Tokens) -> list[str]:
    """Return what is no longer the same; what was not there before has not changed."""
    return [n for n, token in after.items() if token is not None and before.get(n) not in (None, token)]


def seeds(function: object) -> str | None:
    """Return the resource that a function sets, None for other functions."""
    for (module, name), resource in SEEDING.items():
        if getattr(function, "__name__", None) == name and getattr(sys.modules.get(module), name, None) == function:
            return resource
    return None


def _safely(read: Callable[[], Hashable | None]) -> Hashable | None:
    try:
        return read()
    except Exception:  # noqa: BLE001 -- a library of another version keeps its state elsewhere
        return None


def _numpy_random() -> Hashable | None:
    module: Any = sys.modules.get("numpy.random")
    if module is None:
        return None
    name, keys, *rest = module.get_state()
    return (name, zlib.crc32(keys), *rest)


def _numpy_settings() -> Hashable | None:
    numpy: Any = sys.modules.get("numpy")
    return None if numpy is None else repr((numpy.get_printoptions(), numpy.geterr()))


def _pandas_options() -> Hashable | None:
    config: Any = sys.modules.get("pandas._config.config")
    return None if config is None else repr(config._global_config)  # noqa: SLF001 -- no public way gives all


def _rcparams() -> Hashable | None:
    matplotlib: Any = sys.modules.get("matplotlib")
    if matplotlib is None or not hasattr(matplotlib, "rcParams"):
        return None
    # Not through the mapping's own methods: reading the backend there chooses one.
    return hash(tuple((k, repr(v)) for k, v in sorted(dict.items(matplotlib.rcParams)) if k != "backend"))


def _pyplot() -> Hashable | None:
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    return None if helpers is None else tuple(helpers.Gcf.figs)


_READERS: dict[str, Callable[[], Hashable | None]] = {
    "<random>": lambda: hash(random.getstate()),
    "<numpy.random>": _numpy_random,
    "<numpy.settings>": _numpy_settings,
    "<pandas.options>": _pandas_options,
    "<rcparams>": _rcparams,
    "<pyplot>": _pyplot,
    "<cwd>": os.getcwd,
    "<environ>": lambda: hash(frozenset(os.environ.items())),
    "<sys.path>": lambda: tuple(sys.path),
    "<locale>": lambda: locale.setlocale(locale.LC_ALL),
    "<precision>": lambda: repr(decimal.getcontext()).partition("flags")[0],
    "<warnings>": lambda: repr(warnings.filters),
    "<logging>": lambda: (logging.root.level, len(logging.root.handlers), logging.root.manager.disable),
    "<recursion limit>": sys.getrecursionlimit,
}
