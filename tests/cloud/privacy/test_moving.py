from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bayward.cloud import upkeep
from bayward.cloud.access import couriers
from bayward.cloud.audit import export
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import item_store, parties
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.incidents import service as incidents
from bayward.cloud.keyring import cells
from bayward.cloud.notify import service as notify
from bayward.cloud.notify.store import Channel, State
from bayward.cloud.notify.store import Wanted as WantedDeliveries
from bayward.cloud.people import store as people_store
from bayward.cloud.privacy import holds, moving
from bayward.cloud.privacy.hold_store import HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import House, Ids, Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.ids import ItemId, TenantId
from bayward.core.items import Holder, HolderKind, Item, ItemKind, ItemState, Offer, OfferKind
from cloud_bench import CloudBench, make, named
from older_database import at_revision, entries_as_rows
from privacy_bench import Ended

WORDS = (
    "Anne", "anne@example.com", "Zacharias", "4711-Z", "1Z5R80000127",
    "the court of Northgate", "looked at it twice", "1 555 0142",
    "Laboratory Quill", "Doctor Ibex", "paper 9 W 7",
)  # fmt: skip


@dataclass
class Old:
    """A database as an older program left it, and what it said."""

    path: Path
    tenant: TenantId
    said: dict[str, list[dict[str, Any]]]
    house: House

    def opened(self) -> CloudBench:
        """By this program, with the keys of then."""
        newer = make(SqliteStore.open(self.path))
        newer.unit.house = self.house
        newer.unit.ids = Ids(os.urandom)  # other keys than there are
        return newer


YOUNGER = {"approval"}  # tables that were always sealed; an older database has none of them


def said_by(cloud: CloudBench | Work) -> dict[str, list[dict[str, Any]]]:
    """What all sealed cells say, row by row; but for calls, see below."""
    tx = cloud.tx
    found = {}
    for table in s.metadata.sorted_tables:
        sealed = cells.sealed_columns(table)
        if sealed:
            wanted = [*(one.name for one in table.primary_key), *sealed]
            rows = tx.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            opened = [cells.opened(tx, table, row) for row in rows if not row.get("webhook")]
            found[table.name] = [{name: row[name] for name in wanted} for row in opened]
    for row in found["party"]:
        del row["party"]  # it gets another id
    found["party"].sort(key=lambda row: str(row["name"]))
    return found


async def lived(ended: Ended) -> None:
    """Something in each table."""
    cloud, tenant = ended.cloud, ended.tenant
    details = {"name": "Zacharias", "phone": "+1 555 0142", "unit": "4711-Z", "needs_low": True}

    def more(work: Work) -> None:
        found = people_store.find(work.tx, tenant, ended.ben)
        assert found is not None
        people_store.update(work.tx, type(found)(**{**_fields(found), **details}))
        scope = Scope(kind=HoldKind.PERSON, subject=ended.carl)
        told = "the court of Northgate"
        holds.place(work, tenant, scope, authority=told, until=None, actor=ended.ada)
        couriers.admit(
            work, tenant, ended.bank.id, person=ended.ben, name="Zacharias", carrier="UPS",
            until=after(work.now, DAY_MS), actor=ended.ada,
        )  # fmt: skip

    await cloud.do(more)
    ended.bank.force()
    await ended.bank.upload(cloud.ingest)
    [incident] = await cloud.do(incidents.incidents, tenant)

    def close(work: Work) -> None:
        row = {"tenant": tenant, "incident": incident.id, "closed_by": ended.ada}
        told = cells.sealed(work.tx, s.incident, row | {"reason": "looked at it twice"})
        work.tx.execute(s.incident.update().values(told))

    await cloud.do(close)
    await cloud.do(lambda work: item_store.put(work.tx, tenant, with_a_party(work, tenant)))


def with_a_party(work: Work, tenant: TenantId) -> ItemView:
    """An item that is with somebody outside, and offered to another."""
    until = after(work.now, DAY_MS)
    lab, doctor = (parties.named(work, tenant, one) for one in ("Laboratory Quill", "Doctor Ibex"))
    offer = Offer(
        kind=OfferKind.RELEASE, until=until, party=doctor.name, party_id=doctor.id,
        authority="paper 9 W 7",
    )  # fmt: skip
    item = Item(
        id=ItemId(named(ItemId, 1)),
        kind=ItemKind.EVIDENCE,
        state=ItemState.HELD,
        holder=Holder(HolderKind.PARTY, lab.id or "", lab.name or ""),
        since=work.now,
        offer=offer,
    )
    return ItemView(item=item, case=None, exhibit=None, registered_at=work.now, changed_at=work.now)


def _fields(person: people_store.Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in type(person).__slots__}


