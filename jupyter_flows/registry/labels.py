"""Sets of labels in the registry: each different set is one row."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, select, true

from jupyter_flows.core.labels import normalize
from jupyter_flows.registry.schema import label_set_members, label_sets


def label_set_id(connection: Connection, labels: Iterable[str]) -> int:
    """Return the id of a set of labels, made where it is new."""
    names = normalize(labels)
    text = json.dumps(names)
    found = connection.execute(select(label_sets.c.id).where(label_sets.c.labels == text)).scalar()
    if found is not None:
        return int(found)
    row = connection.execute(insert(label_sets).values(labels=text, size=len(names)).returning(label_sets.c.id))
    new = int(row.scalar_one())
    if names:
        connection.execute(insert(label_set_members), [{"label_set_id": new, "label": name} for name in names])
    return new


def read_labels(text: str) -> tuple[str, ...]:
    """Read a set's `labels` column."""
    return tuple(json.loads(text))


def within(labels: Iterable[str] | None) -> ColumnElement[bool]:
    """Select the sets of labels that an agent with these labels takes: `core.labels.accepts`, in SQL.

    No labels at all is itself a label: only such an agent takes such a run. None takes every set.
    """
    if labels is None:
        return true()
    names = normalize(labels)
    if not names:
        return label_sets.c.size == 0
    member = label_set_members.c
    foreign = exists().where(member.label_set_id == label_sets.c.id, member.label.not_in(names))
    return and_(label_sets.c.size > 0, ~foreign)
