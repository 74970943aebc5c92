"""The keys that sign passes: one pair per tenant, the public half at each of its banks.

A private key lies in the database sealed, and is opened for one signature at a time.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.access import store
from bayward.cloud.access.store import Issuer
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Unavailable
from bayward.core.events import Event
from bayward.core.ids import TenantId

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_SEED_BYTES = 40  # 64 bits more than the order: reduction leaves no bias to speak of


def known(work: Work, tenant: TenantId) -> list[tuple[int, bytes]]:
    """Number and public key (SPKI DER) of each key whose passes count, for the banks."""
    return [(one.kid, one.spki) for one in store.issuers(work.tx, tenant)]


def current(work: Work, tenant: TenantId) -> tuple[Issuer, ec.EllipticCurvePrivateKey]:
    """The key to sign with now."""
    for one in store.issuers(work.tx, tenant):
        if one.state == "current":
            plain = work.house.keys.unseal(_context(tenant, one.kid), one.private)
            key = serialization.load_der_private_key(plain, password=None)
            assert isinstance(key, ec.EllipticCurvePrivateKey), "we only make these"
            return one, key
    raise Unavailable("pass.no_issuer")


def begun(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A tenant gets its first key (a reaction)."""
    del event, place
    seed = int.from_bytes(work.ids.random(_SEED_BYTES), "big")
    key = ec.derive_private_key(seed % (_ORDER - 1) + 1, ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    kid = 1
    sealed = work.house.keys.seal(_context(tenant, kid), plain)
    store.insert_issuer(work.tx, tenant, Issuer(kid, spki, sealed, "current"), work.now)


def _context(tenant: TenantId, kid: int) -> str:
    return f"issuer.private|{tenant}|{kid}"
