"""Logs in PostgreSQL, over psycopg 3.

The program that writes is not the owner of the tables: it may select and insert, and move the
head. Triggers hold even for the owner until he drops them, and refuse `TRUNCATE` as well. Only
a superuser gets past that in one line (`session_replication_role`), and only an outside memory
of checkpoints shows it.

Each commit is one statement, and so one transaction and one journey to the server: a function
there updates the head of each log where the size is the one it must have, and adds entries and
hashes. A second writer waits at that row, then finds it changed and keeps nothing. Before it is
committed the triggers look at the heads again, so that nothing is kept past the fence even by a
program with a mistake in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from bayward.cloud.storage.log_store.logs import Commit
from bayward.cloud.storage.log_store.one_call import BYTEA, INT4, INT8, TEXT, OneCall
from bayward.cloud.storage.log_store.segment import Packed, Segment, pack, runs, unpack
from bayward.core.errors import Conflict
from bayward.ledger.errors import Unverified

Connection = psycopg.Connection[tuple[Any, ...]]

RECENT_MAX = 65_536  # hashes in memory: some ten megabytes

_TABLES = """
CREATE SCHEMA IF NOT EXISTS bayward_log;
SET LOCAL search_path TO bayward_log;
CREATE TABLE IF NOT EXISTS head (
  log bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin text NOT NULL UNIQUE, size bigint NOT NULL, note text
);
CREATE TABLE IF NOT EXISTS segment (
  log bigint NOT NULL, first bigint NOT NULL, count integer NOT NULL,
  note text NOT NULL, leaves bytea NOT NULL, entries bytea NOT NULL, opened bytea NOT NULL,
  PRIMARY KEY (log, first)
);
CREATE TABLE IF NOT EXISTS hash_run (
  log bigint NOT NULL, place bigint NOT NULL, run bytea NOT NULL, PRIMARY KEY (log, place)
);
-- Hashes and salted commitments do not compress; trying to costs more than all the rest.
ALTER TABLE segment ALTER leaves SET STORAGE EXTERNAL, ALTER entries SET STORAGE EXTERNAL,
  ALTER opened SET STORAGE EXTERNAL;
ALTER TABLE hash_run ALTER run SET STORAGE EXTERNAL;
"""

_GUARDS = """
CREATE OR REPLACE FUNCTION bayward_log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'append-only' USING ERRCODE = 'restrict_violation'; END $$;

CREATE OR REPLACE FUNCTION bayward_log.segment_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.count < 1
    OR NEW.first <> coalesce((SELECT first + count FROM bayward_log.segment
      WHERE log = NEW.log ORDER BY first DESC LIMIT 1), 0)
    OR NEW.first + NEW.count IS DISTINCT FROM
      (SELECT size FROM bayward_log.head WHERE log = NEW.log)
  THEN RAISE EXCEPTION 'append-only: not at the end' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION bayward_log.hash_run_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF length(NEW.run) < 32
    OR NEW.place <> coalesce((SELECT place + length(run) / 32 FROM bayward_log.hash_run
      WHERE log = NEW.log ORDER BY place DESC LIMIT 1), 0)
  THEN RAISE EXCEPTION 'append-only: not at the end' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION bayward_log.head_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.note IS NULL OR NEW.log <> OLD.log OR NEW.origin <> OLD.origin
  THEN RAISE EXCEPTION 'append-only: the head never goes back'
    USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER segment_order BEFORE INSERT ON bayward_log.segment
  FOR EACH ROW EXECUTE FUNCTION bayward_log.segment_order();
CREATE OR REPLACE TRIGGER hash_run_order BEFORE INSERT ON bayward_log.hash_run
  FOR EACH ROW EXECUTE FUNCTION bayward_log.hash_run_order();
CREATE OR REPLACE TRIGGER head_forward BEFORE UPDATE ON bayward_log.head
  FOR EACH ROW EXECUTE FUNCTION bayward_log.head_forward();
CREATE OR REPLACE TRIGGER segment_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON bayward_log.segment
  FOR EACH STATEMENT EXECUTE FUNCTION bayward_log.refuse();
