"""What the control plane asks of grants: links, passes, a tap, a new code, a withdrawal.

The bank owns its grants; here is a view of them, and every change is an order that the bank
carries out or refuses. No code is here: the bank draws it and seals it for the sending worker.
Asking is refused at once when the view already says no, so that nobody waits for the obvious.
"""

from __future__ import annotations

import hashlib

from bayward.cloud import orders
from bayward.cloud.access import issuers, store
from bayward.cloud.access.store import GrantView, Link
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.commands import OpenForGrant, RevokeGrant, RotateCode
from bayward.core.errors import Denied, Invalid, NotFound
from bayward.core.ids import (
    CommandId,
    GrantId,
    ParcelId,
    PersonId,
    TenantId,
    base32,
    from_base32,
)
from bayward.wire.passes import LIFE_MS_MAX, Pass, Purpose, sign_pass

TOKEN_BYTES = 16  # 128 bits: nobody guesses a link
LINK_AFTERLIFE_MS = 30 * DAY_MS  # the receipt stays reachable after the parcel is gone


def parcel_grant(work: Work, tenant: TenantId, parcel: ParcelId) -> GrantView:
    """The newest grant for a parcel; raises `NotFound`."""
    found = store.grants_of(work.tx, tenant, parcel)
    if not found:
        raise NotFound("grant")
    return found[0]


def get_grant(work: Work, tenant: TenantId, grant: GrantId) -> GrantView:
    """A grant of this tenant; raises `NotFound` for another's as for none."""
    found = store.find_grant(work.tx, tenant, grant)
    if found is None:
        raise NotFound("grant")
    return found


def mint_link(work: Work, tenant: TenantId, grant: GrantId) -> str:
    """A new token for `/p/{token}`; only its hash is kept, so it is told this once."""
    found = get_grant(work, tenant, grant)
    raw = work.ids.random(TOKEN_BYTES)
    until = after(found.not_after, LINK_AFTERLIFE_MS)
    link = Link(tenant, found.parcel, found.recipient, until)
    store.insert_link(work.tx, _hash(raw), link, work.now)
    return base32(raw)


def follow_link(work: Work, token: str) -> Link:
    """What a token leads to; reads only, so that a preview of the link changes nothing.

    Raises `NotFound("link")` for a token that is unknown, malformed or too old.
    """
    try:
        raw = from_base32(token, TOKEN_BYTES)
    except Invalid:
        raise NotFound("link") from None
    found = store.find_link(work.tx, _hash(raw))
    if found is None or work.now >= found.not_after:
        raise NotFound("link")
    return found


def issue_pass(work: Work, tenant: TenantId, grant: GrantView) -> str:
    """The text of the QR code that opens this grant at its bank, also with the cable cut.

    Raises `Denied` when the grant can no longer open anything.
    """
    _check_live(work, grant)
    issuer, key = issuers.current(work, tenant)
    until = min(grant.not_after, Instant(work.now + LIFE_MS_MAX))
    claims = Pass(
        audience=grant.bank.public_code,
        grant=grant.id,
        purpose=Purpose.PICKUP,
        not_before=grant.issued_at,
        not_after=until,
    )
    return sign_pass(claims, key_id=issuer.kid, key=key)


def open_for_grant(
    work: Work, tenant: TenantId, grant: GrantId, *, presence: str, actor: PersonId
) -> CommandId:
    """Order the door of a grant open, now; `presence` is the number its kiosk shows.

    The bank judges the number. Whether anything opened is in `orders.get`, never assumed.
    """
    found = get_grant(work, tenant, grant)
    if found.recipient != actor:
        raise NotFound("grant")
    _check_live(work, found)
    order = OpenForGrant(grant, presence, actor)
    return orders.place(work, tenant, found.bank, order, actor=actor)


def rotate(work: Work, tenant: TenantId, grant: GrantId, *, actor: PersonId) -> CommandId:
    """Resend: the bank kills the old code, draws a new one and seals it for the recipient."""
    found = get_grant(work, tenant, grant)
    return orders.place(work, tenant, found.bank, RotateCode(grant), actor=actor)


def revoke(
    work: Work, tenant: TenantId, grant: GrantId, *, actor: PersonId, reason: str
) -> CommandId:
    """Withdraw a grant."""
    found = get_grant(work, tenant, grant)
    _check_live(work, found)
    return orders.place(work, tenant, found.bank, RevokeGrant(grant, reason), actor=actor)


def _check_live(work: Work, found: GrantView) -> None:
    if not found.is_live(work.now):
        is_over = found.state.value in store.LIVE
        raise Denied("grant.expired" if is_over else f"grant.{found.state.value}")


def _hash(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()
