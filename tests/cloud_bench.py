"""A control plane on a real database, with banks whose logs are real, and time moved by hand."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import bench_snapshot
from bayward.cloud import reactions
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.link.ingest import Ingest
from bayward.cloud.notify import webhooks
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.storage.migrations import upgrade as migrations_upgrade
from bayward.cloud.unit import OPERATOR, House, Ids, Place, Store, Unit, Work
from bayward.core.clock import DAY_MS, after
from bayward.core.compartment import Compartment, Mode, Size
from bayward.core.events import Event, EventType, Scalar
from bayward.core.ids import (
    BankId,
    CommandId,
    CompartmentId,
    GrantId,
    Id,
    ParcelId,
    PersonId,
    SiteId,
    TenantId,
)
from bayward.core.roles import Binding, Node, Role
from bayward.ledger.keys import Signer, cosigner, ecdsa_signer, ed25519_signer
from bayward.wire import letters
from bayward.wire.messages import Acked, Hello, Letter, LetterKind, layout_of
from bench_snapshot import Snapshot
from link_bench import DeviceLog
from people_bench import START, HandClock, Numbers

T = TypeVar("T")
HOUSE = "lockers.example.com"
URL = "https://lockers.example.com"
NOTIFIER = ec.derive_private_key(99, ec.SECP256R1())
EPOCH = "e" * 26
_T = EventType


@cache
def template() -> bytes:
    """An empty database, created once by the migrations."""
    store = InlineStore()
    try:
        return store.serialize()
    finally:
        store.close()


def dump_of(store: InlineStore) -> list[str]:
    """The statements that make such a database."""
    raw = store.connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return list(raw.iterdump())


@cache
def quick_upgrade() -> Callable[[sa.Connection], None]:
    """What does as `migrations.upgrade`, in a tenth of the time where nothing is there yet."""
    with closing(InlineStore(template())) as store:
        script = [one for one in dump_of(store) if one not in {"BEGIN TRANSACTION;", "COMMIT;"}]

    def upgrade(connection: sa.Connection) -> None:
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
            migrations_upgrade(connection)
            return
        for statement in script:
            connection.exec_driver_sql(statement)

    return upgrade


class HandShelf:
    """KEKs that a test can take away."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.held.get(name)

    def put(self, name: str, key: bytes) -> None:
        self.held[name] = key

    def destroy(self, name: str) -> None:
        self.held.pop(name, None)

    def names(self) -> list[str]:
        return sorted(self.held)


class HandKeys(FileKeys):
    """Keys in memory, with cosigners that need no directory."""

    def anchor_signer(self, origin: str) -> Signer:
        seed = hashlib.sha256(b"anchor").digest()
        return ed25519_signer(origin, Ed25519PrivateKey.from_private_bytes(seed))

    def cosigners(self, role: str, name: str, time: int) -> list[Signer]:
        seed = hashlib.sha256(f"{role} {name}".encode()).digest()
        return [cosigner(name, Ed25519PrivateKey.from_private_bytes(seed), time)]


def keys(shelf: HandShelf | None = None) -> FileKeys:
    log = ec.derive_private_key(7, ec.SECP256R1())
    return HandKeys(log, bytes(range(32)), shelf or HandShelf())


def keyring(keys: FileKeys) -> Keyring:
    """A keyring with nothing in it, in memory."""
    return Keyring(KeyringFile(None), keys)


def named(kind: type[Id], number: int) -> str:
    """An id that a reader can tell from others of its kind."""
    return kind.of(bytes([number]) * 16)


PLAIN: Mapping[int, Mode] = {}


