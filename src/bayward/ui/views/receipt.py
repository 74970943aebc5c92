"""A receipt to look at, to scan and to take along.

| request | fields | → |
|---|---|---|
| GET /p/{token}/receipt/page, /me/parcels/{id}/receipt/page | | `ReceiptPage` |
| GET /console/parcels/{id}/receipt/page | | `ReceiptPage` |
| GET /receipt/{bank}/{word} | | `ReceiptPage` with `handed`, or `ReceiptAwaited` |
| GET /receipt/{bank}/{word}/file | | application/json, the receipt as a file |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Language, TimeProof, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What was put in or taken out at a wall, in words; what is unknown is empty."""

    what: str  # parcel.deposited | parcel.collected
    at: Instant
    bank: str
    door: str
    tracking: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage(View):
    """`link` carries the receipt in its fragment; None when it is too long for a QR code.

    `handed` says in words what was put in or taken out. Who scanned it at a kiosk reads it in any
    of `languages`, and for how long it is to be had by that word.
    """

    template: ClassVar[str] = "verify/receipt.html"
    fields: tuple[tuple[str, str], ...]
    origin: str
    index: int
    download: str
    link: str | None
    time: TimeProof | None = None
    handed: Handed | None = None
    days: int | None = None
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAwaited(View):
    """No receipt under this address: not yet, not any more, or never. They are not told apart."""

    template: ClassVar[str] = "verify/receipt_awaited.html"
    bank: str
    path: str
    days: int  # how long a receipt is to be had here
    languages: tuple[Language, ...] = ()
