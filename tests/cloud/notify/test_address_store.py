from __future__ import annotations

from bayward.cloud.notify import address_store
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, after
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, GrantId, PersonId, SiteId
from bayward.core.roles import Binding, Node, Role
from cloud_bench import BankTwin, CloudBench, named


async def test_a_message_reads_person_parcel_and_door_in_one_breath(
    cloud: CloudBench, deposited: BankTwin, anne: PersonId
) -> None:
    def look(work: Work) -> None:
        waiting = address_store.waiting(work.tx, deposited.tenant, named(GrantId, 1))
        assert waiting is not None
        assert (waiting.place.site, waiting.place.bank) == ("Northgate", "Lobby 1")
        assert (waiting.number, waiting.reach, waiting.carrier) == (1, "low", "UPS")
        assert (waiting.recipient, waiting.grant_state) == (anne, GrantState.ACTIVE)
        assert waiting.ended_at is None
        contact = address_store.contact(work.tx, deposited.tenant, anne)
        assert contact is not None
        assert (contact.name, contact.email, contact.language) == (
            "Anne",
            "anne@example.com",
            "en",
        )

    await cloud.unit.read(look)


async def test_identity_62_nothing_of_another_tenant_is_read(
    cloud: CloudBench, deposited: BankTwin, anne: PersonId
) -> None:
    stranger = await cloud.tenant(2)

    def look(work: Work) -> list[object]:
        tx = work.tx
        return [
            address_store.waiting(tx, stranger, named(GrantId, 1)),
            address_store.contact(tx, stranger, anne),
            address_store.place_of(tx, stranger, deposited.id),
            address_store.door_number(tx, stranger, deposited.id, deposited.door(1)),
            address_store.admission(tx, stranger, deposited.id, anne),
            address_store.alarm(tx, stranger, "inc"),
        ]

    assert await cloud.unit.read(look) == [None] * 6


async def test_staff_of_a_bank_are_its_administrators_with_an_address(
    cloud: CloudBench, bank: BankTwin
) -> None:
    now, tenant = cloud.clock.at, bank.tenant
    [site] = [SiteId(row.site) for row in cloud.rows(s.site)]
    here, elsewhere = Node(tenant, site, bank.id), Node(tenant, site, BankId(named(BankId, 9)))
    given = {
        "Tina": Binding(PersonId(""), Role.ADMIN, Node(tenant), now, None),
        "Sam": Binding(PersonId(""), Role.ADMIN, Node(tenant, site), now, None),
        "Bea": Binding(PersonId(""), Role.ADMIN, here, now, None),
        "Otto": Binding(PersonId(""), Role.ADMIN, elsewhere, now, None),
        "Late": Binding(PersonId(""), Role.ADMIN, here, after(now, DAY_MS), None),
        "Past": Binding(PersonId(""), Role.ADMIN, here, now, after(now, 1)),
        "Resi": Binding(PersonId(""), Role.RESIDENT, here, now, None),
        "Gone": Binding(PersonId(""), Role.ADMIN, here, now, None),
    }
    for name, binding in given.items():
        details = Details(name=name, email=f"{name.lower()}@example.com")
        added = await cloud.do(people.add, tenant, None, details, binding)
        if name == "Gone":
            await cloud.do(people.disable, tenant, None, added.person)
    cloud.wait(1)

    def staff(work: Work) -> set[str]:
        found = address_store.staff(work.tx, tenant, bank.id, work.now)
        return {contact.name for contact in found}

    assert await cloud.unit.read(staff) == {"Tina", "Sam", "Bea"}