@dataclass
class BankTwin:
    """A bank's side of the link: a real log under its own key, and letters sealed for real."""

    bench: CloudBench
    tenant: TenantId
    id: BankId
    log: DeviceLog
    sent: int = 0
    letter_count: int = 0
    mono: int = 0
    told: Acked | None = None

    @property
    def device(self) -> DeviceIdentity:
        return DeviceIdentity(self.tenant, self.id, "pin")

    @property
    def hello(self) -> Hello:
        return Hello(
            protocols=[1],
            firmware="1.0",
            boot=1,
            origin=self.log.signer.key.name,
            size=self.log.size,
            checkpoint=self.log.note(self.log.size),
            epoch=EPOCH,
            layout_hash="0" * 64,
            directory_revision=0,
            now=self.bench.clock.now(),
        )

    def record(self, kind: EventType, **told: Scalar) -> Event:
        self.mono += 1
        event = Event(type=kind, time=self.bench.clock.now(), mono=self.mono, **told)  # type: ignore[arg-type]  # kinds are checked by `from_fields` on the other side
        self.log.add(**event.public().to_fields())  # type: ignore[arg-type]  # no field is called `with_letter`
        return event

    def seal(self, kind: LetterKind, subject: str, code: str) -> None:
        typed = GrantId(subject) if kind is LetterKind.PICKUP else PersonId(subject)
        sealed = letters.seal(code, NOTIFIER.public_key(), self.id, typed)
        self.letter_count += 1
        letter = Letter(id=self.letter_count, kind=kind, subject=subject, sealed=sealed)
        self.log.letters.append((self.log.size, letter))

    async def upload(self, ingest: Ingest) -> int:
        acked = await ingest.upload(self.device, self.log.upload(self.sent, self.log.size))
        self.sent = self.log.size
        self.told = acked
        return acked.acked

    def door(self, number: int) -> CompartmentId:
        return CompartmentId.of(self.id.raw[:15] + bytes([number]))

    def deposit(
        self, number: int, *, recipient: str, courier: str, code: str = "48219037", door: int = 1
    ) -> tuple[str, str]:
        """A courier leaves a parcel; gives the ids of parcel and grant."""
        parcel, grant = named(ParcelId, number), named(GrantId, number)
        space = {"compartment": self.door(door), "parcel": parcel}
        hands = {"actor": courier, "recipient": recipient, "size": "M"}
        self.record(_T.COMPARTMENT_RESERVED, **space, **hands, tracking="1Z5R80000127")
        self.record(_T.PARCEL_DEPOSITED, **space, **hands, method="kiosk", carrier="UPS")
        self.issue(grant, parcel, recipient=recipient, door=door)
        self.seal(LetterKind.PICKUP, grant, code)
        return parcel, grant

    def issue(self, grant: str, parcel: str, *, recipient: str, door: int = 1) -> None:
        self.record(
            _T.GRANT_ISSUED,
            grant=grant,
            parcel=parcel,
            compartment=self.door(door),
            recipient=recipient,
            not_after=after(self.bench.clock.now(), 7 * DAY_MS),
        )

    def collect(self, number: int, *, door: int = 1) -> None:
        parcel, grant = named(ParcelId, number), named(GrantId, number)
        command = named(CommandId, number)
        space = {"compartment": self.door(door), "command": command}
        self.record(_T.ACCESS_GRANTED, grant=grant, **space, method="code")
        self.record(_T.UNLOCK_ENDED, grant=grant, **space, result="opened")
        self.record(
            _T.PARCEL_COLLECTED,
            parcel=parcel,
            compartment=self.door(door),
            grant=grant,
            result="empty",
        )

    def force(self, door: int = 2, *, parcel: str | None = None) -> None:
        behind = {} if parcel is None else {"parcel": parcel}
        self.record(_T.DOOR_FORCED_OPEN, compartment=self.door(door), **behind)
        self.record(
            _T.LOCKDOWN_ENGAGED,
            scope="bank",
            compartment=self.door(door),
            reason="forced_open",
            actor="bank",
        )


