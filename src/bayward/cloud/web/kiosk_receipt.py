"""The receipt of who has just been at a kiosk: scanned there, read here, by nobody in particular.

The word in the address is all its bearer has and all he needs; it leads to one entry, and to
what he saw himself: time, bank, door, parcel and courier, never the recipient. With the cable cut
the kiosk shows the address all the same, and here it says "not yet" until the bank has sent the
entry. A guessed word, another bank's and an old one get the same page.
"""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.audit import chains, receipt_words
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.unit import Work
from bayward.cloud.web import limits, places
from bayward.cloud.web.console_parcels import as_file
from bayward.cloud.web.receipt_link import page_of
from bayward.cloud.web.resident_pass import frame_of
from bayward.cloud.web.routes import AnyRequest, show_anybody
from bayward.cloud.web.state import address_of, desk_of, page
from bayward.core.clock import DAY_MS
from bayward.core.errors import NotFound
from bayward.core.ids import BankId
from bayward.ui.views.receipt import ReceiptAwaited, ReceiptPage

NOT_HERE = 404
DAYS = receipt_words.LIFE_MS // DAY_MS


@show_anybody("/receipt/{bank:str}/{word:str}", "the word is the credential; it opens one entry")
async def show(request: AnyRequest, bank: FromPath[str], word: FromPath[str]) -> Response[str]:
    """The receipt, or that it is not here."""
    bank_id = _asked(request, bank)
    languages = frame_of(request, None).languages

    def read(work: Work) -> tuple[ReceiptPage | None, fleet_store.Bank, ZoneInfo]:
        found_bank, zone = _bank(work, bank_id)
        try:
            return _page(work, bank_id, word), found_bank, zone
        except NotFound:
            return None, found_bank, zone

    found, built, zone = await desk_of(request).unit.read(read)
    if found is not None:
        return page(request, replace(found, days=DAYS, languages=languages), zone=zone)
    path = str(request.scope["path"])
    awaited = ReceiptAwaited(bank=built.name, path=path, days=DAYS, languages=languages)
    return page(request, awaited, status=NOT_HERE, zone=zone)


@show_anybody("/receipt/{bank:str}/{word:str}/file", "as the page")
async def file(request: AnyRequest, bank: FromPath[str], word: FromPath[str]) -> Response[str]:
    """The receipt to keep, that anybody can check, with the logs above once they have it."""
    bank_id = _asked(request, bank)

    def read(work: Work) -> str:
        found = receipt_words.follow(work, bank_id, word)
        return chains.text_of(work, found.tenant, receipt_words.receipt(work, found))

    text = await desk_of(request).unit.read(read)
    return as_file(text, f"receipt-{word[:8]}.json")


def _asked(request: AnyRequest, bank: str) -> BankId:
    desk_of(request).limiter.spend(limits.RECEIPT_FROM, "receipt", address_of(request))
    return places.parse(BankId, bank)


def _bank(work: Work, bank: BankId) -> tuple[fleet_store.Bank, ZoneInfo]:
    """What stands on the kiosk anyway; raises `NotFound`."""
    tenant = fleet_store.tenant_of_bank(work.tx, bank)
    found = None if tenant is None else fleet_store.find_bank(work.tx, tenant, bank)
    if tenant is None or found is None:
        raise NotFound("bank")
    site = fleet_store.find_site(work.tx, tenant, found.site)
    return found, ZoneInfo("UTC" if site is None else site.time_zone)


def _page(work: Work, bank: BankId, word: str) -> ReceiptPage:
    found = receipt_words.follow(work, bank, word)
    receipt = receipt_words.receipt(work, found)
    return page_of(work, found.tenant, receipt, f"/receipt/{bank}/{word}/file")
