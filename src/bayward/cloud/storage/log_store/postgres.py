"""A log in PostgreSQL, over psycopg 3.

The program that writes is not the owner of the tables: it may select and insert, and move the
head. Triggers hold even for the owner until he drops them, and refuse `TRUNCATE` as well. Only
a superuser gets past that in one line (`session_replication_role`), and only an outside memory
of checkpoints shows it.

Each commit is one transaction. It updates the head where the size is the one it must have: a
second writer waits at that row, then finds it changed and keeps nothing. Entries and hashes
then go in as binary `COPY`. Before it is committed the trigger looks at the head again, so
that nothing is kept past the fence even by a program with a mistake in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from bayward.cloud.storage.log_store.segment import Packed, Segment, hash_in, pack, runs, unpack
from bayward.core.errors import Conflict
from bayward.ledger.errors import Unverified
from bayward.ledger.log import Append

Connection = psycopg.Connection[tuple[Any, ...]]

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

_GRANTS = """
GRANT USAGE ON SCHEMA bayward_log TO {role};
GRANT SELECT, INSERT ON bayward_log.segment, bayward_log.hash_run TO {role};
GRANT SELECT, INSERT (origin, size), UPDATE (size, note) ON bayward_log.head TO {role};
"""

_FIND_HASHES = """
SELECT wanted.at, found.place, found.run FROM unnest(%b::bigint[]) AS wanted(at),
LATERAL (SELECT place, run FROM bayward_log.hash_run
  WHERE log = %b AND place <= wanted.at ORDER BY place DESC LIMIT 1) AS found
"""
_FIND_SEGMENT = """
SELECT first, count, entries, leaves, opened, note FROM bayward_log.segment
WHERE log = %b AND first <= %b ORDER BY first DESC LIMIT 1
"""
_BEGIN_LOG = "INSERT INTO bayward_log.head (origin, size) VALUES (%b, 0) ON CONFLICT DO NOTHING"
_MOVE_HEAD = "UPDATE bayward_log.head SET size = %b, note = %b WHERE log = %b AND size = %b"
_COPY_SEGMENT = """
COPY bayward_log.segment (log, first, count, note, leaves, entries, opened)
FROM STDIN (FORMAT BINARY)
"""
_COPY_RUNS = "COPY bayward_log.hash_run (log, place, run) FROM STDIN (FORMAT BINARY)"


def create(connection: Connection, writer: str) -> None:
    """As the owner: make tables and guards, and let the role `writer` append; it must exist."""
    with connection.transaction():
        connection.execute(_TABLES)
        connection.execute(_GUARDS)
        connection.execute(sql.SQL(_GRANTS).format(role=sql.Identifier(writer)))


class PostgresLogStore:
    """One log in a database that `create` has prepared (`ledger.log.Store`).

    `connect` gives a connection of the writer's role; it is called at first use and again after
    a failed commit. For one thread at a time.
    """

    def __init__(self, connect: Callable[[], Connection], origin: str) -> None:
        self._connect = connect
        self._origin = origin
        self._connection: Connection | None = None
        self._log = 0

    def close(self) -> None:
        """Let go of the connection; the next use makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read_head(self) -> str | None:
        """The latest signed checkpoint, or None."""
        connection = self._ready()
        row = connection.execute(
            "SELECT note FROM bayward_log.head WHERE log = %b", (self._log,)
        ).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places, in this order, in one statement."""
        connection = self._ready()
        rows = connection.execute(_FIND_HASHES, (list(indexes), self._log), binary=True)
        found = {wanted: hash_in(run, wanted, place) for wanted, place, run in rows}
        for index in indexes:
            if not found.get(index):
                raise Unverified("log.hash", f"the hash at place {index} is gone")
        return [found[index] for index in indexes]

    def commit(self, append: Append, note: str) -> None:
        """Keep it all or nothing; raises `Conflict("log.moved")` when another was faster."""
        connection = self._ready()
        try:
            connection.execute("BEGIN")
            moved = connection.execute(
                _MOVE_HEAD, (append.new_size, note, self._log, append.first), prepare=True
            )
            if moved.rowcount != 1:
                raise Conflict("log.moved", origin=self._origin)  # noqa: TRY301 - undone below
            if append.entries:
                self._copy(connection, append, note)
            connection.execute("COMMIT")
        except BaseException:
            self.close()  # which rolls back whatever was not committed
            raise

    def segments(self, first: int = 0) -> Iterator[Segment]:
        """The segments from the one that holds entry `first` on, one in memory at a time."""
        entry = first
        while True:
            connection = self._ready()
            found = connection.execute(_FIND_SEGMENT, (self._log, entry), binary=True).fetchone()
            if found is None or found[0] + found[1] <= entry:
                return
            *columns, note = found
            packed = Packed(*columns)
            yield unpack(packed, note)
            entry = packed.first + packed.count

    def _copy(self, connection: Connection, append: Append, note: str) -> None:
        row = pack(append)
        with connection.cursor() as cursor:
            with cursor.copy(_COPY_SEGMENT) as copy:
                copy.set_types(("int8", "int8", "int4", "text", "bytea", "bytea", "bytea"))
                copy.write_row(
                    (self._log, row.first, row.count, note, row.leaves, row.entries, row.opened)
                )
            with cursor.copy(_COPY_RUNS) as copy:
                copy.set_types(("int8", "int8", "bytea"))
                for place, run in runs(append):
                    copy.write_row((self._log, place, run))

    def _ready(self) -> Connection:
        if self._connection is None:
            connection = self._connect()
            connection.autocommit = True  # transactions are begun and ended by name
            connection.execute(_BEGIN_LOG, (self._origin,))
            row = connection.execute(
                "SELECT log FROM bayward_log.head WHERE origin = %b", (self._origin,)
            ).fetchone()
            assert row is not None, "begun above, and never deleted"
            self._connection, self._log = connection, int(row[0])
        return self._connection
