from __future__ import annotations

import pytest

from access_bench import GRANT, grant, public_key
from bayward.cloud.access import issuers
from bayward.cloud.access import service as access
from bayward.cloud.storage import schema as s
from bayward.core.errors import Denied, Unavailable
from bayward.wire.passes import Purpose, verify_pass
from cloud_bench import BankTwin, CloudBench


async def test_a_pass_opens_at_its_bank_and_nowhere_else(cloud: CloudBench, bank: BankTwin) -> None:
    text = await cloud.do(access.issue_pass, bank.tenant, await grant(cloud, bank))
    known = await cloud.do(issuers.known, bank.tenant)
    keys = {kid: public_key(spki) for kid, spki in known}
    judged = verify_pass(
        text,
        keys,
        audience=bank.id.public_code,
        purpose=Purpose.PICKUP,
        now=cloud.clock.at,
    )
    assert judged.grant == GRANT
    other = await cloud.bank(bank.tenant, 2)
    with pytest.raises(Denied):
        verify_pass(
            text,
            keys,
            audience=other.id.public_code,
            purpose=Purpose.PICKUP,
            now=cloud.clock.at,
        )


async def test_each_tenant_signs_with_a_key_of_its_own(cloud: CloudBench) -> None:
    known = [await cloud.do(issuers.known, await cloud.tenant(number)) for number in (1, 2)]
    assert [len(one) for one in known] == [1, 1]
    assert known[0] != known[1]


async def test_without_a_key_no_pass_is_signed(cloud: CloudBench, bank: BankTwin) -> None:
    found = await grant(cloud, bank)
    await cloud.unit.write(lambda work: work.tx.execute(s.issuer.delete()))
    with pytest.raises(Unavailable):
        await cloud.do(access.issue_pass, bank.tenant, found)
