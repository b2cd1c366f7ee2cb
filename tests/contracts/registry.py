"""What every registry promises, whatever keeps it: a transport's tests inherit `RegistryContract`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.events import Event
from jupyter_flows.core.labels import accepts
from jupyter_flows.core.place import Place
from jupyter_flows.core.state import StateName
from jupyter_flows.errors import (
    AgentError,
    ClashError,
    DefinitionError,
    NoSuchError,
    ParameterError,
    RunError,
    TransitionError,
)
from jupyter_flows.registry import Agent, Claim, Registry, Run, Version
from jupyter_flows.registry.leases import MAX_TRIES
from jupyter_flows.registry.process_mark import ProcessMark

START = 1_800_000_000.0
PLACE = Place("/usr/bin/python3", "/work", "/work/n.ipynb", "ada", "lab")
ARTIFACT = Artifact("file:///artifacts/1", "sha256:1", 10)
S = StateName


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def document(
    name: str = "etl",
    digest: str = "v1:a",
    *,
    labels: Sequence[str] = (),
    tasks: Sequence[dict[str, Any]] = (),
    parameters: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Build as much of a flow.json as a registry reads."""
    return {
        "name": name,
        "digest": digest,
        "labels": list(labels),
        "tasks": list(tasks),
        "parameters": list(parameters),
    }


def cell(slug: str, ordinal: int, *, definition: bool = False) -> dict[str, Any]:
    """Build a cell task's entry in flow.json."""
    return {"slug": slug, "cell": {"ordinal": ordinal, "definition": definition, "parameters": False}}


class Events:
    """Number events as a run does."""

    def __init__(self, clock: Clock):
        self._clock, self._seq = clock, 0

    def make(self, kind: str, **body: Any) -> Event:
        self._seq += 1
        return Event(self._seq, self._clock(), kind, body)

    def state(self, name: str, message: str = "") -> Event:
        return self.make("run", state=name, message=message)

    def task(self, slug: str, state: str, message: str = "", map_index: int | None = None) -> Event:
        return self.make("tasks", rows=[[slug, map_index, state, self._clock(), message]])


def mark(pid: int, *, machine: str = "elsewhere") -> ProcessMark:
    """Mark a process of another machine, which nobody here can know to be dead."""
    return ProcessMark(machine, pid, 1)


