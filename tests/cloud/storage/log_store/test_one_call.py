from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat
from psycopg.types.array import ListBinaryDumper

from bayward.cloud.storage.log_store.one_call import BYTEA, INT4, INT8, TEXT, OneCall
from bench.postgres import OWNER, Server

KEEP = OneCall(b"keep", b"INSERT INTO kept SELECT $1, $2, $3, $4", (INT4, INT8, TEXT, BYTEA))
LARGE = bytes(range(256)) * 8_192


@pytest.fixture
def connection(database: Server) -> Iterator[psycopg.Connection[Any]]:
    with database.connect(OWNER) as made:
        made.execute("CREATE TEMPORARY TABLE kept (a int[], b bigint[], c text[], d bytea[])")
        KEEP.prepare(made)
        yield made


def test_what_is_sent_arrives(connection: psycopg.Connection[Any]) -> None:
    rows: list[tuple[list[Any], ...]] = [
        ([], [], [], []),
        ([1, -1, 2**31 - 1, -(2**31)], [-(2**63), 2**63 - 1], ["", "é", 'a"\\,{}'], [b"", b"\0\n"]),
        ([0], [0], ["x" * 100_000], [LARGE, LARGE]),
    ]
    for row in rows:
        KEEP.run(connection, *row)
    assert connection.execute("SELECT * FROM kept").fetchall() == rows
    with (
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy("COPY kept TO STDOUT") as copy,
    ):
        assert sum(1 for _ in copy) == len(rows), "psycopg's own ways still work"


def test_an_error_is_the_one_psycopg_has(connection: psycopg.Connection[Any]) -> None:
    connection.execute("ALTER TABLE kept ADD CHECK (cardinality(a) < 2)")
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        KEEP.run(connection, [1, 2], [], [], [])
    assert caught.value.diag.table_name == "kept"
    wrong = OneCall(b"wrong", b"SELECT $1 FROM nowhere", (INT4,))
    with pytest.raises(psycopg.errors.UndefinedTable):
        wrong.prepare(connection)


def test_a_session_that_is_gone_is_an_error(
    connection: psycopg.Connection[Any], database: Server
) -> None:
    with database.connect(OWNER) as other:
        pid = connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    with pytest.raises(psycopg.OperationalError):
        KEEP.run(connection, [], [], [], [])
    assert connection.broken


@given(st.lists(st.binary(max_size=40), min_size=1))
def test_the_bytes_are_those_of_psycopg(values: list[bytes]) -> None:
    theirs = ListBinaryDumper(list).upgrade(values, PyFormat.BINARY).dump(values)
    assert BYTEA.encode(values) == bytes(theirs or b"")
