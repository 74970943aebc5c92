"""The control plane's own logs: what a request that logs costs, and what is kept of each event.

Everything an event causes is in it: the sealed entry, its disclosures, the line of the index, the
signed checkpoint, one flush. An upload is what a bank brings, with its line in the tenant's log.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter, perf_counter_ns

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.audit import mirror
from bayward.cloud.fleet import store as fleet
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.reactions import react
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import House, Ids, Unit, Work
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, TenantId
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, consistency_proof
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.ledger.merkle import leaf_hash
from bayward.wire.messages import Entry, Upload
from bayward.wire.upload import check_upload
from bench import logs
from bench.measures.receipt import fdatasync_us
from bench.table import Table, percentile, us

TENANT = TenantId.of(b"bench".ljust(16))
BANK = BankId.of(b"bench".ljust(16))
NAME = "bench.example"
TOGETHER = 5  # events of one request
UPLOADED = 20  # entries of one upload


class _Clock:
    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000_000)

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


@dataclass
class _Twin:
    """The log of a bank, in memory."""

    signer: Signer = field(
        default_factory=lambda: ecdsa_signer(
            f"{NAME}/bank/{BANK}/1", ec.generate_private_key(ec.SECP256R1())
        )
    )
    frontier: Frontier = field(default_factory=Frontier)
    hashes: list[bytes] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[one] for one in indexes]

    def upload(self, entries: int) -> Upload:
        sealed = [logs.event() for _ in range(entries)]
        old = self.frontier.size
        self.frontier, stored = self.frontier.extend(leaf_hash(one.leaf) for one in sealed)
        self.hashes += stored
        name, size = self.signer.key.name, self.frontier.size
        return Upload(
            old_size=old,
            checkpoint=sign_checkpoint(Checkpoint(name, size, self.frontier.root), [self.signer]),
            proof=consistency_proof(old, size, self) if old else [],
            entries=[
                Entry(leaf=one.leaf.decode(), disclosures=[*one.disclosures]) for one in sealed
            ],
            letters=[],
        )


class _ControlPlane:
    """A tenant and a bank on a database of their own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bayward.db"
        self.store = SqliteStore.open(self.path)
        keys = FileKeys.create(folder / "keys")
        house = House(NAME, f"https://{NAME}", keys, Keyring(KeyringFile(None), keys))
        self.unit = Unit(
            store=self.store, clock=_Clock(), ids=Ids(os.urandom), house=house, react=react
        )
        self.twin = _Twin()

    async def begin(self) -> None:
        def begin(work: Work) -> None:
            fleet.insert_tenant(work.tx, fleet.Tenant(TENANT, "Bench", work.now))
            event = Event(
                type=EventType.BANK_ENROLLED, time=work.now, bank=BANK,
                origin=self.twin.signer.key.name, detail=self.twin.signer.key.vkey,
            )  # fmt: skip
            work.emit(event, tenant=TENANT)

        await self.unit.write(begin)

    async def tell(self, events: int) -> None:
        """One request that logs so many events."""

        def tell(work: Work) -> None:
            for number in range(events):
                event = Event(
                    type=EventType.SIGN_IN_REFUSED, time=work.now, method="code", reason=f"{number}"
                )
                work.emit(event, tenant=TENANT)

        await self.unit.write(tell)

    async def take(self, upload: Upload) -> None:
        """What a bank uploads."""

        def take(work: Work) -> None:
            known = mirror.known(work, TENANT, BANK, self.twin.signer.key.name)
            mirror.keep(work, TENANT, BANK, known.key, check_upload(known, upload))

        await self.unit.write(take)

    async def bytes_kept(self) -> int:
        await self.store.scrub()
        return self.path.stat().st_size


def run(*, quick: bool) -> Table:
    table = Table("The control plane's logs", "python -m bench events")
    rounds = 60 if quick else 600
    with tempfile.TemporaryDirectory() as name:
        flush = fdatasync_us(Path(name), 200)
        table.add("fdatasync of one record, p50", us(flush))
        for what, events, clients in (
            ("one event a request, 1 client", 1, 1),
            ("one event a request, 64 clients", 1, 64),
            (f"{TOGETHER} events a request, 1 client", TOGETHER, 1),
            (f"{UPLOADED} entries an upload, 1 bank", 0, 1),
        ):
            folder = Path(name) / f"{events} {clients}"
            folder.mkdir()
            taken, passed, size = asyncio.run(
                measured(folder, events=events, clients=clients, rounds=rounds)
            )
            kept = len(taken) * (events or UPLOADED)
            table.add(what, f"{kept / passed:,.0f} events/s, p50 {us(percentile(taken, 0.5))}, "
                f"{size / kept:,.0f} bytes of database an event")  # fmt: skip
            if (events, clients) == (1, 1):
                table.ratio("  p50 / fdatasync", percentile(taken, 0.5), flush, goal="none yet")
    return table


async def measured(
    folder: Path, *, events: int, clients: int, rounds: int
) -> tuple[list[float], float, int]:
    """How long each request took, how long all did, and by how much the database grew."""
    plane = _ControlPlane(folder)
    try:
        await plane.begin()
        await plane.store.scrub(is_whole=True)  # else it grows into what the migrations left free
        before = await plane.bytes_kept()
        taken: list[float] = []
        numbers = count()

        async def client() -> None:
            while next(numbers) < rounds:
                upload = None if events else plane.twin.upload(UPLOADED)
                start = perf_counter_ns()
                await (plane.tell(events) if upload is None else plane.take(upload))
                taken.append((perf_counter_ns() - start) / 1_000)

        start = perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        passed = perf_counter() - start
        return taken, passed, await plane.bytes_kept() - before
    finally:
        plane.store.close()
