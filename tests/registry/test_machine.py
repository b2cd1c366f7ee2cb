"""Agents and people do anything in any order: no run is lost, none is had twice, no state comes out of nowhere."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from jupyter_flows.core.events import Event
from jupyter_flows.core.labels import accepts
from jupyter_flows.core.state import FINISHED, TRANSITIONS, StateName
from jupyter_flows.errors import ClashError, TransitionError
from jupyter_flows.registry import Claim, open_registry
from jupyter_flows.registry.leases import MAX_TRIES
from tests.contracts.registry import ARTIFACT, PLACE, Clock, document, mark

LEASE_SECONDS = 60.0
LABELS = ((), ("a",), ("a", "b"), ("b",))
S = StateName


@dataclass
class Model:
    """What a run is, in a few words."""

    labels: tuple[str, ...]
    state: StateName = S.SCHEDULED
    #: Token of the claim that holds, None while nobody has it.
    token: int | None = None
    until: float = 0.0
    tries: int = 0
    seqs: list[int] = field(default_factory=list)
    cancel: bool = False


class Registry(RuleBasedStateMachine):
    """The registry against a model of it."""

    runs = Bundle("runs")
    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.registry = open_registry(self.folder / "registry.sqlite", clock=self.clock)
        # Nothing here is to survive a power cut: the disk's pace is not what is tested.
        with self.registry._database.engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA synchronous = OFF")
        self.model: dict[int, Model] = {}

    @initialize()
    def begin(self):
        self.versions = [
            self.registry.flows.record("P", document(f"f{n}", labels=labels), ARTIFACT, place=PLACE)[0]
            for n, labels in enumerate(LABELS)
        ]
        self.agents = [
            self.registry.agents.start(f"agent{n}", "local", labels, mark=mark(n)) for n, labels in enumerate(LABELS)
        ]

    @rule(target=runs, n=st.integers(0, len(LABELS) - 1))
    def ask(self, n: int) -> int:
        run = self.registry.runs.create(self.versions[n])
        self.model[run.id] = Model(LABELS[n])
        return run.id

    @rule(target=claims, n=st.integers(0, len(LABELS) - 1))
    def claim(self, n: int):
        waiting = [i for i, m in self.model.items() if m.state is S.SCHEDULED and accepts(LABELS[n], m.labels)]
        claim = self.registry.runs.claim(self.agents[n].id, LABELS[n], lease_seconds=LEASE_SECONDS)
        if claim is None:
            assert waiting == []
            return multiple()
        assert claim.run.id == waiting[0]
        run = self.model[claim.run.id]
        run.state, run.token, run.until = S.SUBMITTED, claim.token, self.clock.now + LEASE_SECONDS
        run.tries += 1
        return claim

    @rule(claim=claims, name=st.sampled_from([S.RUNNING, S.SUCCESS, S.FAILED, S.CANCELLED, S.RETRYING, None]))
    def report(self, claim: Claim, name: StateName | None):
        run = self.model[claim.run.id]
        seq = (run.seqs[-1] if run.seqs else 0) + 1
        kind, body = ("run", {"state": name.value}) if name else ("notice", {"message": "x"})
        ours = run.token == claim.token
        illegal = name in FINISHED and name not in TRANSITIONS[run.state]
        try:
            asked = self.registry.runs.report(claim.run.id, claim.token, [Event(seq, self.clock.now, kind, body)])
        except ClashError:
            assert not ours
            return
        except TransitionError:
            assert ours
            assert illegal
            return
        assert ours
        if run.state in FINISHED:
            assert asked is False
            return
        assert not illegal
        assert asked is run.cancel
        run.seqs.append(seq)
        run.until = self.clock.now + LEASE_SECONDS
        if name and name in TRANSITIONS[run.state]:
            run.state = name

    @rule(claim=consumes(claims))
    def hand_back(self, claim: Claim):
        run = self.model[claim.run.id]
        may = run.token == claim.token and run.state is S.SUBMITTED and not run.seqs
        try:
            self.registry.runs.release(claim.run.id, claim.token)
        except ClashError:
            assert not may
            return
        assert may
        run.state, run.token = S.SCHEDULED, None

    @rule(run_id=runs)
    def cancel(self, run_id: int):
        run = self.model[run_id]
        try:
            self.registry.runs.cancel(run_id)
        except TransitionError:
            assert run.state in FINISHED
            return
        assert run.state not in FINISHED
        run.cancel = True
        run.state = S.CANCELLED if run.state is S.SCHEDULED else S.CANCELLING

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0]))
    def time_passes(self, seconds: float):
        self.clock.advance(seconds)
        for agent in self.agents:
            self.registry.agents.beat(agent.id, 0)
        lost = sorted(self.registry.runs.expire())
        expected = sorted(
            i
            for i, m in self.model.items()
            if m.token is not None and m.state not in FINISHED and m.until < self.clock.now
        )
        assert lost == expected
        for run_id in expected:
            run = self.model[run_id]
            run.token = None
            if run.state is S.CANCELLING:
                run.state = S.CANCELLED
            else:
                run.state = S.SCHEDULED if not run.seqs and run.tries < MAX_TRIES else S.FAILED

    @invariant()
    def the_registry_is_as_modelled(self):
        found = {run.id: run.state for run in self.registry.runs.list(limit=None)}
        assert found == {i: m.state for i, m in self.model.items()}

    def teardown(self):
        try:
            for run_id, run in self.model.items():
                self.check_history(run_id, run)
        finally:
            self.registry.close()
            shutil.rmtree(self.folder)

    def check_history(self, run_id: int, run: Model):
        """Its history leads from Scheduled to what it is, by allowed steps only; its events are all there, in order."""
        states = [h.state for h in self.registry.runs.history(run_id)]
        assert states[0] is S.SCHEDULED
        assert states[-1] is run.state
        assert all(new in TRANSITIONS[old] for old, new in pairwise(states))
        assert sum(state in FINISHED for state in states) <= 1
        assert [e.seq for e in self.registry.runs.events(run_id)] == run.seqs


TestRegistryMachine = Registry.TestCase
TestRegistryMachine.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
