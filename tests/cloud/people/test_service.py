from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.cloud.people import service as people
from bayward.cloud.people import store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import PersonState
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, NotFound
from bayward.core.ids import PersonId, SiteId
from bayward.core.roles import Binding, Node, Role
from people_bench import Bench

SITE = SiteId.of(b"s" * 16)


def binding(bench: Bench, person: PersonId, role: Role, node: Node | None = None) -> Binding:
    return people.bound(role, node or Node(bench.tenant), bench.now, person)


def test_somebody_new_is_told_to_the_log_with_the_first_role(bench: Bench) -> None:
    anne = bench.person("Anne", Role.RESIDENT, node=Node(bench.tenant, SITE))
    assert [event.subject for event in bench.events("person.created")] == [anne]
    [granted] = bench.events("role.granted")
    assert (granted.subject, granted.role, granted.scope) == (
        anne, "resident", f"{bench.tenant}/{SITE}",
    )  # fmt: skip
    assert people.get(bench.work, bench.tenant, anne).state is PersonState.INVITED


def test_names_are_brought_into_one_spelling(bench: Bench) -> None:
    details = Details(name="  Maya   Okafor ", email=" Maya@Example.com ", unit=" 4B ")
    maya = people.add(bench.work, bench.tenant, None, details, None)
    assert (maya.name, maya.email, maya.unit) == ("Maya Okafor", "Maya@Example.com", "4B")
    assert store.with_email(bench.tx, "MAYA@example.COM") == [maya]


def test_an_address_belongs_to_one_person_of_a_tenant(bench: Bench) -> None:
    bench.person("Anne")
    with pytest.raises(Conflict, match=r"person\.email_taken"):
        bench.person("ANNE")
    bench.person("Anne", tenant=bench.other)
    assert len(store.with_email(bench.tx, "anne@example.com")) == 2
    assert len(store.with_email(bench.tx, "anne@example.com", bench.tenant)) == 1


def test_a_change_says_which_fields_and_not_what_they_hold(bench: Bench) -> None:
    anne = bench.person("Anne")
    new = Details(name="Anna", email="anne@example.com", unit="12", needs_low=True)
    people.change(bench.work, bench.tenant, anne, anne, new)
    [event] = bench.events("person.changed")
    assert event.detail == "name,unit,needs_low"
    people.change(bench.work, bench.tenant, anne, anne, new)
    assert len(bench.events("person.changed")) == 1


def test_a_change_cannot_take_somebody_elses_address(bench: Bench) -> None:
    anne, bert = bench.person("Anne"), bench.person("Bert")
    theirs = Details(name="Anne", email="BERT@example.com")
    with pytest.raises(Conflict, match=r"person\.email_taken"):
        people.change(bench.work, bench.tenant, anne, anne, theirs)
    assert people.change(bench.work, bench.tenant, bert, bert, theirs).email == "BERT@example.com"


def test_who_may_be_delivered_to_reaches_every_bank(bench: Bench) -> None:
    def revision() -> int:
        return int(
            bench.tx.exec_driver_sql(
                "SELECT directory_revision FROM tenant WHERE tenant = ?", (bench.tenant,)
            ).scalar_one()
        )

    told = [revision()]
    anne = bench.person("Anne", Role.RESIDENT)
    told.append(revision())
    people.change(bench.work, bench.tenant, None, anne, Details(name="Anna"))
    told.append(revision())
    people.disable(bench.work, bench.tenant, None, anne)
    told.append(revision())
    assert told == sorted(set(told))


def test_identity_50_a_disabled_person_may_nothing(bench: Bench) -> None:
    anne = bench.person("Anne")
    assert people.principal(bench.work, bench.tenant, anne).bindings
    people.disable(bench.work, bench.tenant, None, anne)
    assert people.principal(bench.work, bench.tenant, anne).bindings == ()
    with pytest.raises(Conflict, match=r"person\.disabled"):
        people.disable(bench.work, bench.tenant, None, anne)
    people.enable(bench.work, bench.tenant, None, anne)
    assert people.principal(bench.work, bench.tenant, anne).bindings
    with pytest.raises(Conflict, match=r"person\.not_disabled"):
        people.enable(bench.work, bench.tenant, None, anne)


