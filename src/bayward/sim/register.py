"""The register of the town: its database as it is before anything happens, made once.

Everybody a world could need is in it, with the same ids in every world: the organisation, its
administrator, residents, couriers, and banks that are enrolled already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud import reactions
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.fleet.store import BankState
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import House, Ids, Unit, Work
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.core.roles import Binding, Node, Role
from bayward.edge.identity import log_origin
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.sim.cloud import HOUSE, URL, Keys
from bayward.sim.settle import settled
from bayward.sim.world import World

T = TypeVar("T")

BANKS = ("north", "south", "east")
RESIDENTS = tuple(f"r{number}" for number in range(1, 11))
COURIERS = tuple(f"c{number}" for number in range(1, 4))
ADMINISTRATOR = "ada"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A bank as enrolment left it."""

    device: DeviceIdentity
    signer: Signer

    @property
    def bank(self) -> BankId:
        """Its id."""
        return self.device.bank


@dataclass(frozen=True, slots=True)
class Register:
    """What a world begins with."""

    database: bytes
    keyring: bytes
    tenant: TenantId
    people: dict[str, PersonId]
    banks: dict[str, Enrolled]


@cache
def register() -> Register:
    """The register, made in a moment before any world begins."""
    return _Clerk().register()


class _Clerk:
    """Writes the register."""

    def __init__(self) -> None:
        self._chance = Random("register")
        self._store = InlineStore()
        self._keyring = KeyringFile(None)
        keys = Keys()
        self._unit = Unit(
            store=self._store,
            clock=World(0),  # it stands at the beginning
            ids=Ids(self._chance.randbytes),
            house=House(HOUSE, URL, keys, Keyring(self._keyring, keys)),
            react=reactions.react,
        )

    def register(self) -> Register:
        tenant = self._write(lambda work: enrolment.create_tenant(work, "Northgate House"))
        site = self._write(lambda work: enrolment.create_site(work, tenant, "Lobby"))
        known = {ADMINISTRATOR: self._person(tenant, ADMINISTRATOR, Role.ADMIN)}
        known |= {name: self._person(tenant, name, Role.RESIDENT) for name in RESIDENTS}
        known |= {name: self._person(tenant, name, Role.COURIER) for name in COURIERS}
        banks: dict[str, Enrolled] = {}
        actor = known[ADMINISTRATOR]
        for name in BANKS:
            create = partial(
                enrolment.create_bank, tenant=tenant, site=site, name=name, actor=actor
            )
            bank = self._write(create)
            banks[name] = self._enrolled(tenant, bank)
        database = self._store.serialize()
        keyring = self._keyring.serialize()
        self._store.close()
        self._keyring.close()
        return Register(database, keyring, tenant, known, banks)

    def _write(self, function: Callable[[Work], T]) -> T:
        return settled(self._unit.write(function))

    def _person(self, tenant: TenantId, name: str, role: Role) -> PersonId:
        def add(work: Work) -> PersonId:
            binding = Binding(PersonId(""), role, Node(tenant), work.now, None)
            details = Details(name=name, email=address_of(name), unit=name)
            return people.add(work, tenant, None, details, binding).person

        return self._write(add)

    def _enrolled(self, tenant: TenantId, bank: BankId) -> Enrolled:
        key = ec.derive_private_key(self._chance.getrandbits(250) + 1, ec.SECP256R1())
        signer = ecdsa_signer(log_origin(HOUSE, bank, 1), key)
        self._write(lambda work: _enrol(work, tenant, bank, signer))
        pin = hashlib.sha256(signer.key.public).hexdigest()
        return Enrolled(DeviceIdentity(tenant, bank, pin), signer)


def address_of(name: str) -> str:
    """Somebody's e-mail address."""
    return f"{name}@{HOUSE}"


def _enrol(work: Work, tenant: TenantId, bank: BankId, signer: Signer) -> None:
    """What `fleet.enrolment.enrol` writes once the certificate is made."""
    row = fleet_store.find_bank(work.tx, tenant, bank)
    assert row is not None, "just created"
    fleet_store.update_bank(
        work.tx,
        row,
        state=BankState.ENROLLED.value,
        spki=hashlib.sha256(signer.key.public).digest(),
        origin=signer.key.name,
        enrolled_at=work.now,
    )
    work.emit(
        Event(
            type=EventType.BANK_ENROLLED,
            time=work.now,
            bank=bank,
            origin=signer.key.name,
            detail=signer.key.vkey,
        ),
        tenant=tenant,
    )
