"""Parcels: the list, one parcel with its story and its proof, a new code, a withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.access import service as access
from bayward.cloud.access.store import GrantView
from bayward.cloud.audit import chains
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.unit import Place, Work
from bayward.cloud.web import doubts, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.receipt_link import parcel_page
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page
from bayward.cloud.web.wall import scene
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.custody import ParcelState as State
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.ids import ParcelId, TenantId
from bayward.core.policy import Action as Do
from bayward.ledger.receipt import lines_of_chain
from bayward.ui.views.base import Say
from bayward.ui.views.console import (
    Action,
    Filter,
    Pager,
    ParcelPage,
    ParcelRow,
    Parcels,
    ParcelState,
    Shell,
)

ROWS = 50
STORY_MAX = 200
INDEX_DIGITS = 18  # below 2^63
RECEIPT, CHAIN = "application/json", "application/jsonl"
SHOWN = {
    State.EXPECTED: ParcelState.EXPECTED,
    State.DEPOSITED: ParcelState.WAITING,
    State.HELD: ParcelState.HELD,
    State.COLLECTED: ParcelState.COLLECTED,
    State.CANCELLED: ParcelState.RETURNED,
}
LISTS: Mapping[str, tuple[State, ...]] = {
    "all": (),
    "waiting": (State.DEPOSITED,),
    "overdue": (State.DEPOSITED,),
    "expected": (State.EXPECTED,),
    "held": (State.HELD,),
    "collected": (State.COLLECTED,),
    "returned": (State.CANCELLED,),
}
# The counters of the wall lead here with the states of its cells.
OF_CELLS = {"occupied": "waiting", "reserved": "expected", "out": "held"}


class ReasonForm(Struct, frozen=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""


@show("/console/parcels", Do.PARCEL_READ)
async def parcels(request: AnyRequest, asker: Asking) -> Response[str]:
    """All parcels that match."""
    query = request.query_params
    chosen = OF_CELLS.get(query.get("state", ""), query.get("state", "all"))
    key = chosen if chosen in LISTS else "all"
    text = query.get("q", "").strip()[:80]
    before = cursor(query.get("after", ""))
    bank = query.get("bank", "") or None

    def build(words: Words, you: You, frame: Shell) -> Parcels:
        wanted = _wanted(key, bank, text, words.work.now)
        found = custody.parcels(words.work, you.tenant, wanted, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        older = f"{shown[-1].changed_at}-{shown[-1].id}" if len(found) > ROWS else None
        return Parcels(
            shell=frame,
            rows=rows(words, shown),
            has_banks=bool(words.banks),
            filters=_filters(words, you.tenant, key, bank),
            query=text,
            pager=Pager(older=_link(key, text, bank, older) if older else None),
        )

    at = places.bank(bank) if bank else places.everything
    return await console(asker, at, build)


@show("/console/parcels/{parcel:str}", Do.PARCEL_READ)
async def parcel(asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """One parcel, from hand to hand."""
    parcel_id = places.parse(ParcelId, parcel)

    def build(words: Words, you: You, frame: Shell) -> ParcelPage:
        found = custody.get_parcel(words.work, you.tenant, parcel_id)
        story = audit.happenings(
            words.work, you.tenant, WantedEvents(parcel=parcel_id), count=STORY_MAX
        )
        drawn = scene(words, words.banks[found.bank])
        return ParcelPage(
            shell=frame,
            parcel_id=parcel_id,
            row=rows(words, [found])[0],
            timeline=words.timeline(story),
            wall=drawn.wall,
            position=drawn.position(found.compartment),
            receipt_href=f"/console/parcels/{parcel_id}/receipt" if story else None,
            actions=_actions(words, you.tenant, parcel_id),
        )

    return await console(asker, places.parcel(parcel), build)


@show("/console/parcels/{parcel:str}/receipt", Do.RECEIPT_READ)
async def receipt(asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """The proof of the last thing that happened to it, as a file."""
    parcel_id = places.parse(ParcelId, parcel)
    text = await asker.read(
        places.parcel(parcel),
        lambda work, you: chains.text_of(
            work, you.tenant, audit.parcel_receipt(work, you.tenant, parcel_id)
        ),
    )
    return as_file(text, f"receipt-{parcel_id}.json")


@show("/console/parcels/{parcel:str}/receipt/page", Do.RECEIPT_READ)
async def receipt_page(request: AnyRequest, asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """The same, to look at and to scan."""
    parcel_id = places.parse(ParcelId, parcel)
    download = f"/console/parcels/{parcel_id}/receipt"
    view = await asker.read(
        places.parcel(parcel),
        lambda work, you: parcel_page(work, you.tenant, parcel_id, download),
    )
    return page(request, view)


@show("/console/log/receipt", Do.RECEIPT_READ)
async def event_receipt(request: AnyRequest, asker: Asking) -> Response[str]:
    """The proof of any one entry."""
    origin, index = request.query_params.get("origin", ""), request.query_params.get("index", "")

    def read(work: Work, you: You) -> str:
        if not (index.isascii() and index.isdigit()):
            raise NotFound("log.entry")
        place = Place(origin, int(index[:INDEX_DIGITS]))
        return chains.text_of(work, you.tenant, audit.receipt(work, you.tenant, place))

    text = await asker.read(places.everything, read)
    return as_file(text, f"receipt-{index}.json")


@do("/console/parcels/{parcel:str}/resend", Do.CODE_ROTATE)
async def resend(request: AnyRequest, asker: Asking, parcel: FromPath[str]) -> Redirect:
    """Kill the old code, send a new one."""
    parcel_id = places.parse(ParcelId, parcel)

    def rotate(work: Work, you: You) -> None:
        grant = access.parcel_grant(work, you.tenant, parcel_id)
        access.rotate(work, you.tenant, grant.id, actor=you.person)

    await asker.write(places.parcel(parcel), rotate)
    notify(request, "parcel.resent")
    return back(f"/console/parcels/{parcel_id}")


@do("/console/parcels/{parcel:str}/withdraw", Do.GRANT_REVOKE)
async def withdraw(
    request: AnyRequest, asker: Asking, parcel: FromPath[str], data: URLEncodedBody[ReasonForm]
) -> Redirect:
    """Take the permission to collect back."""
    parcel_id = places.parse(ParcelId, parcel)

    def revoke(work: Work, you: You) -> None:
        grant = access.parcel_grant(work, you.tenant, parcel_id)
        reason = data.reason.strip() or "withdrawn from the console"
        access.revoke(work, you.tenant, grant.id, actor=you.person, reason=reason)

    def says(work: Work, you: You) -> Say:
        found = custody.get_parcel(work, you.tenant, parcel_id)
        words = Words(work, you.tenant)
        facts = {"door": words.door(found.compartment), "recipient": words.person(found.recipient)}
        return Say("withdraw_grant", facts)

    await asker.write(places.parcel(parcel), revoke, says)
    notify(request, "command.requested")
    return back(f"/console/parcels/{parcel_id}")


def rows(words: Words, parcels: Sequence[ParcelView]) -> tuple[ParcelRow, ...]:
    """Lines of a list of parcels."""
    forced = doubts.forced_at(words.work, words.tenant, parcels)
    return tuple(_row(words, one, forced.get(one.id)) for one in parcels)


def _row(words: Words, parcel: ParcelView, forced_at: Instant | None) -> ParcelRow:
    is_overdue = parcel.is_overdue(words.work.now)
    return ParcelRow(
        href=f"/console/parcels/{parcel.id}",
        tracking=parcel.tracking or parcel.id,
        carrier=parcel.carrier or "",
        recipient=words.person(parcel.recipient),
        unit=words.unit(parcel.recipient),
        bank=words.bank(parcel.bank),
        compartment=words.door(parcel.compartment),
        state=ParcelState.OVERDUE if is_overdue else SHOWN[parcel.state],
        at=parcel.changed_at,
        until=parcel.not_after,
        forced_at=forced_at,
    )


def as_file(text: str, name: str) -> Response[str]:
    """A receipt to keep; with the logs above it, it is JSON lines."""
    is_chain = len(lines_of_chain(text)) > 1
    headers = {"Content-Disposition": f'attachment; filename="{name}{"l" if is_chain else ""}"'}
    return Response(text, headers=headers, media_type=CHAIN if is_chain else RECEIPT)


def _wanted(key: str, bank: str | None, text: str, now: Instant) -> Wanted:
    return Wanted(
        bank=bank,
        states=LISTS[key],
        overdue_at=now if key == "overdue" else None,
        tracking=text or None,
    )


def _filters(words: Words, tenant: TenantId, current: str, bank: str | None) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            href=_link(key, "", bank, None),
            key=key,
            count=custody.count(words.work, tenant, _wanted(key, bank, "", words.work.now)),
            is_current=key == current,
        )
        for key in LISTS
    )


def _link(key: str, text: str, bank: str | None, after: str | None) -> str:
    parts = {"state": key if key != "all" else "", "q": text, "bank": bank, "after": after}
    query = "&".join(f"{name}={value}" for name, value in parts.items() if value)
    return f"/console/parcels?{query}" if query else "/console/parcels"


def cursor(text: str) -> tuple[Instant, str] | None:
    if not text:
        return None
    at, _, parcel_id = text.partition("-")
    if not (at.isascii() and at.isdigit()):
        raise Invalid("http.invalid", field="after")
    return Instant(int(at[:15])), parcel_id


def _actions(words: Words, tenant: TenantId, parcel_id: ParcelId) -> tuple[Action, ...]:
    try:
        grant: GrantView = access.parcel_grant(words.work, tenant, parcel_id)
    except NotFound:
        return ()
    if not grant.is_live(words.work.now):
        return ()
    url = f"/console/parcels/{parcel_id}"
    return (
        Action(key="resend", href=f"{url}/resend", is_post=True),
        Action(key="withdraw", href=f"{url}/withdraw", is_post=True, is_dangerous=True),
    )
