"""The control plane of a simulated world: the real unit, ingest, reactions, slices and workers.

Its database is real SQLite in memory and outlives the process; everything else is gone with a
crash, which can happen before, inside or after any commit. The clock is the world's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.cloud import orders, reactions, workers
from bayward.cloud.audit import beacons
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.jobs import STORAGE_WAIT_MS, Worker
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import NONCE_BYTES, decrypt, encrypt
from bayward.cloud.link.ingest import Ingest
from bayward.cloud.notify.caller import Caller
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import JOBS, House, Ids, Unit, Work
from bayward.core.commands import CommandResult
from bayward.core.errors import Invalid, Unavailable
from bayward.core.ids import BankId, TenantId
from bayward.ledger.keys import Signer, cosigner, ecdsa_signer, ed25519_signer
from bayward.sim.gateway import Gateway
from bayward.sim.network import Network
from bayward.sim.plane import Crash, LogKeys, Plane
from bayward.sim.post import Post, PostOffice
from bayward.sim.settle import settled
from bayward.sim.world import Appointment, World
from bayward.wire.link import directory_pages
from bayward.wire.messages import Recipient

T = TypeVar("T")

HOUSE = "world.example"
URL = "https://world.example"
JOBS_MS = 500  # what is put into the outbox together is done together
NEVER_MS = 10**15


class Keys:
    """The secrets of the control plane, the same in every world (`cloud.keys.Keys`)."""

    def __init__(self) -> None:
        chance = Random("keys of the control plane")
        self.notifier = ec.derive_private_key(chance.getrandbits(250) + 1, ec.SECP256R1())
        self._log = ec.derive_private_key(chance.getrandbits(250) + 1, ec.SECP256R1())
        self._seal = AESGCM(chance.randbytes(32))
        self._sealed = 0
        self._signers: dict[str, Signer] = {}
        self._keks: dict[tuple[str, int], bytes] = {}

    def log_signer(self, origin: str) -> Signer:
        """Sign checkpoints of the log `origin`."""
        if origin not in self._signers:
            self._signers[origin] = ecdsa_signer(origin, self._log)
        return self._signers[origin]

    def anchor_signer(self, origin: str) -> Signer:
        """The same in every world."""
        seed = hashlib.sha256(b"anchor").digest()
        return ed25519_signer(origin, ed25519.Ed25519PrivateKey.from_private_bytes(seed))

    def cosigners(self, role: str, name: str, time: int) -> list[Signer]:
        """One key for each role, the same in every world."""
        seed = hashlib.sha256(f"cosigner {role}".encode()).digest()
        return [cosigner(name, ed25519.Ed25519PrivateKey.from_private_bytes(seed), time)]

    def seal(self, context: str, plain: bytes) -> bytes:
        """Encrypt; the nonce counts, so that a world can repeat itself."""
        self._sealed += 1
        nonce = self._sealed.to_bytes(NONCE_BYTES, "big")
        return nonce + self._seal.encrypt(nonce, plain, context.encode())

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Undo `seal`."""
        return self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())

    def make_kek(self, tenant: str, epoch: int) -> None:
        """The same in every world."""
        self._keks[tenant, epoch] = _kek(tenant, epoch)

    def wrap(self, tenant: str, epoch: int, context: str, key: bytes) -> bytes:
        """As `seal`, under a KEK; a counter for a nonce would be the same in two worlds."""
        nonce = hashlib.sha256(context.encode()).digest()[:NONCE_BYTES]
        return encrypt(self._kek(tenant, epoch), context, key, lambda _: nonce)

    def unwrap(self, tenant: str, epoch: int, context: str, wrapped: bytes) -> bytes:
        """Undo `wrap`."""
        return decrypt(self._kek(tenant, epoch), context, wrapped)

    def keks(self, tenant: str) -> list[int]:
        """Epochs that have a KEK."""
        return sorted(epoch for owner, epoch in self._keks if owner == tenant)

    def destroy_kek(self, tenant: str, epoch: int) -> None:
        """Forget one."""
        self._keks.pop((tenant, epoch), None)

    def _kek(self, tenant: str, epoch: int) -> AESGCM:
        if epoch == 1:  # the register may have made it, in another life
            self._keks.setdefault((tenant, epoch), _kek(tenant, epoch))
        if (tenant, epoch) not in self._keks:
            raise Invalid("kek.gone", epoch=epoch)
        return AESGCM(self._keks[tenant, epoch])


def _kek(tenant: str, epoch: int) -> bytes:
    return hashlib.sha256(f"{tenant} {epoch}".encode()).digest()


