"""What a program with a mistake, or a hand at a shell, cannot do to a log in PostgreSQL."""

from __future__ import annotations

import random

import psycopg
import pytest

from bayward.cloud.storage.log_store import postgres
from bayward.cloud.storage.log_store.logs import Commit
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Unverified
from bayward.ledger.log import plan_append
from bench.postgres import WRITER, Server
from log_store_bench import KEPT, REWRITES, Kind, keep, postgres_database, postgres_kind, recheck

pytestmark = pytest.mark.system  # a server is started for it


@pytest.fixture(scope="module")
def kept(database: Server) -> Kind:
    kind = postgres_kind(database, postgres_database(database, "guards"))
    keep(kind)
    kind.close()
    return kind


TRUNCATES = tuple(f"TRUNCATE {{0}}{table} CASCADE" for table in ("segment", "hash_run", "head"))


@pytest.mark.parametrize("statement", REWRITES + TRUNCATES)
def test_audit_02_past_rows_stay_in_postgres_even_for_the_owner(kept: Kind, statement: str) -> None:
    with kept.raw() as owner, pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner.execute(statement.format("bayward_log."))
    assert recheck(kept.store()) == KEPT
    kept.close()


@pytest.mark.parametrize(
    "statement",
    [
        *(one for one in REWRITES if not one.startswith("INSERT") and "SET size" not in one
          and "SET note" not in one),
        *TRUNCATES,
        "ALTER TABLE {0}segment DISABLE TRIGGER ALL",
        "DROP TABLE {0}segment",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION {0}refuse() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "INSERT INTO {0}head (origin, size, note) VALUES ('forged', 0, 'a note')",
    ],
)  # fmt: skip
def test_audit_02_the_writer_has_no_right_to(kept: Kind, database: Server, statement: str) -> None:
    with database.connect(WRITER, "guards") as writer:
        assert writer.execute("SELECT current_user").fetchone() == (WRITER,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute(statement.format("bayward_log."))
    assert recheck(kept.store()) == KEPT
    kept.close()


def test_hashes_read_lately_are_bounded_and_belong_to_their_log(
    database: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = postgres_kind(database, postgres_database(database, "recent"))
    logs = kind.logs()
    every: dict[str, list[bytes]] = {}
    for name in ("one", "other"):
        append = plan_append(Frontier(), [f"{name} {n}".encode() for n in range(100)])
        logs.commit([Commit(name, append, "note")])
        every[name] = list(append.stored_hashes)
    chance = random.Random(1)
    for bound in (1, 40, 10**6):
        monkeypatch.setattr(postgres, "RECENT_MAX", bound)
        for _ in range(60):
            name = chance.choice(["one", "other"])
            wanted = [chance.randrange(len(every[name])) for _ in range(20)]
            assert list(logs.read_hashes(name, wanted)) == [every[name][at] for at in wanted]
            assert len(logs._recent) <= max(bound, 20)  # type: ignore[attr-defined]  # `PostgresLogs`
    logs.close()
    assert not logs._recent  # type: ignore[attr-defined]  # `PostgresLogs`
    with pytest.raises(Unverified):
        logs.read_hashes("one", [2**62])
    kind.close()


def test_a_superuser_gets_past_and_is_found_out(database: Server) -> None:
    kind = postgres_kind(database, postgres_database(database, "superuser"))
    keep(kind)
    with kind.raw() as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE bayward_log.segment SET entries = '\\x000158' WHERE first = 2")
    with pytest.raises(AssertionError):
        recheck(kind.store())
    kind.close()
