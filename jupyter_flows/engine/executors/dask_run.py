"""One run on a Dask cluster."""

from __future__ import annotations

import queue
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import cloudpickle
from dask.sizeof import sizeof
from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, get_worker

from jupyter_flows.core.task import Task
from jupyter_flows.core.unpicklable import pickled_size
from jupyter_flows.engine.executors.suspects import Suspects
from jupyter_flows.engine.far.away import Away
from jupyter_flows.engine.far.desk import Absent, Desk, unsendable
from jupyter_flows.engine.far.luggage import arguments_to_come, pack
from jupyter_flows.engine.far.mailbox import Mailbox
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import EnvironmentOptionError, RunError

#: Results of such types up to so many characters travel with the report.
_SMALL = frozenset({bool, int, float, str, bytes, type(None)})
_SMALL_LENGTH = 1000
#: A result that other tasks take and that is larger stays on the cluster, also where results are kept.
LARGE_BYTES = 10 << 20
#: After so many silent looks, with everything finished on the cluster, reports that are missing are lost.
_QUIET = 20
#: After so many silent looks a cluster that has no workers any more gets none.
_DESERTED = 1200
_RESOURCE = "dask-resource:"


class Bench(WorkerPlugin):
    """Sets a desk up on each worker, also on those that come later."""

    def __init__(self, name: str, luggage: bytes):
        self.name, self._luggage = name, luggage
        self.desk: Desk | None = None

    def setup(self, worker: Worker) -> None:
        """Set the desk up; what it says goes to the scheduler, and from there to the run."""
        self._mailbox = Mailbox(partial(worker.log_event, self.name))
        self.desk = Desk(self._luggage, self._mailbox.send, seal, read=_open, narrow=True)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - the plugin's protocol
        """Clear the desk."""
        if self.desk:
            self.desk.close()
            self._mailbox.close()


def desk_of(worker: Worker, name: str) -> Desk:
    """Return a run's desk on a worker."""
    bench: Any = worker.plugins[name]
    desk: Desk = bench.desk
    return desk


class Given:
    """A value that travels with the task that takes it: an element that a child is for."""

    def __init__(self, value: Any):
        self.value = value


def _open(result: Any) -> Any:
    return result.value if type(result) is Given else result


def call_far(name: str, number: int, whose: Given | None, *results: Any) -> Any:
    """Call a task on this worker: what the cluster runs for each; `whose` child it is, and which."""
    parent, index = whose.value if whose else (None, None)
    return desk_of(get_worker(), name).call(number, results, parent=parent, index=index)


def is_absent(result: Any) -> bool:
    """Tell, on a worker, whether a task failed."""
    return isinstance(result, Absent)


def deaths_of(key: str, dask_scheduler: Any) -> int:
    """Return, on the scheduler, how many workers died that had a task."""
    task = dask_scheduler.tasks.get(key)
    return int(task.suspicious) if task else 0


def interrupt_desk(name: str, dask_worker: Worker) -> None:
    """Interrupt a run's tasks on a worker."""
    desk_of(dask_worker, name).interrupt()


def seal(value: Any) -> tuple[Any, Any]:
    """Leave a result on its worker if it can leave it at all; its size goes with the report, or all if it is small."""
    if type(value) in _SMALL:
        if not isinstance(value, str | bytes) or len(value) <= _SMALL_LENGTH:
            return value, cloudpickle.dumps(value)
    else:
        _, reason = pickled_size(value)
        if reason:
            raise unsendable(value, RunError(reason))
    return value, int(sizeof(value))