def test_a_role_is_held_once_and_taken_back_once(bench: Bench) -> None:
    anne = bench.person("Anne", Role.RESIDENT)
    courier = binding(bench, anne, Role.COURIER)
    people.grant(bench.work, bench.tenant, None, courier)
    with pytest.raises(Conflict, match=r"role\.held"):
        people.grant(bench.work, bench.tenant, None, courier)
    people.revoke(bench.work, bench.tenant, None, courier)
    with pytest.raises(NotFound, match=r"role\.not_held"):
        people.revoke(bench.work, bench.tenant, None, courier)
    people.grant(bench.work, bench.tenant, None, courier)
    assert len(bench.events("role.granted")) == 3
    assert len(bench.events("role.revoked")) == 1


def test_a_role_that_was_taken_back_no_longer_counts(bench: Bench) -> None:
    anne = bench.person("Anne", Role.ADMIN)
    people.revoke(bench.work, bench.tenant, None, binding(bench, anne, Role.ADMIN))
    held = people.principal(bench.work, bench.tenant, anne).bindings
    assert [one.is_active(bench.now) for one in held] == [False]


def test_the_last_owner_is_known(bench: Bench) -> None:
    anne = bench.person("Anne")
    assert people.is_last_owner(bench.work, bench.tenant, anne)
    bert = bench.person("Bert")
    assert not people.is_last_owner(bench.work, bench.tenant, anne)
    people.disable(bench.work, bench.tenant, None, bert)
    assert people.is_last_owner(bench.work, bench.tenant, anne)


def test_an_administrator_of_one_site_is_no_owner(bench: Bench) -> None:
    anne = bench.person("Anne")
    bench.person("Bert", node=Node(bench.tenant, SITE))
    assert people.is_last_owner(bench.work, bench.tenant, anne)


def test_nobody_of_another_tenant_is_found(bench: Bench) -> None:
    foreign = bench.person("Anne", tenant=bench.other)
    with pytest.raises(NotFound, match=r"person\.unknown"):
        people.get(bench.work, bench.tenant, foreign)
    with pytest.raises(NotFound):
        people.disable(bench.work, bench.tenant, None, foreign)


def test_people_of_the_platform_belong_to_no_tenant(bench: Bench) -> None:
    root = bench.person("Root", Role.SUPER_ADMIN, node=Node(), tenant=people.PLATFORM_TENANT)
    assert people.principal(bench.work, people.PLATFORM_TENANT, root).tenant is None


def test_search_finds_by_name_unit_and_address_and_takes_wildcards_literally(bench: Bench) -> None:
    for name, unit in (("Maya Okafor", "12"), ("Jon_Doe", "7"), ("Jonxdoe", "8")):
        email = f"{name.split()[0].lower()}@example.com"
        details = Details(name=name, email=email, unit=unit)
        people.add(bench.work, bench.tenant, None, details, None)

    def found(text: str) -> list[str]:
        people_found = store.search(bench.tx, bench.tenant, text=text, now=bench.now)
        return [person.name for person in people_found]

    assert found("okaf") == ["Maya Okafor"]
    assert found("12") == ["Maya Okafor"]
    assert found("n_d") == ["Jon_Doe"]
    assert found("%") == []
    assert len(found("")) == 3


def test_search_pages_by_id_and_filters_by_role(bench: Bench) -> None:
    ids = [bench.person(f"P{n}", Role.RESIDENT) for n in range(store.PAGE_ROWS + 2)]
    bench.person("Staff", Role.ADMIN)
    first = store.search(bench.tx, bench.tenant, role=Role.RESIDENT, now=bench.now)
    assert len(first) == store.PAGE_ROWS + 1
    rest = store.search(
        bench.tx, bench.tenant, role=Role.RESIDENT, after=first[-2].person, now=bench.now
    )
    assert {one.person for one in first[:-1]} | {one.person for one in rest} == set(ids)
    counts = store.count_by_role(bench.tx, bench.tenant, bench.now)
    assert counts == {Role.RESIDENT: len(ids), Role.ADMIN: 1}


def test_bindings_that_end_by_themselves_end(bench: Bench) -> None:
    anne = bench.person("Anne", None)
    offered = replace(binding(bench, anne, Role.COURIER), not_after=Instant(bench.now + 10))
    people.grant(bench.work, bench.tenant, None, offered)
    assert store.bindings_of_all(bench.tx, bench.tenant, [anne], bench.now)[anne] == [
        replace(offered, granted_by=None)
    ]
    bench.wait(10)
    assert store.bindings_of_all(bench.tx, bench.tenant, [anne], bench.now) == {}


def test_units_are_offered_once_each(bench: Bench) -> None:
    for name, unit in (("A", "2"), ("B", "1"), ("C", "2"), ("D", "")):
        people.add(bench.work, bench.tenant, None, Details(name=name, unit=unit), None)
    assert store.units(bench.tx, bench.tenant) == ("1", "2")
