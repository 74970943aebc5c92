from __future__ import annotations

from bayward.cloud.privacy import store
from bayward.cloud.privacy.store import Ties
from bayward.core.ids import PersonId
from cloud_bench import named
from privacy_bench import Ended


async def test_who_is_in_the_middle_of_nothing_has_no_ties(ended: Ended) -> None:
    cloud = ended.cloud
    with cloud.tx.begin():
        free = store.ties(cloud.tx, ended.tenant, ended.anne, cloud.clock.at)
        assert free == Ties(parcels=0, grants=0, admissions=0, orders=0, items=0, offers=0)
    ended.bank.deposit(4, recipient=ended.anne, courier=ended.carl)
    await ended.bank.upload(cloud.ingest)
    with cloud.tx.begin():
        tied = store.ties(cloud.tx, ended.tenant, ended.anne, cloud.clock.at)
        assert (tied.parcels, tied.grants) == (1, 1)
        carl = store.ties(cloud.tx, ended.tenant, ended.carl, cloud.clock.at)
        assert carl.parcels == 0  # it is out of his hands


async def test_what_is_kept_of_somebody_is_his_and_nobody_elses(ended: Ended) -> None:
    with ended.cloud.tx.begin():
        told = store.kept(ended.cloud.tx, ended.tenant, ended.anne)
    kept = {one.table: one for one in told}
    assert {"person", "parcel", "grant", "role_binding", "happening"} <= set(kept)
    [person] = kept["person"].rows
    assert person["email"] == "anne@example.com"
    assert "contract" in kept["person"].ground
    text = str(told)
    assert "1Z5R80000127" in text
    for other in (ended.carl, ended.ada, ended.ben, "Carl"):
        assert other not in text
    assert not any(
        isinstance(value, bytes) for one in told for row in one.rows for value in row.values()
    )


async def test_a_stranger_has_no_state(ended: Ended) -> None:
    with ended.cloud.tx.begin():
        assert store.state_of(ended.cloud.tx, ended.tenant, named(PersonId, 99)) is None
        assert store.state_of(ended.cloud.tx, ended.tenant, ended.anne) == "invited"
        assert not store.is_erased("invited")
        assert store.kept(ended.cloud.tx, ended.tenant, PersonId(named(PersonId, 99))) == []