def written(path: Path, cloud: CloudBench) -> None:
    """All of it, in plain text, at revision 13."""
    at_revision(path, "0013")
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA foreign_keys=OFF")
        for table in s.metadata.sorted_tables:
            known = {row[1] for row in old.execute(f'PRAGMA table_info("{table.name}")')}
            for row in cloud.rows(table) if known else ():
                told = as_it_was(cells.opened(cloud.tx, table, row._mapping), table.name)
                names = [name for name in told if name in known]
                quoted = ", ".join(f'"{name}"' for name in names)
                marks = ", ".join("?" for _ in names)
                old.execute(
                    f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})',  # noqa: S608 - ours
                    [told[name] for name in names],
                )
        entries_as_rows(old, cloud.dump())
        old.execute("PRAGMA user_version = 1")
    old.close()


def as_it_was(row: dict[str, Any], table: str) -> dict[str, Any]:
    if table == "person" and row["email"] is not None:
        row["email_key"] = row["email"].casefold()
    if table == "item" and row["holder_kind"] == "party":
        row |= {"holder": row["holder_party"], "offer_to": None}
    if table == "delivery" and row["channel"] == "webhook":
        row |= {"address": row["webhook"], "facts": '{"reason": "looked at it twice"}'}
    return {name: int(one) if isinstance(one, bool) else one for name, one in row.items()}


@pytest.fixture
async def old(ended: Ended, tmp_path: Path) -> Old:
    await lived(ended)
    path = tmp_path / "bayward.db"
    written(path, ended.cloud)
    with ended.cloud.tx.begin():
        return Old(path, ended.tenant, said_by(ended.cloud), ended.cloud.unit.house)


def on_disk(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


async def test_audit_13_the_rows_of_an_older_database_are_sealed_at_start(old: Old) -> None:
    plain = on_disk(old.path)
    assert all(word.encode() in plain for word in WORDS)
    newer = old.opened()
    try:
        assert await newer.do(moving.seal_some, 3) == 3  # and here the power went
        await upkeep.before_anybody(newer.unit)
        assert not [word for word in WORDS if word.encode() in on_disk(old.path)]
        with sqlite3.connect(old.path) as source, sqlite3.connect(":memory:") as copy:
            source.backup(copy)
            stolen = copy.serialize()
        source.close()
        assert not [word for word in WORDS if word.encode() in stolen]
        assert await newer.unit.read(said_by) == old.said
        assert {name for name, rows in old.said.items() if not rows} == YOUNGER
        [ben] = await newer.do(
            lambda work: people_store.with_email(work.tx, "BENEDICT@example.com")
        )
        assert (ben.name, ben.unit, ben.needs_low) == ("Zacharias", "4711-Z", True)
        lab = await newer.do(parties.named, old.tenant, "laboratory quill")
        wanted = Wanted(holder=lab.id)
        [item] = await newer.do(
            lambda work: item_store.items(work.tx, old.tenant, wanted, before=None, count=9)
        )
        assert item.item.holder.name == "Laboratory Quill"
        for head in await newer.do(audit.logs, old.tenant):
            assert (await newer.do(export.verify, old.tenant, head.origin)).ok
        assert await newer.do(moving.seal_some) == 0
    finally:
        newer.store.close()  # type: ignore[attr-defined]  # an `SqliteStore`


async def test_audit_13_who_was_erased_since_is_not_sealed_but_gone(old: Old) -> None:
    ring = old.house.keyring
    [ben] = [one["person"] for one in old.said["person"] if one["name"] == "Zacharias"]
    held = ring.held(old.tenant, ben)
    assert held is not None
    ring.destroy(old.tenant, ben, held.id, Instant(0))
    newer = old.opened()
    try:
        await upkeep.before_anybody(newer.unit)
        assert b"Zacharias" not in on_disk(old.path)
        said = await newer.unit.read(said_by)
        assert "Zacharias" not in str(said)
        assert "Anne" in str(said)
        assert next(one for one in said["person"] if one["person"] == ben)["email"] is None
        assert ring.held(old.tenant, ben) is None
    finally:
        newer.store.close()  # type: ignore[attr-defined]  # an `SqliteStore`


async def test_an_order_is_sealed_for_whom_it_names(old: Old) -> None:
    newer = old.opened()
    try:
        await upkeep.before_anybody(newer.unit)

        def bodies(work: Work) -> list[tuple[str, str | None]]:
            rows = work.tx.execute(sa.select(s.command)).mappings()
            opened = [cells.opened(work.tx, s.command, row) for row in rows]
            return [(json.loads(one["body"])["person"], one["about"]) for one in opened]

        [(named, about)] = await newer.unit.read(bodies)
        assert named == about
    finally:
        newer.store.close()  # type: ignore[attr-defined]  # an `SqliteStore`


async def test_a_call_that_held_a_whole_event_is_not_made_any_more(old: Old) -> None:
    newer = old.opened()
    try:
        await upkeep.before_anybody(newer.unit)
        calls = await newer.do(
            notify.deliveries, old.tenant, WantedDeliveries(channel=Channel.WEBHOOK)
        )
        assert calls
        assert {(one.state, one.last_error) for one in calls} == {(State.EXPIRED, "upgraded")}
        assert [one.facts for one in calls if one.facts] == []
        assert [one for one in calls if not one.address.startswith("whk_")] == []
    finally:
        newer.store.close()  # type: ignore[attr-defined]  # an `SqliteStore`
