"""Random notebooks give, in every order that their edges allow, what they give from top to bottom."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.rules import ALL_RULES, Rules
from jupyter_flows.core.cell import Cell
from tests.examples import examples

sys.path.insert(0, str(Path(__file__).parent))

from adversary import disagreement
from generator import notebook

#: Each rule, the statements that bring out what it is for, and the seeds to search.
RULES: dict[str, tuple[Sequence[str], range]] = {
    "read_after_write": ((), range(5)),
    "write_after_read": (("rebind", "rebind_list"), range(40)),
    "write_after_write": (("rebind", "rebind_list"), range(60)),
    "mutation": (("mutate", "reach_in"), range(40)),
    "aliases": (("rebind_list", "mutate"), range(60)),
    "contents": (("contain", "reach_in"), range(60)),
    "carried_code": (("store", "call"), range(80)),
    "late_binding": (("define", "call", "rebind"), range(80)),
    "global_writes": (("define_global", "call", "rebind"), range(80)),
    "defaults": (("define_default", "call"), range(60)),
    "closures": (("closure", "call"), range(50, 90)),
    "iterators": (("iterator", "consume"), range(80)),
    "lazy_code": (("iterator", "consume", "rebind"), range(120)),
    "methods": (("act", "instance"), range(80)),
    "special_methods": (("act", "rebind"), range(80)),
    "unknown_calls": (("unknown", "mutate"), range(80)),
    "views": (("array",), range(40)),
    "resources": (("chance", "rebind"), range(40)),
    "barriers": (("opaque", "rebind", "show"), range(60)),
}


def check(seed: int, favour: Sequence[str] = (), rules: Rules = ALL_RULES) -> str | None:
    """Return how an allowed order of the notebook of a seed differs from top to bottom."""
    sources, _ = notebook(Random(seed), favour)
    flow = connect([Cell(source, i + 1) for i, source in enumerate(sources)], rules=rules)
    return disagreement(sources, flow, Random(seed))


def test_generator_emits_what_breaks_analyses():
    """Every feature that an analysis can trip over occurs often among generated notebooks."""
    counts: Counter[str] = Counter()
    for seed in range(200):
        counts += notebook(Random(seed))[1]
    needed = (
        "container alias", "stored function", "method reading a global", "global write", "shared iterator",
        "mutable default", "redefined function", "alias", "mutation", "rebinding", "del", "augmented", "class", "closure",
        "call of stored", "decorator", "branch", "loop", "try", "with", "unpacking", "copy", "instance", "array view",
        "default dict", "function with argument",
    )  # fmt: skip
    assert {name: counts[name] for name in needed if counts[name] < 25} == {}
    assert min(counts["unknown library"], counts["random"], counts["opaque"]) >= 8


@pytest.mark.timeout(600)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_allowed_order_equals_top_to_bottom(seed):
    """Results, outputs and aliases are those of the sequential run, whatever allowed order the cells ran in."""
    assert check(seed) is None


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_allowed_order_equals_top_to_bottom_at_length(seed):
    """Thousands of generated notebooks equal their sequential run."""
    assert check(seed) is None


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_is_needed(rule):
    """Without any one rule, some allowed order gives something else; with all of them, the same notebook does not."""
    favour, seeds = RULES[rule]
    broken = dataclasses.replace(ALL_RULES, **{rule: False})
    culprit = next((seed for seed in seeds if check(seed, favour, broken) is not None), None)
    assert culprit is not None
    assert check(culprit, favour) is None


def test_every_rule_has_its_row():
    """No rule of the analysis goes without a proof that it is needed."""
    assert set(RULES) == {field.name for field in dataclasses.fields(Rules)}
