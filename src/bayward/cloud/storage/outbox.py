"""The job table: work that must be done after a transaction, exactly when it was committed.

A job is put in by the transaction that causes it; the same kind and key is put in once. It is
claimed with a lease, so that work whose worker died is done by another, and it is gone when it
was done. So handlers run at least once and have to be idempotent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.storage.schema import job
from bayward.core.clock import Instant, after

PAYLOAD_CHARS_MAX = 4_000  # ids and small facts; whatever is larger has a table of its own
ERROR_CHARS_MAX = 300
WAITING = "waiting"
DEAD = "dead"

# Statements of the busy path are built once; building one costs more than running it.
_ENQUEUE = insert(job).on_conflict_do_nothing()
_GIVEN = sa.func.json_each(sa.bindparam("kinds")).table_valued("value")
_KINDS = sa.select(_GIVEN.c.value)
_DUE = (
    sa.select(job.c.id)
    .where(
        job.c.state == WAITING,
        sa.or_(job.c.locked_until.is_(None), job.c.locked_until <= sa.bindparam("now")),
        job.c.due <= sa.bindparam("now"),
        job.c.kind.in_(_KINDS),
    )
    .order_by(job.c.due, job.c.id)
    .limit(sa.bindparam("count"))
)
_CLAIM = (
    sa.update(job)
    .where(job.c.id.in_(_DUE))
    .values(locked_until=sa.bindparam("lease_until"), attempts=job.c.attempts + 1)
    .returning(job.c.id, job.c.kind, job.c.key, job.c.payload, job.c.attempts, job.c.due)
)
_NEXT_DUE = sa.select(
    sa.func.min(sa.func.max(job.c.due, sa.func.coalesce(job.c.locked_until, 0)))
).where(job.c.state == WAITING, job.c.kind.in_(_KINDS))

Payload = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Job:
    """One job as claimed: `attempts` counts this one; `lease_until` says whose it is."""

    id: int
    kind: str
    key: str | None
    payload: Payload
    attempts: int
    lease_until: Instant


def enqueue(
    tx: sa.Connection, now: Instant, *, kind: str, key: str | None, payload: Payload, due: Instant
) -> bool:
    """Put a job in; False when one of this kind and key is there already."""
    body = json.dumps(dict(payload), separators=(",", ":"))
    if len(body) > PAYLOAD_CHARS_MAX:
        raise ValueError(f"a payload of {len(body)} characters for {kind}")
    row = {
        "kind": kind,
        "key": key,
        "payload": body,
        "state": WAITING,
        "due": due,
        "attempts": 0,
        "created_at": now,
    }
    return tx.execute(_ENQUEUE, row).rowcount == 1


def claim(
    tx: sa.Connection, now: Instant, lease_ms: int, count: int, kinds: Sequence[str]
) -> list[Job]:
    """Take up to `count` due jobs, oldest first; nobody else gets them for `lease_ms`."""
    lease_until = after(now, lease_ms)
    asked = {
        "now": now,
        "kinds": json.dumps(list(kinds)),
        "count": count,
        "lease_until": lease_until,
    }
    rows = tx.execute(_CLAIM, asked).all()
    return [
        Job(row.id, row.kind, row.key, json.loads(row.payload), row.attempts, lease_until)
        for row in sorted(rows, key=lambda row: (row.due, row.id))
    ]


def finish(tx: sa.Connection, done: Job) -> bool:
    """Take a done job out; False when the lease has passed to somebody else."""
    return tx.execute(sa.delete(job).where(_is_held(done))).rowcount == 1


def postpone(tx: sa.Connection, failed: Job, due: Instant, error: str) -> bool:
    """Put a job back, to be tried again at `due`."""
    return _update(tx, failed, state=WAITING, due=due, error=error)


def bury(tx: sa.Connection, failed: Job, error: str) -> bool:
    """Give a job up. It stays in the table until somebody revives or deletes it."""
    return _update(tx, failed, state=DEAD, due=None, error=error)


def revive(tx: sa.Connection, now: Instant, kind: str, key: str) -> bool:
    """Try a dead job again from the start."""
    found = sa.update(job).where(job.c.kind == kind, job.c.key == key, job.c.state == DEAD)
    return tx.execute(found.values(state=WAITING, due=now, attempts=0)).rowcount == 1


def discard(tx: sa.Connection, kind: str, key: str) -> bool:
    """Take out a job that nobody needs any more, unless it is being worked on."""
    found = job.c.kind == kind, job.c.key == key, job.c.locked_until.is_(None)
    return tx.execute(sa.delete(job).where(*found)).rowcount == 1


def due_of(tx: sa.Connection, kind: str, key: str) -> Instant | None:
    """When a job will be done; None: there is none."""
    found = sa.select(job.c.due).where(job.c.kind == kind, job.c.key == key)
    due = tx.execute(found).scalar_one_or_none()
    return None if due is None else Instant(due)


def payloads(tx: sa.Connection, kind: str) -> list[Payload]:
    """Of every job of this kind that is not done."""
    found = tx.execute(sa.select(job.c.payload).where(job.c.kind == kind)).scalars()
    return [json.loads(one) for one in found]


def next_due(tx: sa.Connection, kinds: Sequence[str]) -> Instant | None:
    """When the next job can be claimed; None: there is none."""
    found = tx.execute(_NEXT_DUE, {"kinds": json.dumps(list(kinds))}).scalar_one()
    return None if found is None else Instant(found)


def _is_held(held: Job) -> sa.ColumnElement[bool]:
    return sa.and_(job.c.id == held.id, job.c.locked_until == held.lease_until)


def _update(tx: sa.Connection, held: Job, *, state: str, due: Instant | None, error: str) -> bool:
    values: dict[str, object] = {
        "state": state,
        "locked_until": None,
        "last_error": error[:ERROR_CHARS_MAX],
    }
    if due is not None:
        values["due"] = due
    return tx.execute(sa.update(job).where(_is_held(held)).values(values)).rowcount == 1
