"""A receipt as a link that anybody can scan: the receipt itself is in the fragment.

Browsers send no fragment, so the page that checks it is fetched from us and the receipt is not
told to us. It holds no secret: what a receipt shows, it is made to show. To fit a QR code, only
the fields that say what happened where and when are opened in it; the file has them all.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

from bayward.cloud.audit import service as audit
from bayward.cloud.unit import Place, Work
from bayward.cloud.web.words import Words, time_proof
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.leaf import Disclosure
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64url_text
from bayward.ui.views.receipt import Handed, ReceiptPage

SHOWN = ("type", "time", "parcel", "compartment", "result")
HANDED = {EventType.PARCEL_DEPOSITED, EventType.PARCEL_COLLECTED}
LINK_CHARS_MAX = 2_300  # a QR code of version 40 holds 2,331 bytes at level M


def link_of(base_url: str, receipt: Receipt) -> str | None:
    """The link, or None when it would not fit a QR code."""
    shown = [one for one in receipt.disclosures if Disclosure.parse(one).name in SHOWN]
    told = json.loads(replace(receipt, disclosures=tuple(shown)).text)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = packer.compress(json.dumps(told, separators=(",", ":")).encode()) + packer.flush()
    link = f"{base_url}/verify/{receipt.key.name}#r={base64url_text(raw)}"
    return link if len(link) <= LINK_CHARS_MAX else None


def page_of(work: Work, tenant: TenantId, receipt: Receipt, download: str) -> ReceiptPage:
    """A receipt to look at, to scan and to take along."""
    fields = {one.name: one.value for one in map(Disclosure.parse, receipt.disclosures)}
    place = Place(receipt.key.name, receipt.proof.index)
    happened = audit.happened_at(work, tenant, place)
    return ReceiptPage(
        time=None if happened is None else time_proof(happened),
        handed=None if happened is None else _handed(Words(work, tenant), happened.event),
        fields=tuple((name, str(value)) for name, value in fields.items()),
        origin=receipt.key.name,
        index=receipt.proof.index,
        download=download,
        link=link_of(work.house.base_url, receipt),
    )


def _handed(words: Words, event: Event) -> Handed | None:
    """In words, if it is about a parcel that was put in or taken out."""
    if event.type not in HANDED:
        return None
    return Handed(
        what=event.type.value,
        at=event.time,
        bank=words.bank(event.bank),
        door=words.door(event.compartment),
        tracking=event.tracking or "",
        carrier=event.carrier or "",
    )


def parcel_page(work: Work, tenant: TenantId, parcel: str, download: str) -> ReceiptPage:
    """Of the last thing that happened to a parcel."""
    return page_of(work, tenant, audit.parcel_receipt(work, tenant, parcel), download)
