"""Labels: which agents may take which runs."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_flows.errors import DefinitionError


def normalize(labels: Iterable[str] | None) -> tuple[str, ...]:
    """Return labels stripped, unique and sorted; raise `DefinitionError` for one that is no text.

    >>> normalize([" dev", "gpu", "dev"])
    ('dev', 'gpu')
    """
    if labels is None:
        return ()
    if isinstance(labels, str):
        raise DefinitionError(f"labels is a list of names, not the text {labels!r}: write [{labels!r}].")
    given = list(labels)
    bad = [x for x in given if not isinstance(x, str) or not x.strip()]
    if bad:
        raise DefinitionError(f"A label is a name of at least one character, not {bad[0]!r}.")
    return tuple(sorted({x.strip() for x in given}))


def accepts(agent_labels: Iterable[str], run_labels: Iterable[str]) -> bool:
    """Tell whether an agent may take a run: its labels hold all of the run's, and none matches only none.

    >>> accepts(["dev", "staging"], ["dev"]), accepts(["dev"], ["dev", "staging"])
    (True, False)
    >>> accepts(["dev"], []), accepts([], [])
    (False, True)
    """
    agent, run = set(agent_labels), set(run_labels)
    return run <= agent if run else not agent
