"""A bank's next certificate, for the key it has, before or after the last one ended.

Who asks is proven by the signature of the request and by the key being the bank's: a retired
bank has none any more, one that was replaced has another. A bank whose certificate is young gets
the same one again, so that asking often makes neither certificates nor entries in the log.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.cloud.fleet import enrolment, pki, store
from bayward.cloud.fleet.deployment import Deployment
from bayward.cloud.fleet.store import BankState
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant
from bayward.core.events import Event, EventType
from bayward.wire.enrolment import RenewRequest

LATE_MS_MAX = 180 * DAY_MS  # a bank silent for longer is looked at by a person first
YOUNG_MS = pki.DEVICE_LIFE_MS // 4  # less than a bank's third: it never asks in vain


def renew(work: Work, deployment: Deployment, request: RenewRequest) -> str | None:
    """The chain (PEM) that counts from now on; None is a refusal.

    Raises `Invalid` or `Denied` for a request that is malformed or asks for more than a key.
    """
    key = pki.read_request(enrolment.der_of(request.csr))
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bank = enrolment.named(work, request.bank)
    if bank is None or bank.spki is None or bank.state is not BankState.ENROLLED:
        return None
    until = bank.certificate_until or Instant(0)
    is_ours = hmac.compare_digest(bank.spki, hashlib.sha256(spki).digest())
    if not is_ours or work.now > until + LATE_MS_MAX:
        return None
    if bank.certificate is not None and until - work.now > pki.DEVICE_LIFE_MS - YOUNG_MS:
        return bank.certificate
    issued = deployment.issue(bank.tenant, bank.bank, key)
    store.update_bank(work.tx, bank, certificate=issued.chain, certificate_until=issued.not_after)
    work.emit(
        Event(
            type=EventType.BANK_RENEWED,
            time=work.now,
            bank=bank.bank,
            not_after=issued.not_after,
        ),
        tenant=bank.tenant,
    )
    return issued.chain