class Storage:
    """The database, and how it fails (`cloud.unit.Store`)."""

    def __init__(self, plane: Plane, database: bytes | None) -> None:
        self.inline = InlineStore(database)
        self._plane = plane

    async def write(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` in a transaction."""
        plane = self._plane
        if plane.is_full:
            raise Unavailable("storage.full", cause="full")
        if not plane.is_crash_due():
            return await self.inline.write(function)
        if plane.crash_when == "inside":
            await self.inline.write(lambda tx: _die_after(function, tx))
        elif plane.crash_when == "after":
            await self.inline.write(function)
        raise Crash

    async def read(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function`; what it writes is rolled back."""
        return await self.inline.read(function)

    async def scrub(self, *, is_whole: bool = False) -> None:
        """There is no file."""
        await self.inline.scrub(is_whole=is_whole)

    def glance(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        """A question to SQLite itself, without the machinery; for checkers and idle hands."""
        raw = self.inline.connection.connection.driver_connection
        assert raw is not None, "open until the end"
        found: list[tuple[Any, ...]] = raw.execute(query, parameters).fetchall()
        return found


def _die_after(function: Callable[[sa.Connection], T], tx: sa.Connection) -> None:
    function(tx)
    raise Crash


class SimCloud(Plane):
    """The whole control plane."""

    def __init__(
        self,
        world: World,
        network: Network,
        post: PostOffice,
        database: bytes | None = None,
        keyring: bytes | None = None,
    ) -> None:
        super().__init__(world, network)
        self.keys = Keys()
        self._keyring = Keyring(KeyringFile(None, keyring), self.keys)
        self.storage = Storage(self, database)
        self.unit: Unit
        self._post = post
        self._lanes: list[Worker] = []
        self._loop = asyncio.new_event_loop()
        self._jobs_at: Appointment | None = None
        self._random = world.stream("cloud ids")
        self.start()

    def start(self) -> None:
        """Start the process on what the database holds."""
        house = House(HOUSE, URL, self.keys, self._keyring)
        self.unit = Unit(
            store=self.storage,
            clock=self.clock,
            ids=Ids(self._random.randbytes),
            house=house,
            react=reactions.react,
        )
        spki = self.keys.notifier.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        ingest = Ingest(self.unit, spki)
        self.ingest = ingest
        self.unit.on_commit(self._committed)
        mailer = Post(self.unit, self.keys.notifier, self._post)
        self._lanes = workers.lanes(
            self.unit,
            mailer=mailer,
            caller=Caller(self.unit, audit.event_at),
            random=self._random.random,
        )
        settled(ingest.start())
        self.listen()
        self._set_jobs(0)

    def stop(self) -> None:
        """End for good."""
        self.is_up = False
        self._loop.close()
        self.storage.inline.close()
        self._keyring.close()

    def crash(self) -> None:
        """Die now; what the workers had begun is lost."""
        super().crash()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    def write(self, function: Callable[[Work], T]) -> T | None:
        """What somebody does at the console or a phone; None when it cannot be done now."""
        if not self.is_up:
            return None
        try:
            return settled(self.unit.write(function))
        except Crash:
            self.crash()
        except Unavailable:
            self.world.tell("cloud", "(not written)")
        return None

    def read(self, function: Callable[[Work], T]) -> T:
        """Look, whatever state the process is in."""
        return settled(self.unit.read(function))

    def log_keys(self, tenant: TenantId) -> LogKeys:
        """What `cloud.web.enrol` gives out."""

        def find(work: Work) -> LogKeys:
            return LogKeys(tuple(beacons.vkeys(work)), audit.vkey_of(work, tenant))

        return self.read(find)

    def mirrored(self, bank: BankId) -> tuple[int, bytes]:
        """Size and root of a bank's log as it was accepted."""
        [(size, root)] = self.storage.glance(
            "SELECT size, root FROM log WHERE bank = ? AND state = 'live'", bank
        )
        return size, root

    def ended(self, device: DeviceIdentity, result: CommandResult) -> None:
        """A bank has answered an order."""
        settled(self.unit.write(lambda work: orders.end(work, device.tenant, device.bank, result)))

    def pump(self, gateway: Gateway) -> None:
        """Send a connected bank its orders, and a directory that has changed."""
        tenant, bank, epoch = gateway.device.tenant, gateway.device.bank, gateway.epoch
        gateway.send(settled(self.unit.write(lambda work: orders.take(work, tenant, bank, epoch))))
        revision, found = settled(self.unit.read(lambda work: fleet.directory(work, tenant, bank)))
        if revision != gateway.directory_revision:
            gateway.directory_revision = revision
            people = [
                Recipient(person=one.person, unit=one.unit, name=one.name, needs_low=one.needs_low)
                for one in found
            ]
            gateway.page(directory_pages(revision, people))

    def _committed(self, topics: frozenset[str]) -> None:
        for topic in sorted(topics):
            kind, _, subject = topic.partition("/")
            if kind == JOBS:
                self._set_jobs(JOBS_MS)
            elif kind == "bank":
                self.pump_later(BankId(subject))

    def _set_jobs(self, wait_ms: int) -> None:
        if self._jobs_at is not None:
            self._jobs_at.cancel()
        self._jobs_at = self.later(wait_ms, self._do_jobs)

    def _do_jobs(self) -> None:
        try:
            if self._due_ms() <= 0:
                for lane in self._lanes:
                    self._loop.run_until_complete(lane.run_due())
        except Unavailable:  # as `Worker.run` does: wait, and try again
            self._set_jobs(STORAGE_WAIT_MS)
            return
        next_ms = self._due_ms()
        if next_ms < NEVER_MS:
            self._set_jobs(max(JOBS_MS, next_ms))

    def _due_ms(self) -> int:
        """How long until there is something to do; a glance that costs no statement."""
        [(due,)] = self.storage.glance(
            "SELECT min(max(due, coalesce(locked_until, 0))) FROM job WHERE state = 'waiting'"
        )
        return NEVER_MS if due is None else max(0, due - self.world.now())
