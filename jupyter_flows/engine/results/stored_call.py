"""Call a function, unless its result is there already; and put the result where it is looked for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from time import time
from typing import Any

from jupyter_flows.core.meaning import task_meaning, value_meaning
from jupyter_flows.core.rules import Rules
from jupyter_flows.core.signals import Signal
from jupyter_flows.core.state import StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.cache_validators import Entry
from jupyter_flows.engine.context import current_index, current_place, current_task
from jupyter_flows.engine.results.location import LocalResult, Result
from jupyter_flows.errors import DefinitionError, RunError


class CACHED(Signal):
    """End the task here, as Cached: its result was there."""

    state = StateName.CACHED


class StoredCall:
    """A task's work with its result kept; calling it runs the task, or raises `CACHED`."""

    #: Its place for results is home's.
    stays_home = True

    def __init__(self, task: Task, place: Result | None):
        self._task, self._place = task, task.rules.result or place or LocalResult()
        self._code: str | None = None

    def __call__(self, **inputs: Any) -> Any:
        """Run the task and keep what it returns; raise `CACHED` with its result where that is there."""
        rules = self._task.rules
        if rules.target is not None:
            return self._by_target(inputs, rules)
        if rules.is_cached:
            return self._by_key(inputs, rules)
        value, is_kept = self._work(inputs)
        if is_kept:
            self._place.write(f"{_flow()}/{_run()}/{_part(_slug(self._task))}", value)
        return value

    def _by_target(self, inputs: Mapping[str, Any], rules: Rules) -> Any:
        location = _filled(self._task, rules.target, inputs)
        if self._place.exists(location):
            raise CACHED(f"its result is in {location}", result=self._place.read(location))
        value, is_kept = self._work(inputs)
        if is_kept:
            self._place.write(location, value)
        return value

    def _by_key(self, inputs: Mapping[str, Any], rules: Rules) -> Any:
        digests, certain = _digests(inputs)
        parameters, _ = _digests(_parameters())
        location = self._location(digests, rules)
        if certain and self._place.exists(f"{location}.json") and self._place.exists(location):
            entry = Entry(**json.loads(self._place.read(f"{location}.json")))
            young = rules.cache_for is None or time() - entry.at <= rules.cache_for
            valid = rules.cache_validator is None or rules.cache_validator(entry, digests, parameters)
            if young and valid:
                made = datetime.fromtimestamp(entry.at, UTC)
                raise CACHED(f"its result is of {made:%Y-%m-%d %H:%M:%S} UTC", result=self._place.read(location))
        value, is_kept = self._work(inputs)
        if is_kept and certain:
            self._place.write(location, value)
            about = {"at": time(), "cached_inputs": digests, "cached_parameters": parameters}
            self._place.write(f"{location}.json", json.dumps(about))
        return value

    def _work(self, inputs: Mapping[str, Any]) -> tuple[Any, bool]:
        """Run the task; return what it gives, and whether to keep that: a process that it forked keeps nothing."""
        pid = os.getpid()
        value = self._task.run(**inputs)
        return value, self._task.rules.checkpoint is not False and os.getpid() == pid

    def _location(self, digests: Mapping[str, str], rules: Rules) -> str:
        """Return where a result is looked for: by code and inputs; a validator looks at the inputs itself."""
        name = rules.cache_key or f"{_flow()}/{_part(self._task.name)}"
        key = {} if rules.cache_key else {"code": self._meaning()}
        if rules.cache_validator is None:
            key |= {"inputs": json.dumps(dict(digests), sort_keys=True)}
        return f"{name}/{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}"

    def _meaning(self) -> str:
        if self._code is None:
            self._code = task_meaning(self._task).text
        return self._code


def _digests(values: Mapping[str, Any]) -> tuple[dict[str, str], bool]:
    """Return digests of contents, and whether all of each content was seen."""
    found = {name: value_meaning(value) for name, value in values.items()}
    return {name: meaning.text for name, meaning in found.items()}, not any(m.findings for m in found.values())


def _filled(task: Task, target: Any, inputs: Mapping[str, Any]) -> str:
    """Fill a target's template in: names of the run, its parameters and the task's inputs."""
    now = datetime.now(UTC)
    place = current_place.get()
    words = {
        **_parameters(),
        **inputs,
        "flow_name": place.run.flow_name if place else "",
        "task_name": task.name,
        "map_index": current_index.get(),
        "today": f"{now:%Y-%m-%d}",
        "yesterday": f"{datetime.fromtimestamp(now.timestamp() - 86400, UTC):%Y-%m-%d}",
        "tomorrow": f"{datetime.fromtimestamp(now.timestamp() + 86400, UTC):%Y-%m-%d}",
        "date": now,
        "run_id": place.run.run_id if place else None,
    }
    if callable(target):
        return str(target(**words))
    try:
        return str(target).format(**words)
    except (KeyError, IndexError, ValueError) as error:
        known = ", ".join(sorted(words))
        raise DefinitionError(
            f"Task {task.name!r} has the target {target!r}, which can't be filled in ({error}); there are {known}."
        ) from None


def _parameters() -> Mapping[str, Any]:
    place = current_place.get()
    return place.run.parameters if place else {}


def _flow() -> str:
    place = current_place.get()
    return _part(place.run.flow_name if place else "flow")


def _run() -> str:
    place = current_place.get()
    if place is None:
        raise RunError("A task keeps its result in a run: call the task's function outside of one.")
    start = place.run.scheduled_start_time
    return str(place.run.run_id or (start.strftime("%Y%m%dT%H%M%S.%f") if start else "run"))


def _slug(task: Task) -> str:
    return current_task() or task.name


def _part(name: str) -> str:
    from jupyter_flows.places import part_of_path

    return part_of_path(name)
