from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bayward.cloud.fleet import store
from bayward.cloud.fleet.store import Bank, BankState, Glance, Site
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS, after
from bayward.core.compartment import CompartmentState, LifeSafety, Mode, TemperatureZone
from bayward.core.ids import BankId, SiteId, TenantId
from people_bench import Bench
from table_top import layout

SITE = SiteId.of(b"s" * 16)
HASH = b"h" * 32


def bank(bench: Bench, number: int = 1, tenant: TenantId | None = None) -> Bank:
    """A bank in the books, in a building that is made for it."""
    home = tenant or bench.tenant
    if store.find_site(bench.tx, home, SITE) is None:
        store.insert_site(bench.tx, Site(home, SITE, "House", None, "Europe/Paris", bench.now))
    made = Bank(
        tenant=home,
        bank=BankId.of(bytes([number]) * 16),
        site=SITE,
        name=f"Lobby {number}",
        state=BankState.CREATED,
        created_at=bench.now,
    )
    store.insert_bank(bench.tx, made)
    return made


def test_a_bank_comes_back_as_written_and_changes_by_column(bench: Bench) -> None:
    made = bank(bench)
    assert store.find_bank(bench.tx, bench.tenant, made.bank) == made
    store.update_bank(bench.tx, made, firmware="1.2", boot=7, is_connected=True)
    assert store.find_bank(bench.tx, bench.tenant, made.bank) == replace(
        made, firmware="1.2", boot=7, is_connected=True
    )


def test_nothing_of_another_tenant_is_found_or_changed(bench: Bench) -> None:
    mine = bank(bench)
    store.replace_layout(bench.tx, bench.tenant, mine.bank, layout(2))
    store.set_glance(bench.tx, bench.tenant, mine.bank, Glance(bench.now, "[]", False, "[]", 0))
    assert store.find_bank(bench.tx, bench.other, mine.bank) is None
    assert store.banks(bench.tx, bench.other) == []
    assert store.sites(bench.tx, bench.other) == []
    assert store.find_site(bench.tx, bench.other, SITE) is None
    assert store.layout(bench.tx, bench.other, mine.bank) == []
    assert store.door_places(bench.tx, bench.other) == {}
    assert store.glances(bench.tx, bench.other) == {}
    store.update_bank(bench.tx, replace(mine, tenant=bench.other), firmware="evil")
    assert store.find_bank(bench.tx, bench.tenant, mine.bank) == mine


def test_a_token_is_burned_once_and_in_time(bench: Bench) -> None:
    made = bank(bench)
    until = after(bench.now, DAY_MS)
    store.update_bank(bench.tx, made, enrolment_hash=HASH, enrolment_until=until)
    assert store.burn_token(bench.tx, HASH, until) is None
    assert store.burn_token(bench.tx, b"?" * 32, bench.now) is None
    burned = store.burn_token(bench.tx, HASH, bench.now)
    assert burned == made
    assert store.burn_token(bench.tx, HASH, bench.now) is None


def test_a_bank_with_a_key_may_connect_whoever_it_belongs_to(bench: Bench) -> None:
    ours, theirs = bank(bench, 1), bank(bench, 2, bench.other)
    bank(bench, 3)
    for number, one in enumerate((ours, theirs)):
        store.update_bank(bench.tx, one, spki=bytes([number]) * 32)
    assert {one.bank for one in store.enrolled(bench.tx)} == {ours.bank, theirs.bank}
    assert store.tenant_of_bank(bench.tx, theirs.bank) == bench.other
    assert store.tenant_of_bank(bench.tx, BankId.of(b"?" * 16)) is None


def test_no_two_banks_have_one_key(bench: Bench) -> None:
    store.update_bank(bench.tx, bank(bench, 1), spki=b"k" * 32)
    with pytest.raises(sa.exc.IntegrityError):
        store.update_bank(bench.tx, bank(bench, 2), spki=b"k" * 32)


def test_a_layout_comes_back_door_by_door(bench: Bench) -> None:
    made = bank(bench)
    doors = [
        replace(
            door,
            mode=Mode.EVIDENCE,
            zone=TemperatureZone.COOLED,
            life_safety=LifeSafety.OCCUPIABLE,
        )
        for door in layout(3)
    ]
    store.replace_layout(bench.tx, bench.tenant, made.bank, doors)
    built = store.layout(bench.tx, bench.tenant, made.bank)
    assert [one.compartment for one in built] == doors
    assert {one.state for one in built} == {CompartmentState.FREE}


def test_a_door_that_was_taken_out_keeps_its_number_in_old_lines(bench: Bench) -> None:
    made, doors = bank(bench), layout(3)
    store.replace_layout(bench.tx, bench.tenant, made.bank, doors)
    where = s.compartment.c.compartment == doors[0].id
    blocked = {"state": CompartmentState.BLOCKED.value, "block_reason": "smells"}
    bench.tx.execute(s.compartment.update().where(where).values(blocked))
    store.replace_layout(bench.tx, bench.tenant, made.bank, doors[:2])
    built = store.layout(bench.tx, bench.tenant, made.bank)
    assert [one.compartment.id for one in built] == [door.id for door in doors[:2]]
    assert (built[0].state, built[0].block_reason) == (CompartmentState.BLOCKED, "smells")
    assert store.door_places(bench.tx, bench.tenant)[doors[2].id] == (made.bank, 3)


def test_only_the_last_readings_are_kept(bench: Bench) -> None:
    made = bank(bench)
    newer = Glance(after(bench.now, 1), '[{"x":1}]', True, '["bank"]', 4)
    for glance in (Glance(bench.now, "[]", False, "[]", 0), newer):
        store.set_glance(bench.tx, bench.tenant, made.bank, glance)
    assert store.glances(bench.tx, bench.tenant) == {made.bank: newer}


def test_a_setting_is_decided_and_decided_anew(bench: Bench) -> None:
    assert store.setting(bench.tx, bench.tenant, "language") is None
    for value in ("en", "pl"):
        store.set_setting(bench.tx, bench.tenant, "language", value, by="prs", now=bench.now)
    assert store.setting(bench.tx, bench.tenant, "language") == "pl"
    assert store.setting(bench.tx, bench.other, "language") is None


def test_buildings_are_listed_by_name_and_know_their_time(bench: Bench) -> None:
    for number, name in enumerate(("South", "North")):
        site = SiteId.of(bytes([number]) * 16)
        store.insert_site(bench.tx, Site(bench.tenant, site, name, None, "UTC", bench.now))
    assert [one.name for one in store.sites(bench.tx, bench.tenant)] == ["North", "South"]
    store.set_time_zone(bench.tx, bench.tenant, SiteId.of(bytes([1]) * 16), "Europe/Warsaw")
    zones = [one.time_zone for one in store.sites(bench.tx, bench.tenant)]
    assert zones == ["Europe/Warsaw", "UTC"]


def test_a_bank_stands_in_a_building_of_its_own_tenant(bench: Bench) -> None:
    made = bank(bench)
    stray = replace(made, tenant=bench.other, bank=BankId.of(b"9" * 16))
    with pytest.raises(sa.exc.IntegrityError):
        store.insert_bank(bench.tx, stray)
