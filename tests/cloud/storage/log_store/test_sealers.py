"""Events sealed by other processes, which die, hang and lie."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bayward.cloud.storage.log_store import sealer_process, sealers
from bayward.cloud.storage.log_store.committer import Placed
from bayward.cloud.storage.log_store.sealer import Lines
from bayward.cloud.storage.log_store.sealers import HERE_MAX, Sealers
from bayward.core.errors import Misconfigured, Unavailable
from bayward.ledger.errors import Malformed
from bayward.ledger.leaf import SALT_BYTES, Disclosure
from ledger_bench import refused, salts
from log_store_bench import FAULTS, STOPWATCHES, Kind, Only, arm, recheck
from sealers_bench import MANY, are_right, fields, opened, seal_many


@contextmanager
def stopped(pool: Sealers) -> Iterator[int]:
    """The process of a pool of one, while it does nothing."""
    [pid] = pool.at_work
    os.kill(pid, signal.SIGSTOP)
    yield pid


async def asked(pool: Sealers) -> list[asyncio.Task[Lines]]:
    """Clients whose events a process knows and has not answered."""
    clients = [asyncio.create_task(pool.seal(fields(n))) for n in range(MANY)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert sum(one.busy for one in pool._at_work) == MANY
    return clients


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def only_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(*_: object) -> Lines:
        raise AssertionError("sealed here")

    monkeypatch.setattr(Sealers, "_seal_here", here)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.usefixtures("only_elsewhere")
async def test_what_comes_at_once_is_sealed_elsewhere(count: int) -> None:
    async with Sealers(count, os.urandom) as pool:
        assert len(set(pool.at_work)) == count
        every = await seal_many(pool, 500)
    assert are_right(every)
    told = [Disclosure.parse(text) for _, texts in every for text in texts.decode().split("\n")]
    assert len({one.salt for one in told}) == len(told), "each field has a salt of its own"


async def test_the_salts_are_those_of_who_asks() -> None:
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(salts(f"draw {len(drawn)}", size // SALT_BYTES))
        return drawn[-1]

    async with Sealers(1, random) as pool:
        every = await seal_many(pool)
    assert len(drawn) == 2, "one draw for each of two parts"
    told = [Disclosure.parse(text) for _, texts in every for text in texts.decode().split("\n")]
    assert sum(map(len, drawn)) == SALT_BYTES * len(told)


async def test_a_few_are_sealed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> None:
        raise AssertionError("asked elsewhere")

    async with Sealers(1, os.urandom) as pool:
        monkeypatch.setattr(sealer_process.SealerProcess, "ask", ask)
        assert are_right(await seal_many(pool, HERE_MAX))


async def test_without_processes_all_is_sealed_here() -> None:
    async with Sealers(0, os.urandom) as pool:
        assert pool.at_work == ()
        assert are_right(await seal_many(pool))


async def test_what_is_too_much_for_the_processes_is_sealed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sealers(1, os.urandom) as pool:
        with stopped(pool) as pid:
            clients = await asked(pool)
            monkeypatch.setattr(sealers, "WAITING_MAX", MANY)
            assert opened(await pool.seal(fields(7))) == fields(7)
            assert not any(one.done() for one in clients)
            os.kill(pid, signal.SIGCONT)
        assert are_right(await asyncio.gather(*clients))


def test_too_many_processes_are_refused() -> None:
    with pytest.raises(Misconfigured, match=r"storage\.sealers"):
        Sealers(sealers.SEALERS_MAX + 1, os.urandom)


BAD: list[Any] = [1.5, 2**60, (1,), object(), b"x", "\ud800", "x" * 9_000, [[[[[1]]]]], {"a b": 1}]


@pytest.mark.parametrize("value", BAD, ids=lambda value: str(type(value).__name__))
async def test_a_field_outside_the_profile_is_the_matter_of_its_sender(value: Any) -> None:
    async with Sealers(1, os.urandom) as pool:
        good = [pool.seal(fields(n)) for n in range(MANY)]
        [bad, *every] = await asyncio.gather(
            pool.seal({"note": value}), *good, return_exceptions=True
        )
        with refused(Malformed, "disclosure."):
            await pool.seal({"note": value})  # as it is told by who seals here
        assert isinstance(bad, Malformed)
        assert are_right(every)  # type: ignore[arg-type]  # none of them was refused
        assert len(pool.at_work) == 1


async def test_a_question_that_is_too_long_is_sealed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer_process, "QUESTION_BYTES_MAX", 1_000)
    async with Sealers(1, os.urandom) as pool:
        assert are_right(await seal_many(pool))
        assert len(pool.at_work) == 1


async def test_what_a_killed_process_was_asked_is_sealed_here() -> None:
    async with Sealers(1, os.urandom) as pool:
        with stopped(pool) as pid, capture_logs() as logs:
            clients = await asked(pool)
            os.kill(pid, signal.SIGKILL)
            every = await asyncio.gather(*clients)
        assert are_right(every)
        assert pool.at_work == ()
        assert [(one["event"], one["why"], one["events"]) for one in logs] == [
            ("sealer.lost", "died", MANY)
        ]
        assert are_right(await seal_many(pool)), "it goes on without"
    assert not is_there(pid)


@pytest.mark.parametrize("is_killed", [True, False])
async def test_what_waits_to_be_asked_is_sealed_here_when_no_process_is_left(
    is_killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_process, "GRACE_S", 0.1)
    with capture_logs():
        async with Sealers(1, os.urandom) as pool:
            with stopped(pool) as pid:
                first = await asked(pool)
                others = asyncio.ensure_future(seal_many(pool))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert len(pool._gathered) == MANY, "it has two questions already"
                if is_killed:
                    os.kill(pid, signal.SIGKILL)
                    assert are_right(await others)
        assert are_right(await others)
        assert are_right(await asyncio.gather(*first))


async def test_the_others_go_on_when_one_was_killed() -> None:
    async with Sealers(2, os.urandom) as pool:
        one, other = pool.at_work
        os.kill(one, signal.SIGKILL)
        with capture_logs():
            while len(pool.at_work) == 2:
                assert are_right(await seal_many(pool))
        assert pool.at_work == (other,)
        assert are_right(await seal_many(pool))


async def test_a_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer_process, "PATIENCE_S", 0.1)
    async with Sealers(1, os.urandom) as pool:
        with stopped(pool) as pid, capture_logs() as logs:
            assert are_right(await asyncio.gather(*await asked(pool)))
        assert [one["why"] for one in logs] == ["hangs"]
    assert not is_there(pid)


async def test_leaving_seals_what_was_asked_and_ends_a_process_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealer_process, "GRACE_S", 0.1)
    with capture_logs() as logs:
        async with Sealers(1, os.urandom) as pool:
            with stopped(pool) as pid:
                clients = await asked(pool)
        assert are_right(await asyncio.gather(*clients))
        assert are_right(await seal_many(pool)), "also what comes later"
    assert not is_there(pid)
    assert logs == []


async def test_a_client_that_goes_away_takes_nobody_along() -> None:
    async with Sealers(1, os.urandom) as pool:
        with stopped(pool) as pid:
            *staying, going = await asked(pool)
            going.cancel()
            os.kill(pid, signal.SIGCONT)
        assert are_right(await asyncio.gather(*staying))
        assert going.cancelled()
        assert len(pool.at_work) == 1


@pytest.mark.parametrize(("step", "persisted"), FAULTS)
async def test_audit_11_processes_die_while_a_commit_fails(
    kind: Kind, where: str, step: str, persisted: bool
) -> None:
    """Each client has one receipt for each of its entries, and the log has no other entry."""
    placed: dict[int, bytes] = {}
    refused_with: set[str] = set()

    async def client(number: int, pool: Sealers, sequencer: Only) -> None:
        for n in range(3):
            leaf, _ = lines = await pool.seal(fields(100 * number + n))
            assert opened(lines) == fields(100 * number + n)
            found: Placed | None = None
            while found is None:
                try:
                    found = await sequencer.append(leaf)
                except Unavailable as error:
                    refused_with.add(error.code)
            assert found.index not in placed
            placed[found.index] = leaf
            if len(placed) == MANY:
                os.kill(pool.at_work[0], signal.SIGKILL)
                arm(kind, step, persisted=persisted)

    with capture_logs() as logs:
        async with (
            Sealers(2, os.urandom) as pool,
            Only(kind.store(faulty=True), STOPWATCHES[where]) as sequencer,
        ):
            await asyncio.gather(*(client(number, pool, sequencer) for number in range(MANY)))
            assert len(pool.at_work) == 1
    assert [one["event"] for one in logs] == ["sealer.lost"]
    assert kind.faults.at is None, "the fault happened"
    assert refused_with <= {"storage.not_kept"}
    assert refused_with or persisted
    assert recheck(kind.store()) == [placed[index] for index in range(3 * MANY)]
    assert len(set(placed.values())) == 3 * MANY
