"""Pull and push by an engine, with a line of progress now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import EngineError, ImageAccessError
from jupyter_flows.images.shipping import size_text

if TYPE_CHECKING:
    from docker import DockerClient

    from jupyter_flows.images.plan import Say

#: How often progress is said.
SAY_SECONDS = 2.0


@dataclass(slots=True)
class Transfer:
    """What moved: bytes done and to do, by layer."""

    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: Layers that the other side had.
    there: set[str] = field(default_factory=set)
    #: What the image is called by, if that was told.
    digest: str | None = None

    def note(self, line: Mapping[str, Any]) -> None:
        """Take in one line of what an engine says; raise `EngineError` for an error."""
        if "error" in line:
            raise EngineError(str(line["error"]))
        name, status, detail = line.get("id"), line.get("status", ""), line.get("progressDetail") or {}
        if isinstance(line.get("aux"), Mapping) and "Digest" in line["aux"]:
            self.digest = str(line["aux"]["Digest"])
        if name and detail.get("current") and status in ("Downloading", "Pushing"):
            done = int(detail["current"])
            self.layers[name] = done, max(done, int(detail.get("total") or done))
        elif name and status in ("Download complete", "Pull complete", "Pushed") and name in self.layers:
            self.layers[name] = (self.layers[name][1],) * 2
        elif (name and status in ("Layer already exists", "Already exists")) or status.startswith("Mounted from"):
            self.there.add(str(name))

    @property
    def done_bytes(self) -> int:
        """How much has moved, as the layers are unpacked."""
        return sum(done for done, _ in self.layers.values())

    @property
    def total_bytes(self) -> int:
        """How much there is to move, as far as is known."""
        return sum(total for _, total in self.layers.values())


def pull(engine: DockerClient, name: str, say: Say, *, platform: str | None = None) -> Transfer:
    """Pull an image, by tag or digest; raise `EngineError`."""
    return _follow(lambda: engine.api.pull(name, stream=True, decode=True, platform=platform), f"pulling {name}", say)


def push(engine: DockerClient, repository: str, tag: str, say: Say) -> Transfer:
    """Push a tagged image and return what moved, with its digest; raise `EngineError`."""
    name = f"{repository}:{tag}"
    done = _follow(lambda: engine.api.push(repository, tag=tag, stream=True, decode=True), f"pushing {name}", say)
    if done.digest is None:
        raise EngineError(f"The engine pushed {name} and did not say its digest: push again.")
    return done


def _follow(start: Callable[[], Iterable[Mapping[str, Any]]], what: str, say: Say) -> Transfer:
    from docker.errors import APIError

    done, said = Transfer(), time.monotonic()
    say(what)
    try:
        for line in start():
            done.note(line)
            now = time.monotonic()
            # Said empty, too: whoever is told may end it.
            due = now - said > SAY_SECONDS
            say(f"{what}: {size_text(done.done_bytes)} of {size_text(done.total_bytes)}" if due else "")
            said = now if due else said
    except APIError as error:
        raise _refusal(what, error) from None
    except EngineError as error:
        raise EngineError(f"The engine failed {what}: {error}") from None
    return done


def _refusal(what: str, error: Any) -> EngineError | ImageAccessError:
    kind = ImageAccessError if error.status_code in (401, 403) else EngineError
    return kind(f"The engine failed {what}: {error.explanation or error}")