CREATE OR REPLACE TRIGGER hash_run_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON bayward_log.hash_run
  FOR EACH STATEMENT EXECUTE FUNCTION bayward_log.refuse();
CREATE OR REPLACE TRIGGER head_stay BEFORE DELETE OR TRUNCATE ON bayward_log.head
  FOR EACH STATEMENT EXECUTE FUNCTION bayward_log.refuse();
"""

# All that one transaction adds, in one call and so in one journey to the server.
_FUNCTION = """
CREATE OR REPLACE FUNCTION bayward_log.append(
  logs bigint[], firsts bigint[], counts integer[], notes text[], leaves bytea[],
  entries bytea[], opened bytea[], run_logs bigint[], places bigint[], runs bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(logs) LOOP
    UPDATE bayward_log.head SET size = firsts[i] + counts[i], note = notes[i]
      WHERE head.log = logs[i] AND head.size = firsts[i];
    IF NOT FOUND THEN
      RAISE EXCEPTION 'log % has moved', logs[i] USING ERRCODE = 'LM001', DETAIL = logs[i];
    END IF;
    IF counts[i] > 0 THEN
      INSERT INTO bayward_log.segment (log, first, count, note, leaves, entries, opened)
        VALUES (logs[i], firsts[i], counts[i], notes[i], leaves[i], entries[i], opened[i]);
    END IF;
  END LOOP;
  INSERT INTO bayward_log.hash_run (log, place, run)
    SELECT l, p, r FROM unnest(run_logs, places, runs) AS new (l, p, r);
END $$;
"""
_MOVED = "LM001"

_GRANTS = """
GRANT USAGE ON SCHEMA bayward_log TO {role};
GRANT SELECT, INSERT ON bayward_log.segment, bayward_log.hash_run TO {role};
GRANT SELECT, INSERT (origin, size), UPDATE (size, note) ON bayward_log.head TO {role};
"""

_FIND_HASHES = """
SELECT wanted.at, (SELECT substr(run, least(wanted.at - place, 60)::integer * 32 + 1, 32)
  FROM bayward_log.hash_run WHERE log = %b AND place <= wanted.at ORDER BY place DESC LIMIT 1)
FROM unnest(%b::bigint[]) AS wanted(at)
"""
_FIND_SEGMENT = """
SELECT first, count, entries, leaves, opened, note FROM bayward_log.segment
WHERE log = %b AND first <= %b ORDER BY first DESC LIMIT 1
"""
_BEGIN_LOG = "INSERT INTO bayward_log.head (origin, size) VALUES (%b, 0) ON CONFLICT DO NOTHING"
_APPEND = OneCall(
    b"bayward_log_append",
    b"SELECT bayward_log.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    (INT8, INT8, INT4, TEXT, BYTEA, BYTEA, BYTEA, INT8, INT8, BYTEA),
)
_LEASE = "SELECT pg_try_advisory_lock(hashtextextended(%b, 0))"


def create(connection: Connection, writer: str) -> None:
    """As the owner: make tables and guards, and let the role `writer` append; it must exist."""
    with connection.transaction():
        connection.execute(_TABLES)
        connection.execute(_GUARDS)
        connection.execute(_FUNCTION)
        connection.execute(sql.SQL(_GRANTS).format(role=sql.Identifier(writer)))


class PostgresLogs:
    """The logs of a database that `create` has prepared (`log_store.logs.SegmentLogs`).

    `connect` gives a connection of the writer's role; it is called at first use and again after
    a failed commit. For one thread at a time.

    With `is_leased` a log belongs to the session that has first appended to it, until that ends:
    others are told `Conflict("log.elsewhere")` and need not plan in vain. A lease is an advisory
    lock of the session that commits, so a session that is gone takes lease and transaction along.
    Through a pool that shares sessions out (PgBouncer by transaction) there is no such thing.
    """

    def __init__(self, connect: Callable[[], Connection], *, is_leased: bool = False) -> None:
        self._connect = connect
        self._is_leased = is_leased
        self._leased: set[str] = set()
        self._connection: Connection | None = None
        self._is_prepared = False
        self._numbers: dict[str, int] = {}
        self._recent: dict[tuple[int, int], bytes] = {}

    def close(self) -> None:
        """Let go of the connection, and of all leases; the next use makes another."""
        self._leased.clear()
        self._recent.clear()
        self._is_prepared = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read_head(self, origin: str) -> str | None:
        """The latest signed checkpoint of a log, or None."""
        log = self._number(origin)
        row = (
            self._ready()
            .execute("SELECT note FROM bayward_log.head WHERE log = %b", (log,))
            .fetchone()
        )
        return None if row is None or row[0] is None else str(row[0])

    def read_hashes(self, origin: str, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places, in this order, in one statement.

        A hash never changes, so those that were read lately are kept: every proof needs the upper
        ones. With the session they are forgotten, since the next may see a restored database.
        """
        log = self._number(origin)
        connection = self._ready()
        if missing := [index for index in indexes if (log, index) not in self._recent]:
            if len(self._recent) + len(missing) > RECENT_MAX:
                self._recent.clear()
                missing = list(indexes)
            rows = connection.execute(_FIND_HASHES, (log, missing), binary=True, prepare=True)
            for index, one in rows.fetchall():
                if not one:
                    raise Unverified("log.hash", f"the hash at place {index} is gone")
                self._recent[log, index] = one
        return [self._recent[log, index] for index in indexes]

    def commit(self, commits: Sequence[Commit]) -> None:
        """Keep it all or nothing; raises `Conflict("log.moved")` when another was faster."""
        numbered = sorted(((self._number(one.origin), one) for one in commits), key=_key)
        try:
            for _, one in numbered:
                self._lease(one.origin)
            if not self._is_prepared:
                _APPEND.prepare(self._ready())
                self._is_prepared = True
            _APPEND.run(self._ready(), *_columns(numbered))
        except psycopg.Error as error:
            self.close()  # nobody knows what it did
            if error.sqlstate != _MOVED:
                raise
            moved = next(
                one.origin for log, one in numbered if str(log) == error.diag.message_detail
            )
            raise Conflict("log.moved", origin=moved) from error
        except BaseException:
            self.close()
            raise

    def segments(self, origin: str, first: int = 0) -> Iterator[Segment]:
        """The segments from the one that holds entry `first` on, one in memory at a time."""
        entry = first
        while True:
            wanted = (self._number(origin), entry)
            found = self._ready().execute(_FIND_SEGMENT, wanted, binary=True).fetchone()
            if found is None or found[0] + found[1] <= entry:
                return
            *columns, note = found
            packed = Packed(*columns)
            yield unpack(packed, note)
            entry = packed.first + packed.count

    def _lease(self, origin: str) -> None:
        if not self._is_leased or origin in self._leased:
            return
        row = self._ready().execute(_LEASE, (f"bayward_log {origin}",)).fetchone()
        if row is None or not row[0]:
            raise Conflict("log.elsewhere", origin=origin)
        self._leased.add(origin)

    def _number(self, origin: str) -> int:
        """The key of a log, which begins here when nobody has named it before."""
        if origin not in self._numbers:
            connection = self._ready()
            connection.execute(_BEGIN_LOG, (origin,))
            row = connection.execute(
                "SELECT log FROM bayward_log.head WHERE origin = %b", (origin,)
            ).fetchone()
            assert row is not None, "begun above, and never deleted"
            self._numbers[origin] = int(row[0])
        return self._numbers[origin]

    def _ready(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.autocommit = True  # each call is a transaction
        return self._connection


def _key(numbered: tuple[int, Commit]) -> int:
    return numbered[0]


def _columns(numbered: Sequence[tuple[int, Commit]]) -> tuple[list[Any], ...]:
    """What `bayward_log.append` is given; in the order of the keys, or two would wait for ever."""
    rows = [(log, pack(one.append), one.note) for log, one in numbered]
    parts = [(log, *part) for log, one in numbered for part in runs(one.append)]
    return (
        [log for log, _, _ in rows],
        [row.first for _, row, _ in rows],
        [row.count for _, row, _ in rows],
        [note for _, _, note in rows],
        [row.leaves for _, row, _ in rows],
        [row.entries for _, row, _ in rows],
        [row.opened for _, row, _ in rows],
        [log for log, _, _ in parts],
        [place for _, place, _ in parts],
        [run for _, _, run in parts],
    )
