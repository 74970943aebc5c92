from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.core.errors import Conflict

ROW = {"tenant": "a", "name": "a", "directory_revision": 0, "created_at": 0}


async def test_it_keeps_what_commits_and_nothing_else() -> None:
    store = InlineStore()

    def fail(tx: sa.Connection) -> None:
        tx.execute(s.tenant.insert().values(ROW))
        raise Conflict("no")

    with pytest.raises(Conflict):
        await store.write(fail)
    await store.read(lambda tx: tx.execute(s.tenant.insert().values(ROW)))
    count = sa.select(sa.func.count()).select_from(s.tenant)
    assert await store.read(lambda tx: tx.execute(count).scalar()) == 0
    await store.write(lambda tx: tx.execute(s.tenant.insert().values(ROW)))
    copy = InlineStore(store.serialize())
    assert await copy.read(lambda tx: tx.execute(count).scalar()) == 1
    copy.close()
    store.close()