@dataclass
class CloudBench:
    """One control plane."""

    store: Store
    clock: HandClock
    unit: Unit
    ingest: Ingest
    told: list[tuple[TenantId, Event]] = field(default_factory=list)

    @property
    def tx(self) -> sa.Connection:
        """For looking at what was written (with an `InlineStore`)."""
        assert isinstance(self.store, InlineStore)
        return self.store.connection

    def wait(self, ms: int) -> None:
        self.clock.at = after(self.clock.at, ms)

    async def do(self, function: Callable[..., T], *args: object, **named: object) -> T:
        """Run a service in a unit of work of its own."""
        return await self.unit.write(lambda work: function(work, *args, **named))

    async def tenant(self, number: int = 1) -> TenantId:
        tenant = TenantId(named(TenantId, number))

        def begin(work: Work) -> None:
            made = fleet_store.Tenant(tenant, f"House {number}", work.now)
            fleet_store.insert_tenant(work.tx, made)
            work.emit(Event(type=_T.TENANT_CREATED, time=work.now, subject=tenant), tenant=tenant)
            site = SiteId(named(SiteId, number))
            fleet_store.insert_site(
                work.tx, fleet_store.Site(tenant, site, "Northgate", None, "Europe/Paris", work.now)
            )

        await self.unit.write(begin)
        return tenant

    async def platform(self) -> None:
        """The tenant whose log is the anchor."""
        made = fleet_store.Tenant(OPERATOR, "Platform", self.clock.at)
        await self.do(lambda work: fleet_store.insert_tenant(work.tx, made))

    async def person(
        self, tenant: TenantId, name: str, role: Role, *, email: str | None = ""
    ) -> PersonId:
        address = f"{name.lower()}@example.com" if email == "" else email
        offered = Binding(PersonId(""), role, Node(tenant), self.clock.now(), None)
        details = Details(name=name, email=address)
        added = await self.do(people.add, tenant, None, details, offered)
        return added.person

    async def bank(
        self, tenant: TenantId, number: int = 1, doors: int = 4, modes: Mapping[int, Mode] = PLAIN
    ) -> BankTwin:
        """An enrolled bank that has told its layout; `modes` of the doors that are for more."""
        bank = BankId(named(BankId, number))
        origin = f"{HOUSE}/bank/{bank}/1"
        signer = ecdsa_signer(origin, ec.derive_private_key(1000 + number, ec.SECP256R1()))
        twin = BankTwin(self, tenant, bank, DeviceLog(seed=number, signer=signer))

        def enrol(work: Work) -> None:
            site = fleet_store.sites(work.tx, tenant)[0].site
            made = fleet_store.Bank(
                tenant=tenant,
                bank=bank,
                site=site,
                name=f"Lobby {number}",
                state=fleet_store.BankState.ENROLLED,
                created_at=work.now,
                spki=bytes([number]) * 32,
                origin=origin,
            )
            fleet_store.insert_bank(work.tx, made)
            event = Event(
                type=_T.BANK_ENROLLED,
                time=work.now,
                bank=bank,
                origin=origin,
                detail=signer.key.vkey,
            )
            work.emit(event, tenant=tenant)

        await self.unit.write(enrol)
        built = [
            replace(compartment(twin.door(door), door), mode=modes.get(door, Mode.DELIVERY))
            for door in range(1, doors + 1)
        ]
        await self.ingest.layout(twin.device, layout_of("Lobby", "1" * 64, built))
        return twin

    def events(self, kind: EventType) -> list[Event]:
        return [event for _, event in self.told if event.type is kind]

    def rows(self, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
        with self.tx.begin():
            return list(self.tx.execute(sa.select(table)))

    def dump(self) -> bytes:
        """Everything the database holds, as one would steal it."""
        assert isinstance(self.store, InlineStore)
        return self.store.serialize()


def compartment(space: CompartmentId, number: int) -> Compartment:
    return Compartment(
        id=space,
        number=number,
        column=1,
        row=number,
        height_units=4,
        size=Size.M,
        inner_width_mm=400,
        inner_height_mm=300,
        inner_depth_mm=500,
        floor_height_mm=300 * number,
    )


def notifier_spki() -> bytes:
    return NOTIFIER.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def make(store: Store | None = None) -> CloudBench:
    """A control plane with nothing in it; on a database in memory unless one is given."""
    clock = HandClock(START)
    told: list[tuple[TenantId, Event]] = []

    def react(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
        told.append((tenant, event))
        reactions.react(work, tenant, event, place)

    chosen = store or InlineStore(template())
    held = keys()
    house = House(HOUSE, URL, held, keyring(held))
    unit = Unit(store=chosen, clock=clock, ids=Ids(Numbers()), house=house, react=react)
    return CloudBench(chosen, clock, unit, Ingest(unit, notifier_spki()), told)


async def story(cloud: CloudBench) -> BankTwin:
    """What `tell` tells, from a copy where that is possible."""
    if _told and bench_snapshot.is_untouched(cloud):
        return _told[0].put_into(cloud)
    return await tell(cloud)


_told: list[Snapshot] = []


async def keep_story() -> None:
    """Tell the story once for all tests of this process, before any of them changes anything."""
    _told[:] = [Snapshot.of(await tell(make()))]


async def tell(cloud: CloudBench) -> BankTwin:
    """A parcel comes and goes, a door is forced, and somebody listens to all of it."""
    tenant = await cloud.tenant()
    admin = await cloud.person(tenant, "Ada", Role.ADMIN)
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    carl = await cloud.person(tenant, "Carl", Role.COURIER)
    await cloud.do(webhooks.create, tenant, url="https://example.com/hook", events=(), actor=admin)
    bank = await cloud.bank(tenant)
    bank.record(_T.COURIER_ADMITTED, actor=carl, carrier="UPS", not_after=cloud.clock.at + DAY_MS)
    bank.deposit(1, recipient=anne, courier=carl)
    bank.collect(1)
    bank.deposit(2, recipient=anne, courier=carl)
    bank.record(_T.CODE_ROTATED, grant=named(GrantId, 2))
    bank.record(_T.GRANT_EXPIRED, grant=named(GrantId, 2), parcel=named(ParcelId, 2))
    bank.force()
    await bank.upload(cloud.ingest)
    return bank
