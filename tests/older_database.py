"""Databases of the control plane as older programs have left them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from alembic.runtime.environment import EnvironmentContext

from bayward.cloud.storage import migrations
from bayward.cloud.storage.log_store.segment import split_loosely
from bayward.cloud.storage.sqlite import make_engine
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.keys import Signer
from bayward.ledger.merkle import leaf_hash

WRITTEN_AT_10 = Path("tests/golden/control_plane_0010.sql")
"""`cloud_bench.story` and a round of the anchor, dumped by the program of revision 10."""


def at_revision(path: Path, revision: str) -> None:
    """An empty database as the migrations up to this one make it."""
    engine = make_engine(path)
    with engine.begin() as connection:
        scripts = migrations._scripts()
        with EnvironmentContext(
            migrations._config(), scripts, fn=lambda now, _: scripts._upgrade_revs(revision, now)
        ) as environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()
    engine.dispose()


def written_at_10(path: Path) -> None:
    """The database that the program of revision 10 wrote."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(WRITTEN_AT_10.read_text())
        database.execute("PRAGMA journal_mode=WAL")


def grow_at_10(path: Path, signer: Signer, entries: Iterable[bytes], tenant: str = "ten") -> None:
    """Give a database of revision 10 a log with these entries, a row for each."""
    name, leaves = signer.key.name, list(entries)
    edge, hashes = Frontier().extend(leaf_hash(one) for one in leaves)
    note = sign_checkpoint(Checkpoint(name, edge.size, edge.root), [signer])
    mine = (tenant, name)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO tenant VALUES (?, 'One', 0, 0)", (tenant,))
        database.execute(
            "INSERT INTO log VALUES (?, ?, 'bank', NULL, ?, 'live', ?, ?, ?, 0, NULL, NULL)",
            (*mine, signer.key.vkey, edge.size, edge.root, note),
        )
        database.executemany(
            "INSERT INTO log_entry VALUES (?, ?, ?, ?)",
            ((*mine, index, leaf) for index, leaf in enumerate(leaves)),
        )
        database.executemany(
            "INSERT INTO log_hash VALUES (?, ?, ?, ?)",
            ((*mine, place, one) for place, one in enumerate(hashes)),
        )


def entries_as_rows(old: sqlite3.Connection, dump: bytes) -> None:
    """Give an older database the entries of a newer one, a row for each."""
    with closing(sqlite3.connect(":memory:")) as newer:
        newer.deserialize(dump)
        for table, rows in (("log_entry", entry_rows(newer)), ("log_hash", hash_rows(newer))):
            old.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608 - one of two names
                (list(row.values()) for row in rows),
            )


def entry_rows(database: sqlite3.Connection) -> Iterator[dict[str, object]]:
    """The rows that revisions before 16 had for the entries of this newer one."""
    for tenant, origin, first, packed in database.execute(
        "SELECT tenant, origin, first, entries FROM log_segment ORDER BY tenant, origin, first"
    ):
        for index, leaf in enumerate(split_loosely(packed), start=first):
            yield {"tenant": tenant, "origin": origin, "idx": index, "leaf": leaf}


def hash_rows(database: sqlite3.Connection) -> Iterator[dict[str, object]]:
    """The same for its hashes."""
    for tenant, origin, first, run in database.execute(
        "SELECT tenant, origin, place, run FROM log_hash_run ORDER BY tenant, origin, place"
    ):
        for at in range(0, len(run), 32):
            row = {"tenant": tenant, "origin": origin, "place": first + at // 32}
            yield row | {"hash": run[at : at + 32]}
