"""Several programs with leases: who has a log, and what is left of him when his session ends.

A lease spares the others planning in vain. What keeps the log whole is the fence, and here it is
put to the test with leases that end at the worst moment.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.storage.log_store.postgres import PostgresLogs
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.core.errors import Conflict, Unavailable
from bayward.ledger.log import Log
from bench.postgres import OWNER, WRITER, Server
from ledger_bench import LOG
from log_store_bench import postgres_database, recheck

pytestmark = pytest.mark.system  # a server is started for it

ORIGIN = "bench.example/leased"
ROUNDS = 12


@dataclass
class House:
    """A database of several programs."""

    server: Server
    database: str
    opened: list[PostgresLogs] = field(default_factory=list)

    def connect(self) -> psycopg.Connection[Any]:
        return self.server.connect(WRITER, self.database)

    def logs(self, connect: Callable[[], Any] | None = None) -> PostgresLogs:
        """What one program has."""
        self.opened.append(PostgresLogs(connect or self.connect, is_leased=True))
        return self.opened[-1]

    def terminate(self, pid: int) -> None:
        """End a session as an administrator, or a network, would."""
        with self.server.connect(OWNER, self.database) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))

    def end(self, logs: PostgresLogs) -> None:
        """End a program's session; returns when the server has let go of its leases."""
        assert logs._connection is not None
        self.terminate(logs._connection.info.backend_pid)
        logs.close()

    def check(self, origin: str = ORIGIN) -> list[bytes]:
        reader = OneLog(PostgresLogs(self.connect), origin)
        try:
            return recheck(reader)
        finally:
            reader.close()


@pytest.fixture(scope="module")
def base(database: Server) -> House:
    return House(database, postgres_database(database, "leases"))


@pytest.fixture
def house(base: House, request: pytest.FixtureRequest) -> Iterator[House]:
    made = House(base.server, base.database)
    with base.server.connect(OWNER, base.database) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("TRUNCATE bayward_log.segment, bayward_log.hash_run, bayward_log.head")
    yield made
    for one in made.opened:
        one.close()


def sequencer(logs: PostgresLogs) -> Sequencer:
    return Sequencer(logs, lambda _: [LOG])


async def test_a_log_has_one_holder_until_he_leaves(house: House) -> None:
    one, other = house.logs(), house.logs()
    async with sequencer(one) as first, sequencer(other) as second:
        await first.append(ORIGIN, b"a")
        with pytest.raises(Unavailable, match=r"storage\.not_kept") as caught:
            await second.append(ORIGIN, b"refused")
        assert caught.value.facts == {"cause": "log.elsewhere"}
        assert (await second.append(f"{ORIGIN}/2", b"its own")).index == 0
        assert (await first.append(ORIGIN, b"b")).index == 1
    house.end(one)
    async with sequencer(other) as second:
        assert (await second.append(ORIGIN, b"c")).index == 2
    assert house.check() == [b"a", b"b", b"c"]


class Doomed:
    """A connection whose session is ended around its n-th commit."""

    def __init__(self, real: psycopg.Connection[Any], doom: Doom) -> None:
        self.__dict__.update(real=real, doom=doom)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.real, name, value)

    @property
    def pgconn(self) -> Any:
        return DoomedSession(self.real, self.doom)


class DoomedSession(Doomed):
    """What is below it, with which it commits."""

    def __init__(self, connection: psycopg.Connection[Any], doom: Doom) -> None:
        self.__dict__.update(real=connection.pgconn, connection=connection, doom=doom)

    def exec_prepared(self, *arguments: Any) -> Any:
        if self.doom.strikes("before"):
            self.doom.end(self.connection)
        result = self.real.exec_prepared(*arguments)
        if self.doom.strikes("after"):
            self.doom.end(self.connection)
            raise psycopg.OperationalError("the answer was lost")
        return result


@dataclass
class Doom:
    """When it strikes, another program may take over at once."""

    house: House
    when: str = ""
    takeover: Callable[[], None] = lambda: None
    struck: int = 0

    def strikes(self, moment: str) -> bool:
        if moment != self.when:
            return False
        self.when = ""
        self.struck += 1
        return True

    def end(self, real: psycopg.Connection[Any]) -> None:
        self.house.terminate(real.info.backend_pid)
        self.takeover()

    def connect(self) -> Any:
        return Doomed(self.house.connect(), self)


