"""The table of commit faults: each step fails, or says it failed and took effect all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bayward.cloud.storage.log_store.committer import Placed
from bayward.core.errors import Unavailable
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.log import Log
from bayward.ledger.receipt import Receipt
from bench.postgres import Server, server
from ledger_bench import LOG, event
from log_store_bench import (
    FAULTS,
    STOPWATCHES,
    Broken,
    Kind,
    Only,
    arm,
    entries,
    postgres_database,
    postgres_kind,
    recheck,
)


@pytest.mark.parametrize(("step", "persisted"), FAULTS)
async def test_audit_11_a_fault_at_each_step(
    kind: Kind, where: str, step: str, persisted: bool
) -> None:
    every = [event(n).leaf for n in range(6)]
    receipts: dict[int, bytes] = {}
    async with Only(kind.store(faulty=True), STOPWATCHES[where]) as sequencer:
        for leaf in every[:3]:
            receipts[(await sequencer.append(leaf)).index] = leaf
        arm(kind, step, persisted=persisted)
        kept = step == "commit" and persisted
        if kept:
            receipts[(await sequencer.append(every[3])).index] = every[3]
        else:
            with pytest.raises(Unavailable, match=r"storage\.not_kept"):
                await sequencer.append(every[3])
        assert kind.faults.at is None, "the fault happened"
        for leaf in every[4:]:
            receipts[(await sequencer.append(leaf)).index] = leaf
        for index, leaf in receipts.items():
            (await sequencer.prove(index)).verify(leaf, LOG.key)
    assert recheck(kind.store()) == every[:3] + every[3:4] * kept + every[4:]


@pytest.mark.parametrize("persisted", [False, True])
async def test_audit_11_what_cannot_be_known_is_not_guessed(
    kind: Kind, where: str, persisted: bool
) -> None:
    async with Only(kind.store(faulty=True), STOPWATCHES[where]) as sequencer:
        await sequencer.append(b"first")
        arm(kind, "commit", persisted=persisted)
        kind.faults.unreachable = 2
        with pytest.raises(Unavailable, match=r"log\.unknown"):
            await sequencer.append(b"doubtful")
        with pytest.raises(Unavailable, match=r"storage\.not_kept"):
            await sequencer.append(b"not even tried")
        placed = await sequencer.append(b"later")
    kept = [b"first", *[b"doubtful"] * persisted, b"later"]
    assert recheck(kind.store()) == kept
    assert placed.index == len(kept) - 1


@pytest.mark.parametrize(("step", "persisted"), FAULTS)
def test_audit_11_the_log_itself_takes_up_what_is_there(
    kind: Kind, step: str, persisted: bool
) -> None:
    log = Log(kind.store(faulty=True), lambda: [LOG])
    log.append([b"a"])
    arm(kind, step, persisted=persisted)
    with pytest.raises(Broken):
        log.append([b"b"])
    kept = [b"a", *[b"b"] * (step == "commit" and persisted)]
    assert log.resume().size == len(kept)
    log.append([b"c"])
    assert recheck(kind.store()) == [*kept, b"c"]


async def test_audit_11_two_sequencers_at_once(kind: Kind, where: str) -> None:
    placed: dict[int, bytes] = {}
    refused = 0

    async def client(sequencer: Only, name: str) -> None:
        nonlocal refused
        for n in range(25):
            entry = f"{name} {n}".encode()
            found: Placed | None = None
            while found is None:
                try:
                    found = await sequencer.append(entry)
                except Unavailable as error:
                    refused += error.code == "storage.not_kept"
            assert found.index not in placed
            placed[found.index] = entry

    async with (
        Only(kind.store(), STOPWATCHES[where]) as one,
        Only(kind.store(), STOPWATCHES[where]) as other,
    ):
        for sequencer in (one, other):  # now each remembers an edge that is not the log's
            await sequencer.append(b"met")
        placed |= {0: b"met", 1: b"met"}
        await asyncio.gather(
            *(client(one, f"one {n}") for n in range(4)),
            *(client(other, f"other {n}") for n in range(4)),
        )
    assert refused, "they met at the fence"
    assert recheck(kind.store()) == [placed[index] for index in range(202)]


def write_until(kind: Kind, run: str, where: str, lines: int) -> list[tuple[int, bytes]]:
    """Start a writer, read what it says is durable, kill it, read what it still said."""
    process = subprocess.Popen(
        [sys.executable, Path("tests/log_store_writer.py"), run, where, *kind.address],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": "tests"},
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        said = [stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += stdout.readlines()
    assert process.wait(30) == -signal.SIGKILL
    whole = [line.split() for line in said if line.endswith(b"\n")]
    return [(int(index), entry) for index, entry in whole]


@pytest.mark.system
@pytest.mark.parametrize("where", [*STOPWATCHES, "sealers"])
def test_audit_11_killed_again_and_again(kind: Kind, where: str) -> None:
    promised: list[tuple[int, bytes]] = []
    for run in range(5):
        promised += write_until(kind, f"run{run}", where, 40 + 97 * run)
        kept = entries(kind.store())
        assert all(kept[index] == entry for index, entry in promised)
    assert len(dict(promised)) == len(promised) > 1_000
    Log(kind.store(), lambda: [LOG]).append([b"and on"])
    assert recheck(kind.store())[-1] == b"and on"


def crash(running: Server) -> None:
    running.stop("immediate")
    running.start()


@pytest.mark.system
async def test_audit_11_the_server_of_the_database_crashes(where: str) -> None:
    with server() as running:
        kind = postgres_kind(running, postgres_database(running, "crash"))
        placed: dict[int, bytes] = {}
        doubtful: set[bytes] = set()
        crashing = {60: asyncio.Event(), 160: asyncio.Event()}
        async with Only(kind.store(), STOPWATCHES[where]) as sequencer:

            async def client(number: int) -> None:
                for n in range(60):
                    entry = b"%d %d" % (number, n)
                    try:
                        placed[(await sequencer.append(entry)).index] = entry
                    except Unavailable:
                        doubtful.add(entry)
                    if now := crashing.get(len(placed) + len(doubtful)):
                        now.set()

            async def crashes() -> None:
                for now in crashing.values():
                    await now.wait()
                    await asyncio.to_thread(crash, running)

            await asyncio.gather(crashes(), *(client(number) for number in range(8)))
            await sequencer.append(b"and on")
        kept = recheck(kind.store())
        kind.close()
    assert all(kept[index] == entry for index, entry in placed.items())
    assert set(kept) <= set(placed.values()) | doubtful | {b"and on"}
    assert len(set(kept)) == len(kept)


def test_audit_11_every_receipt_stays_good(kind: Kind) -> None:
    log = Log(kind.store(), lambda: [LOG])
    made = []
    for n in range(12):
        sealed = event(n)
        log.append([sealed.leaf])
        made.append(Receipt(LOG.key, log.prove(n), sealed.leaf, sealed.disclosures))
    note = kind.store().read_head()
    assert note is not None
    assert open_checkpoint(note, LOG.key).checkpoint.size == 12
    for receipt in made:
        receipt.proof.verify(receipt.leaf, LOG.key)
