"""The environment of an image, as layers: a venv, and the packages that a plan requires in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jupyter_flows.images.layer_cache import LayerCache, MadeLayer
from jupyter_flows.images.libraries import Libraries, missing
from jupyter_flows.images.lock import Lock, Locks, names_of
from jupyter_flows.images.plan import ImagePlan, Say
from jupyter_flows.images.venv import venv_layer
from jupyter_flows.images.wheels import Wheels


@dataclass(frozen=True)
class Environment:
    """The layers of an environment, and what is known of it."""

    lock: Lock
    #: The venv's own first, then large packages, then the small together.
    layers: tuple[MadeLayer, ...]
    #: Sentences: libraries that packages need, and neither they nor the base has.
    absent: tuple[str, ...]


class Environments:
    """Makes environments; `folder` keeps locks, wheels and layers."""

    def __init__(self, folder: Path):
        self.wheels = Wheels(folder / "wheels")
        self.layers = LayerCache(folder / "layers", self.wheels)
        self._locks = Locks(folder / "locks")

    def make(self, plan: ImagePlan, *, python_home: str, libraries: Iterable[str] | None, say: Say) -> Environment:
        """Resolve a plan's requirements and make their layers, as far as they are not known.

        `python_home` is the folder of the base's interpreter, `libraries` the names of its shared libraries, None for
        an official image. Raises `RequirementError` naming what can't be had.
        """
        lock, known = self._locks.resolve(
            plan.requirements, plan.constraints, python=plan.python, platform=plan.platform
        )
        if not known:
            say(f"resolved to {names_of(lock.packages)}")
        venv = self.layers.of(venv_layer(python_home, plan.python, home=plan.working_dir, user=plan.user))
        packages = self.layers.of_lock(lock, plan.python, say)
        noted: dict[str, Libraries] = {}
        for layer in packages:
            noted |= layer.libraries
        return Environment(lock, (venv, *packages), tuple(missing(noted, libraries, plan.base)))
