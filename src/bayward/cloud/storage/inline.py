"""The same store without threads: for simulated worlds, where time stands still while one works.

Functions run at once, on one connection, usually to a database in memory. What is written here
is gone with the process; everything else is as in `sqlite`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import sqlalchemy as sa

from bayward.cloud.storage import migrations
from bayward.cloud.storage.sqlite import make_engine, run_group

T = TypeVar("T")


class InlineStore:
    """A database that answers before `write` and `read` return."""

    def __init__(self, template: bytes | None = None) -> None:
        """Create a database in memory, empty or from the `serialize`d bytes of another."""
        self._connection = _engine().connect()
        if template is None:
            with self._connection.begin():
                migrations.upgrade(self._connection)
        else:
            raw = self._connection.connection.driver_connection
            assert raw is not None, "a fresh connection is open"
            raw.deserialize(template)

    @property
    def connection(self) -> sa.Connection:
        """The one connection, for looking at what was written."""
        return self._connection

    def serialize(self) -> bytes:
        """The whole database, as `__init__` takes it."""
        raw = self._connection.connection.driver_connection
        assert raw is not None, "open until `close`"
        return bytes(raw.serialize())

    async def write(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` in a transaction of its own."""
        results: list[T] = []
        [(_, error)] = run_group(self._connection, [lambda tx: results.append(function(tx))])
        if error is not None:
            raise error
        return results[-1]

    async def read(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function`; what it writes is rolled back."""
        with self._connection.begin() as transaction:
            result = function(self._connection)
            transaction.rollback()
        return result

    async def scrub(self, *, is_whole: bool = False) -> None:
        """In memory there is no write-ahead log; deleted rows are overwritten at once."""
        del is_whole

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()


@cache
def _engine() -> sa.Engine:
    """One for all: what SQLAlchemy has compiled once, it has compiled for every world.

    Each connection of it is a database of its own.
    """
    return make_engine(None)
