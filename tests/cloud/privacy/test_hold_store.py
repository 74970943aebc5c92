from __future__ import annotations

from bayward.cloud.privacy import hold_store
from bayward.cloud.privacy.hold_store import Hold, HoldId, HoldKind
from bayward.core.clock import Instant
from cloud_bench import CloudBench, named


async def test_holds_are_kept_by_tenant_and_state(cloud: CloudBench) -> None:
    one, two = await cloud.tenant(1), await cloud.tenant(2)
    hold = Hold(
        id=HoldId(named(HoldId, 1)),
        kind=HoldKind.PERIOD,
        subject=None,
        authority="a",
        placed_by="prs_x",
        placed_at=Instant(5),
        begins_at=Instant(1),
        ends_at=Instant(2),
        not_after=Instant(9),
    )
    with cloud.tx.begin():
        hold_store.insert(cloud.tx, one, hold)
        assert hold_store.holds(cloud.tx, one) == [hold]
        assert hold_store.holds(cloud.tx, two) == []
        assert hold_store.find(cloud.tx, two, hold.id) is None
        assert not hold_store.lift(cloud.tx, two, hold.id, "prs_y", Instant(7))  # type: ignore[arg-type]  # an id
        assert hold_store.lift(cloud.tx, one, hold.id, "prs_y", Instant(7))  # type: ignore[arg-type]  # an id
        assert not hold_store.lift(cloud.tx, one, hold.id, "prs_y", Instant(8))  # type: ignore[arg-type]  # an id
        assert hold_store.holds(cloud.tx, one) == []
        [over] = hold_store.holds(cloud.tx, one, is_lifted=True)
        assert (over.lifted_by, over.lifted_at) == ("prs_y", 7)
