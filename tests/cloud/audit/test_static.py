from __future__ import annotations

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.audit import static
from bayward.core.errors import NotFound
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.tiles import Bundle, Tile, decode_bundle
from cloud_bench import CloudBench, story


async def test_a_log_as_files(cloud: CloudBench) -> None:
    bank = await story(cloud)
    for head in await cloud.do(audit.logs, bank.tenant):
        note = await cloud.do(static.read, bank.tenant, head.origin, "checkpoint")
        assert note.body.decode() == head.note
        tile = await cloud.do(static.read, bank.tenant, head.origin, Tile(0, 0, head.size).path)
        path = Bundle(0, head.size).path
        bundle = await cloud.do(static.read, bank.tenant, head.origin, path)
        leaves = decode_bundle(bundle.body, head.size)
        assert b"".join(leaf_hash(one) for one in leaves) == tile.body


async def test_what_is_not_there(cloud: CloudBench) -> None:
    told = await story(cloud)
    empty = await cloud.bank(told.tenant, 2)
    origin = empty.log.signer.key.name
    for path in ("checkpoint", "tile/0/000"):
        with pytest.raises(NotFound):
            await cloud.do(static.read, told.tenant, origin, path)
    other = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(static.read, other, told.log.signer.key.name, "checkpoint")
    with pytest.raises(NotFound):
        await cloud.do(static.read, told.tenant, told.log.signer.key.name, "tile/0/000")
