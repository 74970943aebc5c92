from __future__ import annotations

from bayward.cloud.audit import vault_store
from bayward.cloud.audit.vault_store import Sealed
from bayward.cloud.unit import Place
from bayward.core.ids import PersonId
from bayward.core.roles import Role
from cloud_bench import CloudBench, named


async def test_rows_are_found_by_entry_and_by_key(cloud: CloudBench) -> None:
    one, two = await cloud.tenant(1), await cloud.tenant(2)
    with cloud.tx.begin():
        origin = cloud.tx.exec_driver_sql("SELECT origin FROM log ORDER BY origin").scalars().all()
        rows = [
            Sealed(one, origin[0], 5, 0, "key_a", "key_p", b"1"),
            Sealed(one, origin[0], 5, 3, "key_b", "key_p", b"2"),
            Sealed(one, origin[0], 7, 0, "key_a", "key_p", b"3"),
        ]
        vault_store.insert(cloud.tx, rows)
        vault_store.insert(cloud.tx, [])
        assert vault_store.of_range(cloud.tx, one, origin[0], 5, 1) == rows[:2]
        assert vault_store.of_places(cloud.tx, one, [Place(origin[0], 7)]) == rows[2:]
        assert vault_store.of_places(cloud.tx, one, []) == []
        assert vault_store.of_key(cloud.tx, one, "key_a") == [rows[0], rows[2]]
        assert vault_store.of_key(cloud.tx, two, "key_a") == []
        assert vault_store.delete_of_key(cloud.tx, two, "key_a") == 0
        assert vault_store.delete_of_key(cloud.tx, one, "key_a") == 2
        assert vault_store.of_range(cloud.tx, one, origin[0], 5, 9) == [rows[1]]


async def test_a_stranger_has_no_state(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    with cloud.tx.begin():
        assert vault_store.subject_state(cloud.tx, tenant, anne) == "invited"
        assert vault_store.subject_state(cloud.tx, tenant, named(PersonId, 9)) is None
