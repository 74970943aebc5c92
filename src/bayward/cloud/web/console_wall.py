"""The wall is the home page; the palette finds doors, parcels and people."""

from __future__ import annotations

from litestar import Response
from litestar.response import Stream

from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import Wanted as WantedParcels
from bayward.cloud.fleet.store import Bank
from bayward.cloud.incidents import service as incidents
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import live, places
from bayward.cloud.web.asking import Locate, You
from bayward.cloud.web.frame import console, shell
from bayward.cloud.web.routes import AnyRequest, Asking, show
from bayward.cloud.web.wall import scene
from bayward.cloud.web.words import WALL_TYPES, Words
from bayward.core.ids import TenantId
from bayward.core.policy import Action
from bayward.ui.views.console import BankTab, Counts, Freshness, Home, Shell

HAPPENINGS = 30  # of the rail beside the wall
FOUND_MAX = 12  # rows of the palette
QUERY_CHARS_MAX = 80


@show("/console", Action.WALL_READ)
async def home(request: AnyRequest, asker: Asking) -> Response[str]:
    """The wall."""
    wanted = request.query_params.get("bank", "")
    return await console(asker, _at(wanted), lambda words, _, frame: _home(words, frame, wanted))


@show("/live", Action.WALL_READ)
async def home_live(request: AnyRequest, asker: Asking) -> Stream:
    """What changes on it."""
    wanted = request.query_params.get("bank", "")

    def build(work: Work, you: You) -> Home:
        words = Words(work, you.tenant)
        return _home(words, shell(words, you), wanted)

    return await live.stream(asker, _at(wanted), build)


@show("/console/search", Action.WALL_READ)
async def search(request: AnyRequest, asker: Asking) -> list[dict[str, str]]:
    """What the palette offers for what was typed."""
    text = request.query_params.get("q", "")[:QUERY_CHARS_MAX].strip()
    return await asker.read(
        places.everything, lambda work, you: _found(Words(work, you.tenant), you.tenant, text)
    )


def _at(bank: str) -> Locate:
    return places.bank(bank) if bank else places.everything


def _home(words: Words, frame: Shell, wanted: str) -> Home:
    banks = list(words.banks.values())
    bank = next((one for one in banks if one.bank == wanted), banks[0] if banks else None)
    if bank is None:
        return Home(
            shell=frame,
            bank_id="",
            bank="",
            wall=None,
            counts=Counts(compartments=0, free=0, occupied=0, reserved=0, overdue=0, out=0),
            freshness=Freshness(read_at=None, is_cable_up=False),
        )
    drawn = scene(words, bank)
    lines, _ = words.happenings(WantedEvents(bank=bank.bank, types=WALL_TYPES), count=HAPPENINGS)
    return Home(
        shell=frame,
        bank_id=bank.bank,
        bank=bank.name,
        wall=drawn.wall if drawn.layout else None,
        counts=drawn.counts,
        freshness=drawn.freshness,
        happenings=lines,
        tabs=_tabs(words, banks, bank),
    )


def _tabs(words: Words, banks: list[Bank], current: Bank) -> tuple[BankTab, ...]:
    open_at = incidents.count_live(words.work, words.tenant)
    return tuple(
        BankTab(
            href=f"/console?bank={one.bank}",
            name=one.name,
            is_current=one is current,
            incidents_open=open_at.get(one.bank, 0),
        )
        for one in banks
    )


def _found(words: Words, tenant: TenantId, text: str) -> list[dict[str, str]]:
    if not text:
        return []
    work = words.work
    rows = [
        {"title": bank.name, "hint": "bank", "href": f"/console?bank={bank.bank}"}
        for bank in words.banks.values()
        if text.casefold() in bank.name.casefold()
    ]
    rows += [
        {
            "title": parcel.tracking or parcel.id,
            "hint": words.person(parcel.recipient),
            "href": f"/console/parcels/{parcel.id}",
        }
        for parcel in custody.parcels(work, tenant, WantedParcels(tracking=text), count=FOUND_MAX)
    ]
    for bank in words.banks.values():
        for cell_href, number, hint in _doors(words, bank, text):
            rows.append({"title": f"Door {number}", "hint": hint, "href": cell_href})
    people = people_store.search(work.tx, tenant, text=text, now=work.now)
    rows += [
        {"title": one.name, "hint": one.unit, "href": f"/console/people/{one.person}"}
        for one in people
    ]
    return rows[:FOUND_MAX]


def _doors(words: Words, bank: Bank, text: str) -> list[tuple[str, str, str]]:
    """Doors by the number on them."""
    number = text.casefold().removeprefix("door").strip()
    if not (number.isascii() and number.isdigit()):
        return []
    drawn = scene(words, bank)
    told = []
    for column in drawn.wall.columns:
        for cell in column.cells:
            if cell.number.lstrip("0") == number.lstrip("0") and cell.number:
                href = cell.href or f"/console?bank={bank.bank}#door-{cell.number}"
                told.append((href, cell.number, bank.name))
    return told