class RegistryContract:
    """Inherit, and give a fixture `registry` (an open, empty one on the clock of fixture `clock`)."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def agent(self, registry: Registry) -> Agent:
        return registry.agents.start("one", "local", ["dev"], mark=mark(1))

    @pytest.fixture
    def version(self, registry: Registry) -> Version:
        return registry.flows.record("P", document(labels=["dev"]), ARTIFACT, place=PLACE)[0]

    @pytest.fixture
    def claim(self, registry: Registry, agent: Agent, version: Version) -> Claim:
        """Return the claim of a run that has not begun."""
        registry.runs.create(version)
        return self.claimed(registry, agent)

    def claimed(self, registry: Registry, agent: Agent) -> Claim:
        claim = registry.runs.claim(agent.id, ["dev"], lease_seconds=60)
        assert claim is not None
        return claim

    # -- flows ---------------------------------------------------------------------------------

    def test_first_version_is_one(self, registry):
        """A flow never seen before becomes version 1, with all that was given."""
        version, created = registry.flows.record("P", document(labels=["b", "a"]), ARTIFACT, place=PLACE)
        assert (version.version, created) == (1, True)
        assert (version.project, version.flow, version.digest) == ("P", "etl", "v1:a")
        assert (version.artifact, version.place, version.labels) == (ARTIFACT, PLACE, ("a", "b"))
        assert version.created_at == datetime.fromtimestamp(START, UTC)

    def test_same_meaning_keeps_its_version(self, registry):
        """A digest equal to the latest version's makes no new version, and its runs use what was seen last."""
        registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        moved = Place("/venv/bin/python", "/moved", None, "ada", "lab")
        reformatted = Artifact("file:///artifacts/2", "sha256:2", 11)
        version, created = registry.flows.record("P", document(), reformatted, place=moved)
        assert (version.version, created, version.place, version.artifact) == (1, False, moved, reformatted)
        assert len(registry.flows.versions("P", "etl")) == 1

    def test_changed_meaning_is_the_next_version(self, registry):
        """Each change makes the next version, also one back to what an older version was."""
        numbers = [
            registry.flows.record("P", document(digest=digest), ARTIFACT, place=PLACE)[0].version
            for digest in ("v1:a", "v1:b", "v1:a")
        ]
        assert numbers == [1, 2, 3]
        assert [v.version for v in registry.flows.versions("P", "etl")] == [3, 2, 1]

    def test_idempotency_key_of_the_latest_makes_no_version(self, registry):
        """A registration sent twice under one key counts once, even if the flow changed in between."""
        first, _ = registry.flows.record("P", document(), ARTIFACT, place=PLACE, idempotency_key="build-7")
        again, created = registry.flows.record(
            "P", document(digest="v1:b"), ARTIFACT, place=PLACE, idempotency_key="build-7"
        )
        assert (again, created) == (first, False)
        other, created = registry.flows.record(
            "P", document(digest="v1:b"), ARTIFACT, place=PLACE, idempotency_key="build-8"
        )
        assert (other.version, created) == (2, True)

    def test_drafts_are_nobodys_latest(self, registry):
        """A draft can be run, but is not listed, has no number, and changes nothing for the next version."""
        draft = registry.flows.draft("P", document(digest="v1:d"), ARTIFACT, place=PLACE)
        assert draft.version is None
        assert (registry.flows.list(), registry.flows.projects()) == ([], [])
        with pytest.raises(NoSuchError):
            registry.flows.get("P", "etl")
        version, created = registry.flows.record("P", document(digest="v1:d"), ARTIFACT, place=PLACE)
        assert (version.version, created) == (1, True)
        assert registry.runs.create(draft).version is None

    def test_drafts_without_runs_are_forgotten(self, registry):
        """Clearing drafts keeps those that a run still refers to, and all versions."""
        kept = registry.flows.draft("P", document(), ARTIFACT, place=PLACE)
        registry.flows.draft("P", document(), ARTIFACT, place=PLACE)
        registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        run = registry.runs.create(kept)
        assert registry.flows.forget_drafts() == 1
        assert registry.runs.version(run.id) == kept

    def test_get_names_what_is_near(self, registry):
        """An unknown flow is an error that names the flow one may have meant."""
        registry.flows.record("P", document("sales-nightly"), ARTIFACT, place=PLACE)
        with pytest.raises(NoSuchError, match="sales-nightly"):
            registry.flows.get("P", "sales-nightl")
        with pytest.raises(NoSuchError, match="no version 9; it has 1 to 1"):
            registry.flows.get("P", "sales-nightly", 9)

    def test_find_by_name_or_project_and_name(self, registry):
        """A flow is found by its name where only one project has it, and by project and name always."""
        registry.flows.record("P", document("a"), ARTIFACT, place=PLACE)
        registry.flows.record("P", document("both"), ARTIFACT, place=PLACE)
        registry.flows.record("Q", document("both"), ARTIFACT, place=PLACE)
        registry.flows.record("Q", document("x/y"), ARTIFACT, place=PLACE)
        assert registry.flows.find("a").flow == "a"
        assert registry.flows.find("Q/both").project == "Q"
        assert registry.flows.find("both", project="P").project == "P"
        assert registry.flows.find("x/y").flow == "x/y"
        with pytest.raises(ClashError, match=r"P/both.*Q/both"):
            registry.flows.find("both")
        with pytest.raises(NoSuchError, match="did you mean 'P/both'"):
            registry.flows.find("P/bot")

    def test_list_shows_the_latest_of_each(self, registry):
        """The list has one line a flow, sorted, of the latest version."""
        for project, name, digest in (("Q", "b", "v1:1"), ("P", "z", "v1:1"), ("Q", "a", "v1:1"), ("Q", "a", "v1:2")):
            registry.flows.record(project, document(name, digest), ARTIFACT, place=PLACE)
        found = [(v.project, v.flow, v.version) for v in registry.flows.list()]
        assert found == [("P", "z", 1), ("Q", "a", 2), ("Q", "b", 1)]
        assert [v.flow for v in registry.flows.list("Q")] == ["a", "b"]
        assert registry.flows.projects() == ["P", "Q"]

    def test_delete_takes_versions_and_runs_along(self, registry, version):
        """A deleted flow is gone with its runs; its run ids are never given again."""
        run = registry.runs.create(version)
        assert registry.flows.delete("P", "etl") == 1
        with pytest.raises(NoSuchError):
            registry.runs.get(run.id)
        with pytest.raises(NoSuchError):
            registry.flows.delete("P", "etl")
        again, _ = registry.flows.record("P", document(), ARTIFACT, place=PLACE)
        assert registry.runs.create(again).id == run.id + 1

    def test_delete_refuses_while_a_run_goes_on(self, registry, claim):
        """A flow with a run at an agent stays."""
        with pytest.raises(ClashError, match=str(claim.run.id)):
            registry.flows.delete("P", "etl")
        assert registry.flows.get("P", "etl").version == 1

    @pytest.mark.parametrize(("project", "name"), [("", "a"), ("P", " "), ("P" * 201, "a"), ("P", "a" * 201)])
    def test_names_have_bounds(self, registry, project, name):
        """An empty or endless name is refused, and nothing is left behind."""
        with pytest.raises(DefinitionError, match="1 to 200 characters"):
            registry.flows.record(project, document(name), ARTIFACT, place=PLACE)
        assert registry.flows.projects() == []

    def test_artifacts_in_use(self, registry):
        """Artifacts that a version or draft refers to are named, each once; others may be cleared away."""
        other = Artifact("file:///artifacts/2", "sha256:2", 3)
        registry.flows.record("P", document("a"), ARTIFACT, place=PLACE)
        registry.flows.record("P", document("b"), ARTIFACT, place=PLACE)
        registry.flows.draft("P", document("c"), other, place=PLACE)
        assert sorted(registry.flows.artifacts(), key=lambda a: a.uri) == [ARTIFACT, other]

    # -- asked for -----------------------------------------------------------------------------

    def test_a_new_run_waits(self, registry, version):
        """A run that was asked for is Scheduled, with the version's labels and its own."""
        run = registry.runs.create(version, labels=["gpu"])
        assert (run.state, run.labels, run.agent, run.tries) == (S.SCHEDULED, ("dev", "gpu"), None, 0)
        assert registry.runs.get(run.id) == run

    def test_parameters_are_checked_when_asked_for(self, registry):
        """Unknown, missing and wrong parameters are refused; given ones are kept as given."""
        specs = [
            {"name": "n", "type": "int", "default": 1, "required": False},
            {"name": "region", "type": "str", "default": None, "required": True},
            {"name": "extra", "type": "any", "default": None, "required": False},
        ]
        version, _ = registry.flows.record("P", document(parameters=specs), ARTIFACT, place=PLACE)
        for wrong in ({}, {"region": "EU", "m": 1}, {"region": 3}, {"region": "EU", "extra": object()}):
            with pytest.raises(ParameterError):
                registry.runs.create(version, parameters=wrong)
        with pytest.raises(ParameterError, match="bytes"):
            registry.runs.create(version, parameters={"region": "x" * 1_100_000})
        assert registry.runs.list() == []
        assert registry.runs.create(version, parameters={"region": "EU"}).parameters == {"region": "EU"}

    # -- claimed -------------------------------------------------------------------------------

    @pytest.mark.parametrize("run_labels", [[], ["dev"], ["dev", "gpu"], ["it's", 'a "b"', "ü"]])
    @pytest.mark.parametrize("agent_labels", [[], ["dev"], ["gpu", "dev", "x"], ["gpu"], ["it's", 'a "b"', "ü", "-"]])
    def test_the_label_rule(self, registry, agent, run_labels, agent_labels):
        """A claim gives exactly what `core.labels.accepts` says; no labels at all is itself a label."""
        version, _ = registry.flows.record("P", document(labels=run_labels), ARTIFACT, place=PLACE)
        registry.runs.create(version)
        expected = accepts(agent_labels, run_labels)
        assert registry.runs.waits(agent_labels) is expected
        claim = registry.runs.claim(agent.id, agent_labels, lease_seconds=60)
        assert (claim is not None) is expected

    def test_no_limit_comes_before_the_label_rule(self, registry, agent, version):
        """Runs that nobody takes, older and many, don't keep an agent from its own."""
        foreign, _ = registry.flows.record("P", document("f", labels=["gpu"]), ARTIFACT, place=PLACE)
        for _ in range(120):
            registry.runs.create(foreign)
        mine = registry.runs.create(version)
        assert self.claimed(registry, agent).run.id == mine.id

    def test_oldest_first_across_label_sets(self, registry, agent, clock):
        """Runs are taken in the order they were asked for, whichever of the agent's labels they have."""
        versions = [
            registry.flows.record("P", document(f"f{n}", labels=labels), ARTIFACT, place=PLACE)[0]
            for n, labels in enumerate([["dev"], ["gpu"], ["dev", "gpu"]])
        ]
        asked = []
        for version in (versions[2], versions[0], versions[1], versions[0]):
            clock.advance(1)
            asked.append(registry.runs.create(version).id)
        taken = [registry.runs.claim(agent.id, ["dev", "gpu"], lease_seconds=60).run.id for _ in asked]
        assert taken == asked

    def test_a_run_is_claimed_once(self, registry, agent, version):
        """A claimed run is Submitted to its agent, and nobody else gets it."""
        run = registry.runs.create(version)
        claim = self.claimed(registry, agent)
        assert (claim.run.id, claim.run.state, claim.run.agent, claim.run.tries) == (run.id, S.SUBMITTED, "one", 1)
        assert claim.version == version
        assert registry.runs.claim(agent.id, ["dev"], lease_seconds=60) is None

    def test_scheduled_for_later(self, registry, agent, version, clock):
        """A run is left alone until its time has come."""
        later = datetime.fromtimestamp(START, UTC) + timedelta(seconds=100)
        registry.runs.create(version, scheduled_at=later)
        assert registry.runs.claim(agent.id, ["dev"], lease_seconds=60) is None
        clock.advance(100)
        assert self.claimed(registry, agent).run.scheduled_at == later

    def test_a_given_run(self, registry, agent, version):
        """One run can be asked for by number; with labels None whatever its labels are."""
        registry.runs.create(version)
        second = registry.runs.create(version)
        assert registry.runs.claim(agent.id, [], lease_seconds=60, run_id=second.id) is None
        assert registry.runs.claim(agent.id, None, lease_seconds=60, run_id=second.id).run.id == second.id
        assert registry.runs.claim(agent.id, None, lease_seconds=60, run_id=second.id) is None

    def test_handed_back(self, registry, agent, claim):
        """A claimed run that has not begun can be handed back, and is claimed anew under a larger token."""
        registry.runs.release(claim.run.id, claim.token)
        assert registry.runs.get(claim.run.id).state is S.SCHEDULED
        again = self.claimed(registry, agent)
        assert again.token > claim.token
        with pytest.raises(ClashError):
            registry.runs.release(claim.run.id, claim.token)

    def test_what_has_begun_is_not_handed_back(self, registry, claim, clock):
        """Once a run has reported, its agent keeps it."""
        registry.runs.report(claim.run.id, claim.token, [Events(clock).state("Running")])
        with pytest.raises(ClashError, match="has begun"):
            registry.runs.release(claim.run.id, claim.token)

    # -- reported ------------------------------------------------------------------------------

    def test_a_run_from_start_to_end(self, registry, claim, clock):
        """States, times, tasks and events of a run are what it reported."""
        events, run_id = Events(clock), claim.run.id
        registry.runs.report(run_id, claim.token, [events.state("Running"), events.task("load", "Running")])
        clock.advance(5)
        registry.runs.report(run_id, claim.token, [events.task("load", "Success")])
        clock.advance(1)
        registry.runs.report(run_id, claim.token, [events.state("Success", "all good")])
        run = registry.runs.get(run_id)
        assert (run.state, run.message, run.finished) == (S.SUCCESS, "all good", True)
        assert (run.started_at.timestamp(), run.finished_at.timestamp()) == (START, START + 6)
        (task,) = registry.runs.tasks(run_id)
        assert (task.task, task.map_index, task.state) == ("load", None, S.SUCCESS)
        assert (task.started_at.timestamp(), task.finished_at.timestamp()) == (START, START + 5)
        assert [e.seq for e in registry.runs.events(run_id)] == [1, 2, 3, 4]
        history = [(h.state, h.agent) for h in registry.runs.history(run_id)]
        assert history == [(S.SCHEDULED, None), (S.SUBMITTED, "one"), (S.RUNNING, "one"), (S.SUCCESS, "one")]

    def test_a_batch_may_come_twice(self, registry, claim, clock):
        """Events that are stored already are dropped, also after the end, and whole or in part."""
        events = Events(clock)
        first = [events.state("Running"), events.make("log", task=None, level="INFO", logger="x", message="a")]
        second = [events.state("Success")]
        for batch in (first, first, [*first, *second], second):
            registry.runs.report(claim.run.id, claim.token, batch)
        assert registry.runs.events(claim.run.id) == [*first, *second]
        assert [h.state for h in registry.runs.history(claim.run.id)][2:] == [S.RUNNING, S.SUCCESS]

    def test_events_after_a_number_and_of_a_kind(self, registry, claim, clock):
        """A reader takes up where it stopped, inside a batch too, and may ask for some kinds."""
        events = Events(clock)
        batch = [events.state("Running"), *(events.make("stream", task="a", name="stdout", text=t) for t in "xyz")]
        registry.runs.report(claim.run.id, claim.token, batch)
        assert registry.runs.events(claim.run.id, after=2) == batch[2:]
        assert registry.runs.events(claim.run.id, kinds=["run"]) == batch[:1]
        with pytest.raises(NoSuchError):
            registry.runs.events(claim.run.id + 1)

    def test_any_text_survives(self, registry, claim, clock):
        """Separators of lines and of records, quotes and other planes come back as they were."""
        event = Events(clock).make("stream", task="a", name="stdout", text="\u2028\x1e\x85\n\r\n\0'\"\\🎉\ud800")
        registry.runs.report(claim.run.id, claim.token, [event])
        assert registry.runs.events(claim.run.id) == [event]

    def test_an_older_token_writes_nothing(self, registry, agent, claim, clock):
        """An agent that lost its lease and wakes up changes nothing any more."""
        registry.runs.release(claim.run.id, claim.token)
        again = self.claimed(registry, agent)
        with pytest.raises(ClashError, match=str(claim.run.id)):
            registry.runs.report(claim.run.id, claim.token, [Events(clock).state("Running")])
        assert registry.runs.events(claim.run.id) == []
        assert registry.runs.get(claim.run.id).state is S.SUBMITTED
        assert registry.runs.report(claim.run.id, again.token, []) is False

    def test_an_end_that_cannot_be_is_refused_whole(self, registry, claim, clock):
        """A run can't succeed before it runs; of such a report nothing is stored."""
        events = Events(clock)
        log = events.make("notice", message="x")
        with pytest.raises(TransitionError, match="from Submitted to Success"):
            registry.runs.report(claim.run.id, claim.token, [log, events.state("Success")])
        assert registry.runs.events(claim.run.id) == []
        assert registry.runs.get(claim.run.id).state is S.SUBMITTED

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("run", {"state": "Sucess"}),
            ("run", {}),
            ("tasks", {"rows": [["a", None, "Running"]]}),
            ("tasks", {"rows": [["a", None, "Flying", 1.0, ""]]}),
        ],
    )
    def test_what_is_no_report_is_refused_whole(self, registry, claim, kind, body):
        """A state or task row that there is none is an error of the run, and nothing is stored."""
        with pytest.raises(RunError):
            registry.runs.report(claim.run.id, claim.token, [Event(1, START, kind, body)])
        assert registry.runs.events(claim.run.id) == []

    def test_messages_have_bounds(self, registry, claim, clock):
        """A message of megabytes is cut, and one with broken text is stored readably."""
        events = Events(clock)
        batch = [events.state("Running"), events.task("a", "Failed", "\ud800!"), events.state("Failed", "x" * 10_000)]
        registry.runs.report(claim.run.id, claim.token, batch)
        assert registry.runs.get(claim.run.id).message == "x" * 5_000 + " ..."
        assert registry.runs.tasks(claim.run.id)[0].message == r"\ud800!"

    def test_numbers_and_names_that_cannot_be(self, registry):
        """What no registry could hold is an error of ours: absent when looked for, refused when recorded."""
        for ask in (
            lambda: registry.runs.get(10**30),
            lambda: registry.runs.cancel(-(10**30)),
            lambda: registry.runs.events(10**30),
            lambda: registry.flows.get("P", "\udcff"),
        ):
            with pytest.raises(NoSuchError):
                ask()
        with pytest.raises(DefinitionError, match="name"):
            registry.flows.record("P", document("\udcff"), ARTIFACT, place=PLACE)

    def test_tasks_in_the_flows_order(self, registry, agent, clock):
        """Tasks come in the flow's order with their cells; those unheard of are Pending."""
        tasks = [cell("helpers", 1, definition=True), cell("load", 3), cell("clean", 5), {"slug": "plain"}]
        version, _ = registry.flows.record("P", document(labels=["dev"], tasks=tasks), ARTIFACT, place=PLACE)
        registry.runs.create(version)
        claim, events = self.claimed(registry, agent), Events(clock)
        batch = [events.state("Running"), events.task("clean", "Failed", "KeyError"), events.task("load", "Success")]
        registry.runs.report(claim.run.id, claim.token, batch)
        found = [(t.task, t.cell, t.state, t.message) for t in registry.runs.tasks(claim.run.id)]
        assert found == [
            ("helpers", 1, S.PENDING, ""),
            ("load", 3, S.SUCCESS, ""),
            ("clean", 5, S.FAILED, "KeyError"),
            ("plain", None, S.PENDING, ""),
        ]

    def test_mapped_tasks_are_rows_of_their_own(self, registry, claim, clock):
        """Each element of a mapped task has its state."""
        events = Events(clock)
        rows = [
            events.task("m", "Mapped"),
            events.task("m", "Success", map_index=1),
            events.task("m", "Failed", map_index=0),
        ]
        registry.runs.report(claim.run.id, claim.token, rows)
        found = [(t.map_index, t.state) for t in registry.runs.tasks(claim.run.id)]
        assert found == [(None, S.MAPPED), (0, S.FAILED), (1, S.SUCCESS)]

    def test_retries_of_a_task(self, registry, claim, clock):
        """A retried task keeps when it first started, in one batch or in many; late rows change nothing."""
        events = Events(clock)
        one = [events.task("a", s) for s in ("Running", "Retrying", "Running", "Success")]
        clock.advance(9)
        late = events.task("a", "Running")
        registry.runs.report(claim.run.id, claim.token, one)
        registry.runs.report(claim.run.id, claim.token, [late])
        for state in ("Running", "Retrying", "Running", "Failed"):
            registry.runs.report(claim.run.id, claim.token, [events.task("b", state)])
        found = {t.task: (t.state, t.started_at.timestamp()) for t in registry.runs.tasks(claim.run.id)}
        assert found == {"a": (S.SUCCESS, START), "b": (S.FAILED, START + 9)}

    def test_a_finished_run_has_no_task_at_work(self, registry, claim, clock):
        """Tasks that a dead process left Running end with their run."""
        events = Events(clock)
        batch = [events.state("Running"), events.task("a", "Running"), events.state("Failed", "killed by SIGKILL")]
        registry.runs.report(claim.run.id, claim.token, batch)
        (task,) = registry.runs.tasks(claim.run.id)
        assert (task.state, task.message) == (S.FAILED, "killed by SIGKILL")

    # -- cancelled -----------------------------------------------------------------------------

    def test_cancel_what_waits(self, registry, agent, version):
        """A run that waits is Cancelled at once, and never claimed."""
        run = registry.runs.cancel(registry.runs.create(version).id)
        assert run.state is S.CANCELLED
        assert registry.runs.claim(agent.id, ["dev"], lease_seconds=60) is None

    def test_cancel_what_runs(self, registry, claim, clock):
        """A run at work is asked to stop by the answer to its next report, and ends as Cancelled."""
        events, run_id = Events(clock), claim.run.id
        assert registry.runs.report(run_id, claim.token, [events.state("Running")]) is False
        assert registry.runs.cancel_requested(run_id) is False
        assert registry.runs.cancel(run_id).state is S.CANCELLING
        assert registry.runs.cancel(run_id).state is S.CANCELLING
        assert registry.runs.cancel_requested(run_id) is True
        assert registry.runs.report(run_id, claim.token) is True
        registry.runs.report(run_id, claim.token, [events.state("Cancelled")])
        assert registry.runs.get(run_id).state is S.CANCELLED

    def test_a_state_that_crosses_a_cancel(self, registry, claim, clock):
        """A Running that was on its way when the cancel came does not undo it."""
        registry.runs.cancel(claim.run.id)
        event = Events(clock).state("Running")
        assert registry.runs.report(claim.run.id, claim.token, [event]) is True
        assert registry.runs.get(claim.run.id).state is S.CANCELLING
        assert registry.runs.events(claim.run.id) == [event]

    def test_a_finished_run_is_not_cancelled(self, registry, version):
        """Cancelling what is over is an error that names both states."""
        run = registry.runs.cancel(registry.runs.create(version).id)
        with pytest.raises(TransitionError, match="from Cancelled to Cancelled"):
            registry.runs.cancel(run.id)
        with pytest.raises(NoSuchError):
            registry.runs.cancel(run.id + 1)

    # -- lost ----------------------------------------------------------------------------------

    def test_a_run_that_had_not_begun_waits_again(self, registry, agent, claim, clock):
        """An agent that dies before the run began gives it back when its lease runs out, at most so many times."""
        clock.advance(0.123456789)  # Real clocks are finer than a microsecond.
        registry.runs.report(claim.run.id, claim.token)
        for tries in range(1, MAX_TRIES):
            clock.advance(61)
            assert registry.runs.get(claim.run.id).state is S.SCHEDULED
            assert self.claimed(registry, agent).run.tries == tries + 1
        clock.advance(61)
        run = registry.runs.get(claim.run.id)
        assert run.state is S.FAILED
        assert "Agent 'one' was lost" in run.message

    def test_a_run_that_had_begun_fails(self, registry, claim, clock):
        """What a lost agent's run did outside can't be undone: it is Failed, its tasks too, and says why."""
        events = Events(clock)
        registry.runs.report(claim.run.id, claim.token, [events.state("Running"), events.task("a", "Running")])
        clock.advance(59)
        assert registry.runs.expire() == []
        clock.advance(2)
        assert registry.runs.expire() == [claim.run.id]
        run = registry.runs.get(claim.run.id)
        first, *others = registry.runs.tasks(run.id)
        assert (run.state, first.state) == (S.FAILED, S.FAILED)
        assert {(t.state, t.message) for t in others} <= {(S.CANCELLED, "not run: the run is Failed")}
        assert "nothing was heard" in run.message
        with pytest.raises(ClashError):
            registry.runs.report(run.id, claim.token, [events.state("Success")])

    def test_a_report_renews_the_lease(self, registry, claim, clock):
        """A run whose agent reports, be it nothing, is not lost."""
        for _ in range(5):
            clock.advance(50)
            registry.runs.report(claim.run.id, claim.token)
        assert registry.runs.get(claim.run.id).state is S.SUBMITTED

    def test_a_lost_run_that_was_to_stop_is_cancelled(self, registry, claim, clock):
        """Nobody wants a run back that was being cancelled."""
        registry.runs.cancel(claim.run.id)
        clock.advance(61)
        assert registry.runs.get(claim.run.id).state is S.CANCELLED

    # -- looked at -----------------------------------------------------------------------------

    def test_list_filters(self, registry, version, clock):
        """Runs are listed newest first, by project, flow and state, in pages."""
        other, _ = registry.flows.record("Q", document("other"), ARTIFACT, place=PLACE)
        ids = [registry.runs.create(v).id for v in (version, other, version)]
        registry.runs.cancel(ids[0])
        assert [r.id for r in registry.runs.list()] == ids[::-1]
        assert [r.id for r in registry.runs.list(project="Q")] == [ids[1]]
        assert [r.id for r in registry.runs.list(flow="etl", state="Cancelled")] == [ids[0]]
        assert [r.id for r in registry.runs.list(state=["Cancelled", S.SCHEDULED], limit=2)] == ids[:0:-1]
        assert [r.id for r in registry.runs.list(before=ids[1])] == [ids[0]]
        with pytest.raises(NoSuchError, match="no state 'Done'"):
            registry.runs.list(state="Done")

    def test_a_run_as_json(self, registry, claim):
        """A run's JSON has the command line's keys, and is JSON."""
        data = json.loads(json.dumps(registry.runs.get(claim.run.id).to_json()))
        assert {k: data[k] for k in ("run_id", "project", "flow", "version", "state", "labels", "agent")} == {
            "run_id": claim.run.id,
            "project": "P",
            "flow": "etl",
            "version": 1,
            "state": "Submitted",
            "labels": ["dev"],
            "agent": "one",
        }
        assert data["created_at"] == "2027-01-15T08:00:00+00:00"

    def test_follow_to_the_end(self, registry, claim, clock):
        """A follower gets every event once and every state it can see, and stops when the run has finished."""
        events, run_id = Events(clock), claim.run.id
        script = iter([[events.state("Running"), events.task("a", "Running")], [], [events.state("Success")]])

        def step(_seconds: float) -> None:
            registry.runs.report(run_id, claim.token, next(script))

        seen = [(run.state, [e.seq for e in new]) for run, new in registry.runs.follow(run_id, sleep=step)]
        assert seen == [(S.SUBMITTED, []), (S.RUNNING, [1, 2]), (S.SUCCESS, [3])]

    def test_prune_keeps_the_newest(self, registry, version):
        """Pruning leaves the newest finished runs of each flow, and all that are not finished."""
        runs = [registry.runs.create(version) for _ in range(4)]
        for run in runs[1:]:
            registry.runs.cancel(run.id)
        assert registry.runs.prune(keep=2) == [runs[1].id]
        assert [r.id for r in registry.runs.list()] == [runs[3].id, runs[2].id, runs[0].id]

    # -- agents --------------------------------------------------------------------------------

    def test_agents_come_and_go(self, registry, agent, clock):
        """An agent is listed with what it takes from its start until it stops."""
        assert (agent.name, agent.kind, agent.labels, agent.alive) == ("one", "local", ("dev",), True)
        clock.advance(10)
        registry.agents.beat(agent.id, 2)
        (seen,) = registry.agents.list()
        assert (seen.load, seen.beat_at.timestamp()) == (2, START + 10)
        registry.agents.stop(agent.id)
        assert registry.agents.list() == []
        assert [a.alive for a in registry.agents.list(everyone=True)] == [False]

    def test_an_agent_started_twice(self, registry, agent):
        """A second agent of one name on one host is refused, and told which process the first one is."""
        with pytest.raises(AgentError, match=f"process {agent.pid}"):
            registry.agents.start("one", "local", mark=mark(2))
        assert registry.agents.start("one", "local", host="elsewhere", mark=mark(2)).host == "elsewhere"

    def test_a_silent_agent_is_replaced(self, registry, agent, clock):
        """An agent not heard of for a minute gives its name to a new one, and is told so when it wakes."""
        clock.advance(61)
        assert registry.agents.list() == []
        new = registry.agents.start("one", "local", mark=mark(2))
        assert [a.id for a in registry.agents.list()] == [new.id]
        with pytest.raises(ClashError, match="another took its name"):
            registry.agents.beat(agent.id, 0)

    def test_who_would_take(self, registry, agent):
        """The agents that are there and take a set of labels are named; one that takes nothing by itself is not."""
        registry.agents.start("plain", "local", mark=mark(2))
        registry.agents.start("all", "local", ["dev", "gpu"], mark=mark(3))
        registry.agents.start("here", "once", mark=mark(4), max_runs=0)
        assert [a.name for a in registry.agents.would_take(["dev"])] == ["all", "one"]
        assert [a.name for a in registry.agents.would_take([])] == ["plain"]
        assert registry.agents.would_take(["tpu"]) == []

    def test_old_agents_are_pruned(self, registry, agent, clock):
        """Rows of agents long gone can go; their runs stay and name nobody."""
        clock.advance(1000)
        live = registry.agents.start("two", "local", mark=mark(2))
        assert registry.agents.prune(before=START + 500) == 1
        assert [a.id for a in registry.agents.list(everyone=True)] == [live.id]


__all__ = ["ARTIFACT", "PLACE", "START", "Clock", "Events", "RegistryContract", "Run", "cell", "document", "mark"]
