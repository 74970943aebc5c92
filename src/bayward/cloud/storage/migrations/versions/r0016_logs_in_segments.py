"""Keep the logs in segments: many entries a row, their hashes in runs.

Each log is read from its first entry, hashed anew, compared with every stored hash and with its
signed checkpoint, and only then its old rows are dropped. A log that does not verify is refused
with its name and place: a database that somebody has touched must not be made to look whole. All of
it is one transaction, so that a program that is killed meanwhile has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

from bayward.core.errors import Misconfigured
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_count
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.keys import parse_vkey
from bayward.ledger.merkle import leaf_hash

revision = "0016"
down_revision: str | None = "0015"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEGMENT_ENTRIES = 2_048
RUN_HASHES = 24

Key = dict[str, str]

_ENTRIES = sa.text(
    "SELECT idx, leaf FROM log_entry WHERE tenant = :tenant AND origin = :origin ORDER BY idx"
)
_HASHES = sa.text(
    "SELECT hash FROM log_hash WHERE tenant = :tenant AND origin = :origin"
    " AND place >= :first AND place < :end ORDER BY place"
)
_ADD_SEGMENT = sa.text(
    "INSERT INTO log_segment (tenant, origin, first, count, entries)"
    " VALUES (:tenant, :origin, :first, :count, :entries)"
)
_ADD_RUN = sa.text(
    "INSERT INTO log_hash_run (tenant, origin, place, run) VALUES (:tenant, :origin, :place, :run)"
)

_GUARDS = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} only grows'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} only grows'); END;
CREATE TRIGGER {table}_order BEFORE INSERT ON {table}
WHEN {misplaced}
BEGIN SELECT RAISE(ABORT, '{table} only grows at the end'); END
"""
_MINE = "tenant = NEW.tenant AND origin = NEW.origin"
_SEGMENT_MISPLACED = f"""
  NEW.count < 1
  OR NEW.first <> coalesce((SELECT first + count FROM log_segment WHERE {_MINE}
    ORDER BY first DESC LIMIT 1), 0)
  OR NEW.first + NEW.count IS NOT (SELECT size FROM log WHERE {_MINE})
"""  # noqa: S608 - names of our own
_RUN_MISPLACED = f"""
  length(NEW.run) < 32
  OR NEW.place <> coalesce((SELECT place + length(run) / 32 FROM log_hash_run WHERE {_MINE}
    ORDER BY place DESC LIMIT 1), 0)
"""  # noqa: S608 - names of our own
_HEAD_GUARDS = f"""
CREATE TRIGGER log_once BEFORE INSERT ON log
WHEN NEW.size <> 0 OR EXISTS (SELECT 1 FROM log WHERE {_MINE})
BEGIN SELECT RAISE(ABORT, 'log: a log begins once'); END;
CREATE TRIGGER log_no_delete BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'log: no log is deleted'); END;
CREATE TRIGGER log_forward BEFORE UPDATE ON log
WHEN NEW.size < OLD.size OR NEW.tenant <> OLD.tenant OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'log: the head never goes back'); END
"""  # noqa: S608 - names of our own


def upgrade() -> None:
    _create(
        "log_segment",
        "first",
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    _create(
        "log_hash_run", "place", sa.Column("run", sa.LargeBinary, nullable=False), has_rowid=False
    )
    connection = op.get_bind()
    logs = connection.execute(sa.text("SELECT tenant, origin, vkey, size, root, note FROM log"))
    for log in logs.all():
        try:
            _move(connection, log)
        except LedgerError as error:
            raise Misconfigured("database.log_broken", origin=log.origin, why=str(error)) from error
    op.drop_table("log_entry")
    op.drop_table("log_hash")
    if op.get_context().dialect.name == "sqlite":
        for table, misplaced in (
            ("log_segment", _SEGMENT_MISPLACED),
            ("log_hash_run", _RUN_MISPLACED),
        ):
            _execute_each(_GUARDS.format(table=table, misplaced=misplaced))
        _execute_each(_HEAD_GUARDS)


def _execute_each(script: str) -> None:
    for statement in script.split("END;"):
        op.execute(statement.removesuffix("END\n") + "END")


def _create(name: str, counted: str, *more: sa.Column[object], has_rowid: bool = True) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column(counted, NUMBER, autoincrement=False, nullable=False),
        *more,
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f(f"fk_{name}_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f(f"fk_{name}_tenant_origin"),
        ),
        sa.PrimaryKeyConstraint("tenant", "origin", counted, name=op.f(f"pk_{name}")),
        sqlite_strict=True,
        sqlite_with_rowid=has_rowid,
    )


def _move(connection: sa.Connection, log: sa.Row[tuple[object, ...]]) -> None:
    """Move one log; raises `LedgerError` when it is not what its checkpoint says."""
    key = {"tenant": log.tenant, "origin": log.origin}
    edge = Frontier()
    for batch in _batches(connection, key):
        edge = _move_batch(connection, key, edge, batch)
    if not log.note:
        _check(edge.size == 0 == log.size, "entries without a checkpoint")
    else:
        signed = open_checkpoint(log.note, parse_vkey(log.vkey)).checkpoint
        _check((edge.size, edge.root) == (signed.size, signed.root), "root mismatch")
        _check((edge.size, edge.root) == (log.size, log.root), "the head says something else")
    end = stored_hash_count(edge.size)
    more = connection.execute(_HASHES, key | {"first": end, "end": end + 1}).first()
    _check(more is None, f"a hash too many at place {end}")


def _batches(connection: sa.Connection, key: Key) -> Iterator[list[bytes]]:
    """The leaves in order, so many at a time; the first that is not in its place ends it all."""
    expected = 0
    rows = connection.execute(_ENTRIES, key)
    for part in rows.partitions(SEGMENT_ENTRIES):
        for index, _ in part:
            _check(index == expected, f"gap at {expected}")
            expected += 1
        yield [leaf for _, leaf in part]


def _move_batch(
    connection: sa.Connection, key: Key, edge: Frontier, entries: Sequence[bytes]
) -> Frontier:
    after, hashes = edge.extend(leaf_hash(one) for one in entries)
    first, end = stored_hash_count(edge.size), stored_hash_count(after.size)
    kept = connection.execute(_HASHES, key | {"first": first, "end": end}).scalars().all()
    _check(kept == hashes, f"a stored hash is not the tree's, among entries from {edge.size} on")
    columns = {
        "first": edge.size,
        "count": len(entries),
        "entries": b"".join(part for one in entries for part in (_length(one), one)),
    }
    connection.execute(_ADD_SEGMENT, key | columns)
    runs = [
        key | {"place": first + at, "run": b"".join(hashes[at : at + RUN_HASHES])}
        for at in range(0, len(hashes), RUN_HASHES)
    ]
    connection.execute(_ADD_RUN, runs)
    return after


def _length(entry: bytes) -> bytes:
    return len(entry).to_bytes(2, "big")


def _check(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_so:
        raise Unverified("log.verify", otherwise)