class DaskRun(Away):
    """Has free tasks called by a cluster: as few graphs as can be, each task a future that depends on others."""

    def __init__(self, work: TaskRunner, where: Any, client_kwargs: Mapping[str, Any]):
        super().__init__(work)
        self._name = f"jupyter_flows-{uuid.uuid4().hex[:8]}"
        self._heard: queue.SimpleQueue[list[tuple[Any, ...]]] = queue.SimpleQueue()
        self._futures: dict[int, Future[Any]] = {}
        self._submitted: set[int] = set()
        #: What goes with the reports: pickled results, or sizes in bytes.
        self._more: dict[int, Any] = {}
        self._seen = -1
        self._client = Client(where, **{"set_as_default": False, **client_kwargs})
        self._client.subscribe_topic(self._name, lambda event: self._heard.put(event[1]))
        self._suspects = Suspects(work)
        self._packed = False
        #: How often in a row nothing was heard.
        self._quiet = 0
        #: Whether anything was heard of a worker.
        self._had_workers = False
        #: What was at home when the luggage was packed, and so is in it.
        self._known: set[int] = set()
        self._say_dashboard()

    def hand_out(self) -> None:
        """Submit every free task that waits for nothing that home has yet to run, all in one graph."""
        if self._suspects and not self._try_alone():
            return
        if len(self.ledger.at_home) == self._seen and not self.ledger.has_children:
            return
        self._seen = len(self.ledger.at_home)
        if not self._packed:
            self._packed = True
            self._known = set(self.ledger.at_home)
            self._client.register_plugin(Bench(self._name, pack(self.work, self._known)))
        self._submit([*self._wave(), *self.ledger.take_children()])

    def listen(self, seconds: float) -> None:
        """Take reports; when there are none, look whether the cluster lost something."""
        try:
            messages = self._heard.get(timeout=seconds)
        except queue.Empty:
            self._quiet += 1
            self._look_for_losses()
            return
        self._quiet, self._had_workers = 0, True
        for message in messages:
            self._hear(*message)

    def interrupt(self) -> None:
        """Let nothing more start, and interrupt what runs."""
        self._client.cancel(list(self._futures.values()), force=True)
        self._client.run(interrupt_desk, self._name, on_error="ignore")

    def fetch(self, number: int) -> Any:
        """Bring a result home."""
        return self._client.gather(self._futures[number])

    def bring_results(self) -> None:
        """Bring home what is kept: all but large results that other tasks took, which stay on the cluster."""
        work = self.work
        if not work.keeps_results:
            return
        coming = {}
        for number, more in self._more.items():
            if isinstance(more, bytes):
                work.results[number] = cloudpickle.loads(more)
            elif more <= LARGE_BYTES or not work.below(number):
                coming[number] = self._futures[number]
        for number, value in self._client.gather(coming).items() if coming else ():
            work.results[number] = value

    def close(self) -> None:
        """Leave the cluster as it was."""
        try:
            self._futures.clear()
            if self._packed and self._client.status == "running":
                # A worker that is dying can't be told, and needs not be.
                with suppress(OSError):
                    self._client.unregister_worker_plugin(self._name)
        finally:
            self._client.close()

    # -- submitting -----------------------------------------------------------------------------------

    def _wave(self) -> list[int]:
        """Return the tasks that can be submitted now, in order."""
        work, ready = self.work, self._submitted | self.ledger.at_home
        wave = []
        for number in work.order:
            free = number in work.free and number not in self._submitted and number not in self.ledger.ended
            if free and all(up in ready for up in work.plan.upstream[number]):
                wave.append(number)
                ready.add(number)
        return wave

    def _submit(self, wave: list[int]) -> None:
        self._submitted.update(wave)
        if any(_resources(self.work.task_of(number)) for number in wave):
            self._submit_each(wave)
        else:
            self._submit_graph(wave)

    def _try_alone(self) -> bool:
        """Submit a task whose worker died, once nothing else is at work; tell whether none is left to be tried so."""
        ended = self.ledger.ended
        if self._submitted <= ended:
            number = self._suspects.next(ended)
            self._seen = -1  # What waits for them is submitted afterwards.
            if number is None:
                return True
            have = self.ledger.at_home | self._futures.keys()
            self._submit([*self._suspects.missing(number, have), number])
        return False

    def _take_back(self, number: int) -> None:
        """Submit a task later again, alone, with all that waits for it after it."""
        for taken in sorted((self._suspects.add(number) - self.ledger.ended) & self._submitted):
            self._submitted.discard(taken)
            self._futures.pop(taken, None)
            if taken != number and self.work.is_child(taken):
                self.ledger.offer_again(taken)

    def _submit_graph(self, wave: list[int]) -> None:
        inside = set(wave)
        graph = {
            self._key(number): (call_far, self._name, number, self._whose(number), *self._links(number, inside))
            for number in wave
        }
        wanted = [number for number in wave if self._is_wanted(number, inside)]
        futures = self._client.get(graph, [self._key(number) for number in wanted], sync=False)
        self._futures.update(zip(wanted, futures, strict=True))

    def _submit_each(self, wave: list[int]) -> None:
        for number in wave:
            self._futures[number] = self._client.submit(
                call_far,
                self._name,
                number,
                self._whose(number),
                *self._links(number, set()),
                key=self._key(number),
                resources=_resources(self.work.task_of(number)) or None,
                pure=False,
            )

    def _links(self, number: int, inside: set[int]) -> list[Any]:
        """Return the results that a task takes: keys of its own graph, or futures; and those that it only waits for."""
        taken = arguments_to_come(self.work, number, self._known)
        above = [] if self.work.is_child(number) else self.work.plan.upstream[number]
        others = [up for up in above if up not in taken and up not in self.ledger.at_home]
        return [self._key(place) if place in inside else self._link(place) for place in taken] + [
            self._key(place) if place in inside else self._future(place) for place in others
        ]

    def _whose(self, number: int) -> Given | None:
        return Given(self.work.whose(number)) if self.work.is_child(number) else None

    def _link(self, place: int) -> Any:
        return self._future(place) if self.work.is_result(place) else Given(self.work.results[place])

    def _future(self, number: int) -> Future[Any]:
        if number not in self._futures:  # Home ran it after the luggage was packed.
            self._futures[number] = self._client.scatter(self.work.results[number], hash=False)
        return self._futures[number]

    def _is_wanted(self, number: int, inside: set[int]) -> bool:
        """Tell whether a result must outlive the tasks of its own graph that take it."""
        down = self.work.below(number)
        return self.work.keeps_results or not down or any(child not in inside for child in down)

    def _key(self, number: int) -> str:
        again = self._suspects.times[number]
        return f"{self.work.task_of(number).name}-{self._name[-8:]}{f'-again{again}' if again else ''}-{number}"

    # -- reports and losses -----------------------------------------------------------------------------

    def _hear(self, kind: str, number: int, *rest: Any) -> None:
        if kind == "end" and rest[-1] is not None and self.work.keeps_results:
            self._more[number] = rest[-1]
        self.ledger.hear(kind, number, *rest)

    def _look_for_losses(self) -> None:
        """Fail the tasks behind futures that the cluster gave up."""
        if self._client.status in {"closed", "closing"} and not self.work.stopping.is_set():
            self._fail_all("the connection to the Dask cluster was lost")
        self._look_at_alone()
        self._look_for_workers()
        for future in list(self._futures.values()):
            if future.status == "error":
                self._lost(future.exception())
            elif future.status == "cancelled" and not self.work.stopping.is_set():
                self._fail_all("the Dask cluster cancelled it")
        if self._quiet > _QUIET and all(future.status == "finished" for future in self._futures.values()):
            self._make_up()

    def _lost(self, error: BaseException | None) -> None:
        if isinstance(error, KilledWorker):
            self._had_workers = True
            number = self._suspects.blamed(int(str(error.task).rpartition("-")[2]))
            if number != self._suspects.alone:
                # Dask blames all that its worker had, also what only waited there for a task that killed it.
                self._take_back(number)
                return
            self._blame(number)
            return
        for number in self._culprits():
            self.ledger.fail(number, f"the Dask cluster could not run it: {type(error).__name__}: {error}")

    def _look_for_workers(self) -> None:
        """Wait no longer for a cluster whose workers have all gone and did not come again."""
        long = self._quiet >= _DESERTED and self._quiet % _QUIET == 0
        if long and self._had_workers and not self._client.nthreads():
            self._fail_all("all workers of the Dask cluster are gone")

    def _look_at_alone(self) -> None:
        """Fail the task that is tried alone as soon as a worker has died of it."""
        number = self._suspects.alone
        if number is None or number in self.ledger.ended or number not in self._futures:
            return
        if self._client.run_on_scheduler(deaths_of, self._key(number)):
            self._client.cancel([self._futures.pop(number)], force=True)
            self._blame(number)

    def _blame(self, number: int) -> None:
        self.ledger.fail(number, "its Dask worker died each time that it was tried, at last alone")

    def _make_up(self) -> None:
        """Record tasks that have ended on the cluster, and whose report was lost with the worker that made it."""
        while culprits := self._culprits():
            for number in culprits:
                future = self._futures.get(number)
                if future is not None and self._client.submit(is_absent, future, pure=False).result():
                    self.ledger.fail(number, "it failed; why was lost with its Dask worker")
                else:
                    at = self.work.now()
                    self._more[number] = 0
                    self.work.take_account(number, [("Running", at, ""), ("Success", at, "")], None)
                    self.ledger.end(number)

    def _culprits(self) -> list[int]:
        """Return the submitted tasks that have not ended though all they wait for has."""
        ended = self.ledger.ended
        work = self.work
        waiting = self._submitted - ended
        return [n for n in waiting if work.is_child(n) or all(up in ended for up in work.plan.upstream[n])]

    def _fail_all(self, message: str) -> None:
        for number in self._culprits():
            self.ledger.fail(number, message)

    def _say_dashboard(self) -> None:
        events, link = self.work.place.run.events, self._client.dashboard_link
        if events and link:
            events.emit("notice", message=f"Dask dashboard: {link}")


def _resources(task: Task) -> dict[str, float]:
    """Return what a task's tags ask of a worker; raise for one that is not written ``dask-resource:NAME=NUMBER``."""
    found = {}
    for tag in task.tags:
        if tag.startswith(_RESOURCE):
            name, _, amount = tag.removeprefix(_RESOURCE).partition("=")
            try:
                found[name] = float(amount)
            except ValueError:
                raise EnvironmentOptionError(
                    f"Tag {tag!r} of task {task.name!r} is written like 'dask-resource:GPU=1'."
                ) from None
    return found
