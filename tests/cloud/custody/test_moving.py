"""Parties that were names under the tenant's key get ids and keys of their own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bayward.cloud import upkeep
from bayward.cloud.audit import moving as sealing
from bayward.cloud.custody import item_store, items, moving, parties
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.keyring import cells
from bayward.cloud.keyring.ring import HOUSE
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import Ids, Work
from bayward.core.events import ERASED
from bayward.core.ids import ItemId, PersonId, TenantId
from bayward.core.items import HolderKind, ItemKind, OfferKind
from bayward.core.whose import is_party
from cloud_bench import CloudBench, make, named
from older_database import at_revision

ANNE, BEN = PersonId(named(PersonId, 1)), PersonId(named(PersonId, 2))
COURT, OTHER = "County Court", "Doctor Ibex"


async def lived(cloud: CloudBench) -> tuple[TenantId, list[ItemId]]:
    """Two items are at the court, one is offered to a doctor, one to Ben."""
    tenant = await cloud.tenant()
    told = Description(kind=ItemKind.EVIDENCE, text="x", party="patrol 14")
    found = [await cloud.do(items.register, tenant, told, actor=ANNE) for _ in range(4)]
    for item, name in zip(found, (COURT, COURT, OTHER), strict=False):
        offer = Proposal(kind=OfferKind.RELEASE, party=name)
        await cloud.do(items.offer, tenant, item, offer, actor=ANNE)
        if name == COURT:
            await cloud.do(items.witness, tenant, item, actor=BEN)
    offer = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, tenant, found[3], offer, actor=ANNE)
    return tenant, found


def written(path: Path, cloud: CloudBench) -> None:
    """Tenant and items as the program of revision 24 kept them."""
    at_revision(path, "0024")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("PRAGMA foreign_keys=OFF")
        for table in (s.tenant, s.item):
            known = {row[1] for row in old.execute(f'PRAGMA table_info("{table.name}")')}
            for row in cloud.rows(table):
                told = dict(row._mapping)
                if table is s.item:
                    told = as_it_was(cloud.tx, told)
                names = [name for name in told if name in known]
                quoted = ", ".join(f'"{name}"' for name in names)
                marks = ", ".join("?" for _ in names)
                old.execute(
                    f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})',  # noqa: S608 - ours
                    [told[name] for name in names],
                )
        old.execute("PRAGMA user_version = 3")


def as_it_was(tx: sa.Connection, row: dict[str, Any]) -> dict[str, Any]:
    told = cells.opened(tx, s.item, row)
    if told["holder_kind"] == HolderKind.PARTY.value:
        told |= {"holder": "", "holder_party_key": b"digest"}
    told["holder_party"] = told["holder_party"] or None
    told["offer_to"] = told["offer_to"] if told["offer_party"] is None else None
    return cells.sealed(tx, s.item, told)


@contextmanager
def opened(path: Path, older: CloudBench) -> Iterator[CloudBench]:
    """By this program, with the keys of then."""
    store = SqliteStore.open(path)
    newer = make(store)
    newer.unit.house = older.unit.house
    newer.unit.ids = Ids(os.urandom)  # other keys than there are
    try:
        yield newer
    finally:
        store.close()


@pytest.fixture
async def kept(cloud: CloudBench, tmp_path: Path) -> tuple[Path, TenantId, list[ItemId]]:
    tenant, found = await lived(cloud)
    path = tmp_path / "bayward.db"
    cloud.unit._work(cloud.tx)  # so that it can be opened
    written(path, cloud)
    return path, tenant, found


def house_opens(work: Work, tenant: TenantId) -> list[str]:
    """What cells of items say to whoever has the tenant's own key only."""
    ring, told = work.house.keyring, []
    house = ring.held(tenant, HOUSE)
    assert house is not None
    for row in work.tx.execute(sa.select(s.item)).mappings():
        bare = dict(row) | {"holder": "", "offer_to": None}
        told += [str(cells.opened(work.tx, s.item, bare)[one]) for one in CELLS]
    return told


CELLS = ("holder_party", "offer_party")


async def test_parties_of_items_get_ids_and_keys_and_the_rest_stays(
    cloud: CloudBench, kept: tuple[Path, TenantId, list[ItemId]]
) -> None:
    path, tenant, found = kept
    with opened(path, cloud) as newer:
        assert await newer.do(moving.move_some, 1) == 1  # and here the power went
        await upkeep.before_anybody(newer.unit)
        one, two, three, four = [await newer.do(items.get_item, tenant, item) for item in found]
        assert one.item.holder == two.item.holder
        assert (one.item.holder.name, is_party(one.item.holder.ref)) == (COURT, True)
        assert three.item.offer is not None
        assert (three.item.offer.party, three.item.holder.ref) == (OTHER, ANNE)
        assert four.item.offer is not None
        assert (four.item.offer.to, four.item.offer.party_id) == (BEN, None)
        court = await newer.do(parties.named, tenant, COURT.upper())
        assert court.id == one.item.holder.ref
        assert not {COURT, OTHER} & set(await newer.do(house_opens, tenant))
        assert await newer.do(moving.move_some) == 0
        await newer.do(items.take_back, tenant, found[0], actor=ANNE)
        again = await newer.do(items.get_item, tenant, found[0])
        assert again.item.holder.ref == ANNE


async def test_audit_13_no_trace_of_it_is_left_that_the_tenants_key_opens(
    cloud: CloudBench, kept: tuple[Path, TenantId, list[ItemId]]
) -> None:
    path, tenant, _ = kept
    with closing(sqlite3.connect(path)) as old:
        rows = old.execute("SELECT holder_party, offer_party FROM item").fetchall()
    traces = [cell for row in rows for cell in row if cell is not None]
    assert len(traces) == 3
    with opened(path, cloud) as newer:
        await upkeep.before_anybody(newer.unit)
        assert await newer.unit.read(sealing.is_pending) is False
        raw = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
        assert not [one for one in traces if one in raw]
        assert len(await newer.do(lambda work: work.tx.execute(sa.select(s.party)).all())) == 2
        assert tenant


async def test_what_cannot_be_opened_any_more_is_nobodys(
    cloud: CloudBench, kept: tuple[Path, TenantId, list[ItemId]]
) -> None:
    path, tenant, found = kept
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("UPDATE item SET holder_party = x'00' WHERE holder_party IS NOT NULL")
        old.execute("UPDATE item SET offer_party = x'00' WHERE offer_party IS NOT NULL")
    with opened(path, cloud) as newer:
        await upkeep.before_anybody(newer.unit)
        view = await newer.do(items.get_item, tenant, found[0])
        assert (view.item.holder.kind, view.item.holder.called) == (HolderKind.PARTY, ERASED)
        assert await newer.do(items.count, tenant, item_store.Wanted()) == 4