@pytest.mark.parametrize("takes_over", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_audit_11_a_lease_ends_in_the_middle_of_a_commit(
    house: House, when: str, takes_over: bool
) -> None:
    doom, heirs = Doom(house), house.logs()
    heir = Log(OneLog(heirs, ORIGIN), lambda: [LOG])
    receipts: dict[int, bytes] = {}
    async with sequencer(house.logs(doom.connect)) as holder:
        for n in range(3):
            entry = b"%d" % n
            receipts[(await holder.append(ORIGIN, entry)).index] = entry
        if takes_over:
            doom.takeover = lambda: receipts.update({heir.append([b"heir"]).first: b"heir"})
        doom.when = when
        if when == "after":  # what was kept is confirmed, whoever came after
            receipts[(await holder.append(ORIGIN, b"doubtful")).index] = b"doubtful"
        else:
            with pytest.raises(Unavailable, match=r"storage\.not_kept"):
                await holder.append(ORIGIN, b"doubtful")
        assert doom.struck == 1
        if takes_over:
            with pytest.raises(Unavailable):
                await holder.append(ORIGIN, b"too late")
            house.end(heirs)
        receipts[(await holder.append(ORIGIN, b"goes on")).index] = b"goes on"
        for index, entry in receipts.items():
            (await holder.prove(ORIGIN, index)).verify(entry, LOG.key)
    kept = house.check()
    assert {n: kept[n] for n in receipts} == receipts
    assert kept == [b"0", b"1", b"2"] + [b"doubtful"] * (when == "after") + (
        [b"heir"] * takes_over
    ) + [b"goes on"]


def test_audit_11_a_holder_who_slept_through_the_end_of_his_lease_keeps_nothing(
    house: House,
) -> None:
    """He has planned on the edge he remembers, and another has gone on since."""
    sleeper, other = house.logs(), house.logs()
    old, new = (
        Log(OneLog(sleeper, ORIGIN), lambda: [LOG]),
        Log(OneLog(other, ORIGIN), lambda: [LOG]),
    )
    old.append([b"a"])
    planned, note = old.prepare([b"lost"])
    house.end(sleeper)
    new.append([b"b"])
    house.end(other)
    with pytest.raises(Conflict, match=r"log\.moved"):
        OneLog(sleeper, ORIGIN).commit(planned, note)
    assert house.check() == [b"a", b"b"]


async def test_audit_11_sessions_end_at_random_and_every_receipt_stays_true(house: House) -> None:
    """Three programs want the same logs while sessions are ended under them."""
    chance = random.Random(11)
    names = [ORIGIN, f"{ORIGIN}/2", f"{ORIGIN}/3"]
    receipts: dict[tuple[str, int], bytes] = {}
    going, enough = True, {wanted: asyncio.Event() for wanted in range(40, 40 * ROUNDS + 1, 40)}

    async def client(holder: Sequencer, name: str) -> None:
        n = 0
        while going:
            origin, entry = names[n % len(names)], f"{name} {n}".encode()
            n += 1
            try:
                placed = await holder.append(origin, entry)
            except Unavailable:
                await asyncio.sleep(0)
                continue
            assert (origin, placed.index) not in receipts, "no place is given twice"
            receipts[origin, placed.index] = entry
            if len(receipts) in enough:
                enough[len(receipts)].set()

    async def ending() -> None:
        nonlocal going
        for reached in enough.values():
            await reached.wait()
            await asyncio.to_thread(end_one)
        going = False

    def end_one() -> None:
        with house.server.connect(OWNER, house.database) as owner:
            rows: list[tuple[int]] = []
            while not rows:  # all of them may be between two sessions
                rows = owner.execute(
                    "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = %s",
                    (WRITER, house.database),
                ).fetchall()
            owner.execute("SELECT pg_terminate_backend(%s)", chance.choice(sorted(rows)))

    async with (
        sequencer(house.logs()) as one,
        sequencer(house.logs()) as two,
        sequencer(house.logs()) as three,
    ):
        holders = {"one": one, "two": two, "three": three}
        await asyncio.gather(
            ending(),
            *(client(holder, f"{name}{n}") for name, holder in holders.items() for n in range(4)),
        )
    assert len(receipts) >= ROUNDS * 40
    for origin in names:
        kept = house.check(origin)
        mine = {index: entry for (of, index), entry in receipts.items() if of == origin}
        assert {index: kept[index] for index in mine} == mine
        assert len(set(kept)) == len(kept), "nothing was kept twice"
