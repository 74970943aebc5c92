"""A receipt to look at, to scan and to take along.

| request | fields | → |
|---|---|---|
| GET /p/{token}/receipt/page, /me/parcels/{id}/receipt/page | | `ReceiptPage` |
| GET /console/parcels/{id}/receipt/page | | `ReceiptPage` |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.ui.views.base import TimeProof, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage(View):
    """`link` carries the receipt in its fragment; None when it is too long for a QR code."""

    template: ClassVar[str] = "verify/receipt.html"
    fields: tuple[tuple[str, str], ...]
    origin: str
    index: int
    download: str
    link: str | None
    time: TimeProof | None = None
