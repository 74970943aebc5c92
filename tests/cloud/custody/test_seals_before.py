"""Items from before revision 27, when a new seal made a broken one forgotten in the lists."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bayward.cloud import upkeep
from bayward.cloud.custody import items, seals_before
from bayward.cloud.custody.item_store import Wanted
from bayward.cloud.custody.items import Description, Reading
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.core.ids import PersonId
from bayward.core.items import ItemKind
from cloud_bench import CloudBench, named
from older_database import at_revision

ANNE = PersonId(named(PersonId, 1))


async def test_a_broken_seal_from_before_is_found_in_the_log_once(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    told = Description(kind=ItemKind.EVIDENCE, text="x", seal="S1")
    one, two = [await cloud.do(items.register, tenant, told, actor=ANNE) for _ in range(2)]
    broken = Reading(seal="S1", result="broken")
    await cloud.do(items.check_seal, tenant, one, broken, actor=ANNE)
    for number in ("S2", "S3"):
        await cloud.do(items.seal, tenant, one, number, actor=ANNE, reason="was broken")
    before = (await cloud.do(items.get_item, tenant, one)).item
    assert before.seal_broken_at is not None
    with cloud.tx.begin():
        cloud.tx.execute(s.item.update().values(seal_broken_at=seals_before.NOT_LOOKED))
    for _ in range(2):
        await upkeep.before_anybody(cloud.unit)
        assert (await cloud.do(items.get_item, tenant, one)).item == before
        found = await cloud.do(items.items, tenant, Wanted(is_broken=True))
        assert [view.item.id for view in found] == [one]
    assert (await cloud.do(items.get_item, tenant, two)).item.seal_broken_at is None


def test_an_older_database_is_asked_about_each_item_that_has_a_seal(tmp_path: Path) -> None:
    path = tmp_path / "bayward.db"
    at_revision(path, "0026")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO tenant VALUES ('ten', 'One', 0, 0, NULL)")
        for item, seal in (("itm_a", "S1"), ("itm_b", None)):
            old.execute(
                "INSERT INTO item (tenant, item, kind, label, state, holder_kind, holder, since,"
                " seal, is_broken, registered_at, changed_at)"
                " VALUES ('ten', ?, 'evidence', ?, 'held', 'person', 'prs_x', 0, ?, 0, 0, 0)",
                (item, item, seal),
            )
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as new:
        found = new.execute("SELECT item, seal_broken_at FROM item ORDER BY item").fetchall()
    assert found == [("itm_a", seals_before.NOT_LOOKED), ("itm_b", None)]
