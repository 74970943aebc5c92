"""A grant as the control plane sees it."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.access import service as access
from bayward.cloud.access.store import GrantView
from bayward.core.ids import GrantId
from cloud_bench import BankTwin, CloudBench, named

GRANT = GrantId(named(GrantId, 1))


def public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = serialization.load_der_public_key(spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


async def grant(cloud: CloudBench, bank: BankTwin) -> GrantView:
    return await cloud.do(access.get_grant, bank.tenant, GRANT)
