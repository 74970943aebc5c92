from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.cloud.people import store
from bayward.cloud.people.store import PAGE_ROWS, BindingId, Person, PersonState
from bayward.core.clock import DAY_MS, after
from bayward.core.ids import BankId, PersonId, SiteId
from bayward.core.roles import Binding, Node, Role
from people_bench import Bench

SITE = SiteId.of(b"s" * 16)


def everything(bench: Bench) -> Person:
    """Somebody with every field set to something else than its default."""
    return Person(
        tenant=bench.tenant,
        person=PersonId.of(b"p" * 16),
        name="Zoë",
        email="Zoe@Example.com",
        phone="+15550142",
        unit="4B",
        site=SITE,
        language="pl",
        needs_low=True,
        state=PersonState.ACTIVE,
        created_at=bench.now,
        seen_at=after(bench.now, 1),
    )


def found(bench: Bench, text: str = "", **more: object) -> list[str]:
    people = store.search(bench.tx, bench.tenant, text=text, now=bench.now, **more)  # type: ignore[arg-type]  # as `search` takes them
    return [person.name for person in people]


def test_a_person_comes_back_as_written(bench: Bench) -> None:
    person = everything(bench)
    store.insert(bench.tx, person)
    assert store.find(bench.tx, bench.tenant, person.person) == person
    changed = replace(person, name="Zoë B.", email=None, seen_at=None)
    store.update(bench.tx, changed)
    assert store.find(bench.tx, bench.tenant, person.person) == changed


def test_nobody_finds_the_people_of_another_tenant(bench: Bench) -> None:
    person = everything(bench)
    store.insert(bench.tx, person)
    assert store.find(bench.tx, bench.other, person.person) is None
    assert store.by_id(bench.tx, bench.other, [person.person]) == {}
    assert store.with_email(bench.tx, "zoe@example.com", bench.other) == []
    assert store.search(bench.tx, bench.other, now=bench.now) == []
    assert store.units(bench.tx, bench.other) == ()
    store.update(bench.tx, replace(person, tenant=bench.other, name="taken over"))
    kept = store.find(bench.tx, bench.tenant, person.person)
    assert kept == person


@pytest.mark.parametrize("spelling", ["zoe@example.com", "ZOE@EXAMPLE.COM", "  Zoe@Example.com "])
def test_an_address_is_found_however_it_is_spelt(bench: Bench, spelling: str) -> None:
    store.insert(bench.tx, everything(bench))
    assert len(store.with_email(bench.tx, spelling, bench.tenant)) == 1
    assert len(store.with_email(bench.tx, spelling)) == 1


@pytest.mark.parametrize(
    ("text", "fits"),
    [("zo", True), ("4b", True), ("example", True), ("%", False), ("_", False), ("\\", False)],
)
def test_a_search_takes_every_character_as_itself(bench: Bench, text: str, *, fits: bool) -> None:
    store.insert(bench.tx, everything(bench))
    assert (found(bench, text) == ["Zoë"]) is fits


def test_a_page_has_one_row_more_than_is_shown_and_the_next_goes_on_behind_it(bench: Bench) -> None:
    names = [f"p{number:03d}" for number in range(PAGE_ROWS + 10)]
    for number, name in enumerate(names):
        person = PersonId.of(number.to_bytes(16, "big"))
        store.insert(bench.tx, Person(tenant=bench.tenant, person=person, name=name))
    first = found(bench)
    assert first == names[: PAGE_ROWS + 1]
    last_shown = PersonId.of((PAGE_ROWS - 1).to_bytes(16, "big"))
    assert found(bench, after=last_shown) == names[PAGE_ROWS:]


def test_roles_count_within_their_times(bench: Bench) -> None:
    person = bench.person("Carl", role=None)
    until = after(bench.now, DAY_MS)
    later = Binding(person, Role.COURIER, bench.node, after(bench.now, 1), until)
    store.insert_binding(bench.tx, bench.tenant, BindingId.of(b"b" * 16), later)
    assert found(bench, role=Role.COURIER) == []
    bench.wait(1)
    assert found(bench, role=Role.COURIER) == ["Carl"]
    assert store.count_by_role(bench.tx, bench.tenant, bench.now)[Role.COURIER] == 1
    bench.wait(DAY_MS)
    assert found(bench, role=Role.COURIER) == []
    assert store.bindings_of(bench.tx, bench.tenant, person) == (later,)
    assert store.bindings_of_all(bench.tx, bench.tenant, [person], bench.now) == {}


def test_a_role_is_taken_back_where_it_was_given_and_nowhere_else(bench: Bench) -> None:
    person = bench.person("Carl", role=None)
    bank = Node(bench.tenant, SITE, BankId.of(b"b" * 16))
    everywhere = Binding(person, Role.COURIER, bench.node, bench.now, None)
    here = replace(everywhere, node=bank)
    for number, binding in enumerate((everywhere, here)):
        store.insert_binding(bench.tx, bench.tenant, BindingId.of(bytes([number]) * 16), binding)
    assert store.end_bindings(bench.tx, bench.tenant, here, bench.now) == 1
    assert store.end_bindings(bench.tx, bench.tenant, here, bench.now) == 0
    assert store.bindings_of_all(bench.tx, bench.tenant, [person], bench.now) == {
        person: [everywhere]
    }


def test_an_owner_holds_the_whole_tenant_for_good_and_is_not_shut_out(bench: Bench) -> None:
    owner = bench.person("Ada")
    bench.person("Ben", node=Node(bench.tenant, SITE))
    short = Binding(bench.person("Cid", role=None), Role.ADMIN, bench.node, bench.now, None)
    store.insert_binding(
        bench.tx,
        bench.tenant,
        BindingId.of(b"x" * 16),
        replace(short, not_after=after(bench.now, DAY_MS)),
    )
    assert store.owners(bench.tx, bench.tenant, bench.now) == [owner]
    person = store.find(bench.tx, bench.tenant, owner)
    assert person is not None
    store.update(bench.tx, replace(person, state=PersonState.DISABLED))
    assert store.owners(bench.tx, bench.tenant, bench.now) == []


def test_units_are_offered_once_and_in_order(bench: Bench) -> None:
    for number, unit in enumerate(("7C", "4B", "", "4B")):
        person = PersonId.of(bytes([number]) * 16)
        store.insert(bench.tx, Person(tenant=bench.tenant, person=person, unit=unit))
    assert store.units(bench.tx, bench.tenant) == ("4B", "7C")


def test_somebody_who_was_here_is_marked(bench: Bench) -> None:
    person = bench.person()
    store.seen(bench.tx, bench.tenant, person, bench.now)
    found_again = store.find(bench.tx, bench.tenant, person)
    assert found_again is not None
    assert found_again.seen_at == bench.now
    assert store.tenant_name(bench.tx, bench.tenant) == "T"
